//! A target's folder on the disk, as one stage works in it: what is there, what of it can be used,
//! and what is written, with a record of how.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    path::Path,
};

use anyhow::{Context as _, bail};
use chat2svg_protocol::printable;
use chat2svg_scripts::{
    Case, Found, Layout, Parameter, Product, Record, Records, Verdict, print_of, read_config,
};

use crate::files::{Destination, read_limited};

/// Tells on stderr how it goes.
pub(super) fn tell(text: &str) {
    eprintln!("chat2svg: {}", printable(text));
}

/// The folder, for one stage.
pub(super) struct Folder {
    pub(super) layout: Layout,
    stage: u8,
    records: Records,
    /// What the original noted of its flags.
    noted: BTreeMap<String, String>,
    /// Most bytes of a file that is read.
    most: usize,
}

impl Folder {
    /// The folder of a target for work in a stage, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn open(layout: Layout, stage: u8, most: usize) -> anyhow::Result<Self> {
        make(&layout.stage(stage))?;
        let records = read_records(&layout, stage);
        let noted = fs::read_to_string(layout.config(stage)).unwrap_or_default();
        let noted = read_config(&noted);
        Ok(Self {
            layout,
            stage,
            records,
            noted,
            most,
        })
    }

    /// The bytes of a product that has to be there.
    ///
    /// # Errors
    /// When it is not, or is empty.
    pub(super) fn need(&self, product: Product) -> anyhow::Result<Vec<u8>> {
        let path = self.layout.product(product);
        if !path.exists() {
            bail!(
                "{} is not there: run scripts stage{} first",
                path.display(),
                product.stage()
            );
        }
        let bytes = read_limited(&path, self.most)?;
        if bytes.is_empty() {
            bail!(
                "{} is empty: remove it, and run scripts stage{} again",
                path.display(),
                product.stage()
            );
        }
        Ok(bytes)
    }

    /// Whether a product that is there can be used as it is, which is told; `inputs` are files
    /// beside those that it is always made from.
    pub(super) fn is_usable(
        &self,
        product: Product,
        inputs: &[Found],
        wanted: &[Parameter],
    ) -> bool {
        let name = product.file_name(self.layout.target());
        let path = self.layout.product(product);
        if path.metadata().is_ok_and(|file| file.len() == 0) {
            tell(&format!("{name} is empty: it is made anew"));
            return false;
        }
        match self.verdict(product, inputs, wanted) {
            Verdict::Missing => false,
            Verdict::Usable => {
                tell(&format!("{name} is there, and kept"));
                true
            }
            Verdict::Stale(why) => {
                tell(&format!("{name} is stale and made anew: {why}"));
                false
            }
        }
    }

    /// The same without a word.
    pub(super) fn verdict(
        &self,
        product: Product,
        inputs: &[Found],
        wanted: &[Parameter],
    ) -> Verdict {
        let found = self.found(&self.layout.product(product));
        let inputs = self.inputs(product, inputs);
        Case {
            product: found.as_ref(),
            inputs: &inputs,
            record: self.record(product),
            wanted,
            noted: &self.noted,
        }
        .verdict()
    }

    /// Our record of a product.
    pub(super) fn record(&self, product: Product) -> Option<&Record> {
        let name = product.file_name(self.layout.target());
        self.records.made.get(&name)
    }

    /// Whether a product is as we made it.
    pub(super) fn is_ours(&self, product: Product) -> bool {
        let found = self.found(&self.layout.product(product));
        let record = self.record(product);
        record
            .zip(found)
            .is_some_and(|(record, found)| record.print == found.print)
    }

    fn inputs(&self, product: Product, more: &[Found]) -> Vec<Found> {
        let usual = product.inputs().iter().filter_map(|input| {
            let mut found = self.found(&self.layout.product(*input))?;
            found.is_made_beside = self.is_made_beside(*input, &found, product);
            Some(found)
        });
        usual.chain(more.iter().cloned()).collect()
    }

    /// Whether an input was made by us to go with a product that was there already.
    fn is_made_beside(&self, input: Product, found: &Found, product: Product) -> bool {
        let name = product.file_name(self.layout.target());
        let is_of = |records: &Records| {
            let record = records.made.get(&found.name)?;
            let beside = record.beside.get(&name)?;
            let print = self.found(&self.layout.product(product))?.print;
            Some(record.print == found.print && *beside == print)
        };
        let is_made_beside = if input.stage() == self.stage {
            is_of(&self.records)
        } else {
            is_of(&read_records(&self.layout, input.stage()))
        };
        is_made_beside.unwrap_or(false)
    }

    /// What is there of what comes after a product.
    fn later(&self, product: Product) -> BTreeMap<String, String> {
        let later = Product::ALL.into_iter().filter(|later| *later > product);
        let found = later.filter_map(|later| self.found(&self.layout.product(later)));
        found.map(|found| (found.name, found.print)).collect()
    }

    /// A file, if it is there.
    pub(super) fn found(&self, path: &Path) -> Option<Found> {
        let bytes = read_limited(path, self.most).ok()?;
        Some(Found {
            name: path.file_name()?.to_string_lossy().into_owned(),
            print: print_of(&bytes),
            modified: fs::metadata(path).ok()?.modified().ok()?,
            is_made_beside: false,
        })
    }

    /// Writes a product, and how it came about.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn write(
        &mut self,
        product: Product,
        bytes: &[u8],
        inputs: &[Found],
        made_with: &[Parameter],
    ) -> anyhow::Result<()> {
        let name = product.file_name(self.layout.target());
        let is_first = product == Product::Template && !self.layout.product(product).exists();
        let beside = match is_first {
            true => self.later(product),
            false => BTreeMap::new(),
        };
        self.keep_what_is_not_ours(product, &name)?;
        Destination::new(&self.layout.product(product))?.write(bytes)?;
        tell(&format!("{name} is written"));
        let record = Record {
            print: print_of(bytes),
            inputs: self
                .inputs(product, inputs)
                .into_iter()
                .map(|input| (input.name, input.print))
                .collect(),
            parameters: made_with
                .iter()
                .map(|one| (one.name.to_owned(), one.value.clone()))
                .collect(),
            beside,
        };
        self.records.version = env!("CARGO_PKG_VERSION").to_owned();
        self.records.made.insert(name, record);
        let text = serde_json::to_string_pretty(&self.records)?;
        let path = self.layout.records(self.stage);
        Destination::new(&path)?.write(format!("{text}\n").as_bytes())?;
        Ok(())
    }
}

