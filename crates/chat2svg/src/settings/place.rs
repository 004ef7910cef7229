//! Where jobs are kept unless the configuration says so: in the user's folder for data.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

/// The file in the working folder that releases before had as their default.
const FORMER: &str = "chat2svg.db";

/// A place for the store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StorePlace {
    /// The file.
    pub(crate) path: PathBuf,
    /// Why there.
    pub(crate) why: &'static str,
    /// What the user should know of it.
    pub(crate) notice: Option<String>,
}

impl StorePlace {
    /// The place on this machine.
    pub(crate) fn find() -> Self {
        let data = etcetera::choose_base_strategy().ok();
        let data = data.map(|folders| folders.data_dir());
        Self::among(data.as_deref(), Path::new(FORMER))
    }

    /// What the user should know, when this is the place that is used.
    pub(crate) fn notice_for(&self, used: &Path) -> Option<&str> {
        self.notice.as_deref().filter(|_| used == self.path)
    }

    fn among(data: Option<&Path>, former: &Path) -> Self {
        let Some(data) = data else {
            return Self {
                path: former.to_owned(),
                why: "default, without a home folder",
                notice: None,
            };
        };
        let path = data.join("chat2svg").join("jobs.db");
        let has_former = former.is_file();
        match (path.exists(), has_former) {
            (false, true) => Self {
                notice: Some(format!(
                    "jobs are kept in {} of this folder, as before: move it to {} to have them \
                     wherever the service is started, or set store.path",
                    former.display(),
                    path.display()
                )),
                path: former.to_owned(),
                why: "default of earlier releases",
            },
            (true, true) => Self {
                notice: Some(format!(
                    "{} of this folder is not used any more, since {} is there: set store.path to \
                     use it",
                    former.display(),
                    path.display()
                )),
                path,
                why: "default, the folder for data",
            },
            _ => Self {
                path,
                why: "default, the folder for data",
                notice: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_of_earlier_releases_is_found_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let former = folder.path().join(FORMER);
        let here = |data: Option<&Path>| StorePlace::among(data, &former);
        let usual = data.join("chat2svg/jobs.db");
        assert_eq!(
            (here(Some(&data)).path, here(Some(&data)).notice),
            (usual.clone(), None)
        );
        assert_eq!(here(None).path, former);

        fs::write(&former, "x").unwrap();
        let found = here(Some(&data));
        assert_eq!(found.path, former);
        assert!(found.notice.unwrap().contains("jobs.db"));

        fs::create_dir_all(usual.parent().unwrap()).unwrap();
        fs::write(&usual, "x").unwrap();
        let found = here(Some(&data));
        assert_eq!(found.path, usual);
        assert!(found.notice.unwrap().contains(FORMER));
    }
}
