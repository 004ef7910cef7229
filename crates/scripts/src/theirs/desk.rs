//! The private folder of a run: made, found again when its program was killed, and removed.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use chat2svg_children::end_marked;
use chat2svg_protocol::{CallFailure, Fault};
use tracing::{debug, warn};

use super::config::is_plain_path;
use crate::{Layout, Product, TargetName, is_plain};

/// What is drawn is called so in its private folder.
const TARGET: &str = "picture";
/// How the private folders' names begin.
const PREFIX: &str = "chat2svg-scripts-";
/// The same before they are locked.
const UNLOCKED: &str = "chat2svg-unlocked-";
/// The file that is locked for as long as the program lives that made the folder.
const LOCK: &str = "lock";
/// The variable that tells a script's processes by their private folder.
pub(super) const MARK: &str = "CHAT2SVG_SCRIPTS_FOLDER";
/// Where the program that replaces the table of captions is, in the private folder.
const SHIM: &str = "shim.py";
/// How often the removal of a private folder is tried again, ...
const REMOVALS: u32 = 100;
/// ... and after which time.
const BETWEEN_REMOVALS: Duration = Duration::from_millis(50);
/// After which a folder that was never locked is left by a program that was killed just then.
const LOCKING: Duration = Duration::from_secs(600);

/// A private folder, gone with this.
pub(crate) struct Desk {
    folder: PathBuf,
    pub(crate) layout: Layout,
    /// Held until the folder is gone; where the system has no such locks, folders that are left are
    /// not told apart.
    _lock: File,
}

impl Drop for Desk {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.folder).is_ok() {
            return;
        }
        // A process that was killed just now may still have been writing.
        let folder = std::mem::take(&mut self.folder);
        std::thread::spawn(move || {
            for _ in 0..REMOVALS {
                std::thread::sleep(BETWEEN_REMOVALS);
                if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                    return;
                }
            }
            warn!(folder = %folder.display(), "a private folder cannot be removed");
        });
    }
}

impl Desk {
    /// A folder below `place`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn new(place: &Path) -> Result<Self, CallFailure> {
        let failed = |error: io::Error| {
            let reason = format!(
                "no private folder can be made in {}: {error}",
                place.display()
            );
            CallFailure::new(Fault::Provider, reason)
        };
        let target: TargetName = TARGET.parse().map_err(|error: crate::InvalidTarget| {
            CallFailure::new(Fault::Provider, error.to_string())
        })?;
        let (folder, lock) = locked_folder(place).map_err(failed)?;
        let root = folder.join("job");
        let desk = Self {
            layout: Layout::new(&root, target),
            folder,
            _lock: lock,
        };
        if !is_plain_path(&root) {
            let reason = format!(
                "{} holds characters that a shell could misread: set scripts.folder",
                root.display()
            );
            return Err(CallFailure::new(Fault::Terminal, reason));
        }
        fs::create_dir(&root)
            .and_then(|()| fs::write(desk.shim(), include_str!("shim.py")))
            .map_err(failed)?;
        Ok(desk)
    }

    /// The whole of it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program that starts the script.
    pub(super) fn shim(&self) -> PathBuf {
        self.folder.join(SHIM)
    }

    /// The folder with the files, as an argument.
    pub(crate) fn root(&self) -> Result<String, CallFailure> {
        let root = self.layout.root().to_str();
        let root = root.filter(|root| is_plain(root)).map(str::to_owned);
        root.ok_or_else(|| {
            CallFailure::new(Fault::Terminal, "its private folder's name is not plain")
        })
    }

    /// The same as the original's two arguments.
    pub(crate) fn place(&self) -> Result<(String, String), CallFailure> {
        let root = self.root()?;
        let (path, folder) = root.rsplit_once('/').unwrap_or((".", root.as_str()));
        Ok((path.to_owned(), folder.to_owned()))
    }

    /// Puts a file where the script looks for it.
    pub(crate) fn put(&self, product: Product, bytes: &[u8]) -> Result<(), CallFailure> {
        fs::write(self.layout.product(product), bytes).map_err(|error| {
            CallFailure::new(
                Fault::Provider,
                format!("its private folder cannot be written: {error}"),
            )
        })
    }

    /// The file that the script should have made: whole, or a failure that says what is missing.
    pub(crate) fn take(&self, product: Product, most: u64) -> Result<Vec<u8>, CallFailure> {
        let name = product.file_name(self.layout.target());
        let missing = |what: &str| {
            CallFailure::new(Fault::Provider, format!("it ended well and {name} {what}"))
        };
        let path = self.layout.product(product);
        let size = fs::metadata(&path)
            .map_err(|_| missing("is not there"))?
            .len();
        if size == 0 {
            return Err(missing("is empty"));
        }
        if size > most {
            return Err(missing("is too large to be used"));
        }
        fs::read(&path).map_err(|error| missing(&format!("cannot be read: {error}")))
    }
}

/// A new folder, which has its name only once it is locked: nobody takes it for one that is left.
fn locked_folder(place: &Path) -> io::Result<(PathBuf, File)> {
    let unlocked = tempfile::Builder::new()
        .prefix(UNLOCKED)
        .tempdir_in(place)?;
    let lock = File::create(unlocked.path().join(LOCK))?;
    if let Err(error) = lock.try_lock() {
        debug!(%error, "a private folder is not locked");
    }
    let name = unlocked.path().file_name().unwrap_or_default();
    let name = name.to_string_lossy().replacen(UNLOCKED, PREFIX, 1);
    let folder = place.join(name);
    // Not everywhere has a folder with an open file another name; the lock holds either way.
    let is_renamed = fs::rename(unlocked.path(), &folder).is_ok();
    let unlocked = unlocked.keep();
    Ok((if is_renamed { folder } else { unlocked }, lock))
}

/// Ends what programs that are gone have left running, and removes their private folders.
pub(super) fn remove_left(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let (folder, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let is_left = if name.starts_with(PREFIX) {
            is_unlocked(&folder)
        } else {
            name.starts_with(UNLOCKED) && is_old(&folder) && is_unlocked(&folder)
        };
        if !is_left {
            continue;
        }
        let ended = folder.to_str().map_or(0, |folder| end_marked(MARK, folder));
        debug!(folder = %folder.display(), ended, "what a program left is removed");
        if let Err(error) = fs::remove_dir_all(&folder) {
            warn!(%error, folder = %folder.display(), "cannot be removed");
        }
    }
}

/// Whether nobody holds a folder's lock.
fn is_unlocked(folder: &Path) -> bool {
    // One that cannot be opened belongs to somebody else.
    let Ok(lock) = File::open(folder.join(LOCK)) else {
        return false;
    };
    !matches!(
        lock.try_lock(),
        Err(TryLockError::WouldBlock | TryLockError::Error(_))
    )
}

fn is_old(folder: &Path) -> bool {
    let made = fs::metadata(folder).and_then(|folder| folder.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LOCKING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let held = Desk::new(place.path()).unwrap();
        let (left, foreign, new) = (
            place.path().join("chat2svg-scripts-left"),
            place.path().join("something-else"),
            place.path().join("chat2svg-unlocked-new"),
        );
        for folder in [&left, &foreign, &new] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(LOCK), "").unwrap();
        }
        remove_left(place.path());
        assert!(held.folder().exists() && foreign.exists() && new.exists());
        assert!(!left.exists());
        let folder = held.folder().to_owned();
        drop(held);
        assert!(!folder.exists());
    }
}