impl Folder {
    /// Copies a file that somebody else made or edited before another takes its place: it may have
    /// taken an hour, or money. The clean drawing is written at every run by whoever runs.
    fn keep_what_is_not_ours(&self, product: Product, name: &str) -> anyhow::Result<()> {
        let path = self.layout.product(product);
        let is_something = path.metadata().is_ok_and(|file| file.len() > 0);
        if product == Product::Clean || !is_something || self.is_ours(product) {
            return Ok(());
        }
        let folder = self.layout.stage(self.stage).join("before");
        make(&folder)?;
        let place = |number: u32| folder.join(format!("{number}_{name}"));
        let Some(kept) = (1..10_000).map(place).find(|kept| !kept.exists()) else {
            bail!("{} holds too many files", folder.display());
        };
        fs::copy(&path, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
        tell(&format!("{name} of before is kept as {}", kept.display()));
        Ok(())
    }
}

/// What we made in a stage. A record that cannot be read is none: files are judged by age then.
fn read_records(layout: &Layout, stage: u8) -> Records {
    let text = fs::read_to_string(layout.records(stage)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Waits until no other run works in a folder, and keeps others out until what is returned is gone;
/// `None` where the system has no locks of folders.
pub(super) fn alone_in(root: &Path) -> Option<File> {
    let folder = File::open(root).ok()?;
    if let Err(TryLockError::WouldBlock) = folder.try_lock() {
        tell(&format!(
            "another run works in {}: this one waits for its end",
            root.display()
        ));
        folder.lock().ok()?;
    }
    Some(folder)
}

/// Makes a folder.
pub(super) fn make(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Writes a working paper, in a folder that is made.
pub(super) fn paper(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        make(folder)?;
    }
    Ok(Destination::new(path)?.write_paper(bytes)?)
}
