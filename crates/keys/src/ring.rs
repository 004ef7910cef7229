//! The keys in force: those of the file, read anew when it changes, and those of the environment.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use chat2svg_protocol::Owner;
use jiff::Timestamp;
use thiserror::Error;
use tracing::{error, info};

use crate::{Entry, KeyFile, KeyFileError, Name, Quota, Scope, Scopes, Usage, secret::Hash};

/// How often it is looked whether the file has changed, at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Shortest secret from the environment that is taken.
const LEAST_SECRET: usize = 16;

/// Why a key of the environment is not taken. Tells no secret.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("key {position} of {source_name}: {reason}")]
pub struct EnvironmentError {
    source_name: String,
    position: usize,
    reason: String,
}

/// Why a key cannot be made or revoked while the service runs.
#[derive(Debug, Error)]
pub enum RingError {
    /// The file does not allow it.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// No keys are in use.
    #[error(
        "callers need no key here, and the first one would lock them out: make it with \
         `chat2svg keys add NAME --scopes admin`"
    )]
    NotInUse,
    /// It stands in the environment.
    #[error(
        "the key \"{0}\" comes from the environment: change it there, and start the service anew"
    )]
    Environment(Name),
}

/// A key in force.
#[derive(Clone, Debug)]
pub struct Key {
    entry: Arc<Entry>,
    usage: Usage,
}

impl Key {
    /// What is kept of it.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.entry.name
    }

    /// Whose jobs are asked for with it.
    pub fn owner(&self) -> &Owner {
        &self.entry.owner
    }

    /// What it may be used for.
    pub fn scopes(&self) -> Scopes {
        self.entry.scopes
    }

    /// How much it may be used.
    pub fn quota(&self) -> &Quota {
        &self.entry.quota
    }

    /// What was done with it.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Whether it may be used for something.
    pub fn allows(&self, scope: Scope) -> bool {
        self.entry.scopes.allow(scope)
    }
}

/// What the file was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(Option<(SystemTime, u64, u64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        Self(metadata.and_then(|metadata| {
            // A file that takes another's place has another number, if not another time.
            #[cfg(unix)]
            let number = std::os::unix::fs::MetadataExt::ino(&metadata);
            #[cfg(not(unix))]
            let number = 0;
            Some((metadata.modified().ok()?, metadata.len(), number))
        }))
    }
}

struct FileState {
    stamp: Stamp,
    looked: Instant,
}

/// The keys in force. Once there was a key, or a file for keys, nobody is let in without one until
/// the process ends.
pub struct KeyRing {
    path: Option<PathBuf>,
    environment: Vec<Key>,
    keys: RwLock<Vec<Key>>,
    file: Mutex<FileState>,
    required: std::sync::atomic::AtomicBool,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeyRing")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl KeyRing {
    /// No keys, and none wanted.
    pub fn open() -> Self {
        Self::with(None, Vec::new())
    }

    /// The keys of a file, if it is there, and those that the environment gives.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn new(path: &Path, environment: Vec<Entry>) -> Result<Self, KeyFileError> {
        let ring = Self::with(Some(path.to_owned()), environment);
        let stamp = Stamp::of(path);
        let file = KeyFile::load(path)?;
        if let Ok(mut state) = ring.file.lock() {
            state.stamp = stamp;
        }
        ring.take(file);
        Ok(ring)
    }

    fn with(path: Option<PathBuf>, environment: Vec<Entry>) -> Self {
        let key = |entry| Key {
            entry: Arc::new(entry),
            usage: Usage::default(),
        };
        let environment: Vec<Key> = environment.into_iter().map(key).collect();
        Self {
            path,
            required: (!environment.is_empty()).into(),
            keys: RwLock::new(environment.clone()),
            environment,
            file: Mutex::new(FileState {
                stamp: Stamp(None),
                looked: Instant::now(),
            }),
        }
    }

    /// Whether callers need a key.
    pub fn is_required(&self) -> bool {
        self.required.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Reads the file anew if it has changed. A file that cannot be read changes nothing, so that
    /// a slip while it is edited locks nobody out; a key that was revoked before stays revoked.
    pub fn refresh(&self) {
        let Some(path) = &self.path else {
            return;
        };
        let mut state = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() < LOOK_INTERVAL {
            return;
        }
        state.looked = Instant::now();
        let stamp = Stamp::of(path);
        if stamp == state.stamp {
            return;
        }
        state.stamp = stamp;
        drop(state);
        match KeyFile::load(path) {
            Ok(file) => {
                self.take(file);
                info!(path = %path.display(), "the keys were read anew");
            }
            Err(error) => error!(%error, "the keys stay as they were"),
        }
    }

    /// All keys, those of the environment first.
    pub fn keys(&self) -> Vec<Key> {
        self.refresh();
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes over how many jobs an earlier process counted on a day, by the names of keys.
    pub fn take_over(&self, day: i64, uses: &[(String, u32)]) {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        for key in keys.iter() {
            let name = key.entry.name.as_str();
            if let Some((_, jobs)) = uses.iter().find(|(used, _)| used == name) {
                key.usage.take_over(day, *jobs);
            }
        }
    }

    /// Whether a key comes from the environment, where it can only be changed before the start.
    pub fn is_fixed(&self, name: &Name) -> bool {
        self.environment.iter().any(|key| key.entry.name == *name)
    }

    /// Adds a key to the file, in force at once.
    ///
    /// # Errors
    /// When its name is taken, no keys are in use, or the file cannot be written.
    pub fn add(&self, entry: Entry) -> Result<(), RingError> {
        if self.is_fixed(&entry.name) {
            return Err(KeyFileError::Taken(entry.name).into());
        }
        self.change(|file| file.add(entry))
    }

    /// Removes a key from the file; it is taken no more.
    ///
    /// # Errors
    /// When there is none of that name, it comes from the environment, or the file cannot be
    /// written.
    pub fn revoke(&self, name: &Name) -> Result<(), RingError> {
        if self.is_fixed(name) {
            return Err(RingError::Environment(name.clone()));
        }
        self.change(|file| file.revoke(name))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut KeyFile) -> Result<(), KeyFileError>,
    ) -> Result<(), RingError> {
        let path = self.path.as_deref().filter(|_| self.is_required());
        let path = path.ok_or(RingError::NotInUse)?;
        // Held all the while, so that two changes do not lose one.
        let mut state = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = KeyFile::load(path)?.unwrap_or_default();
        change(&mut file)?;
        file.save(path)?;
        state.stamp = Stamp::of(path);
        self.take(Some(file));
        Ok(())
    }

    /// Takes the keys of a file; those that were known keep what was counted.
    fn take(&self, file: Option<KeyFile>) {
        if file.is_some() {
            self.required
                .store(true, std::sync::atomic::Ordering::Relaxed);
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let entries = file.map(|file| file.entries().to_vec()).unwrap_or_default();
        let mut fresh = self.environment.clone();
        for entry in entries {
            let known = keys.iter().find(|key| key.entry.name == entry.name);
            let usage = known.map(|key| key.usage.clone()).unwrap_or_default();
            fresh.push(Key {
                entry: Arc::new(entry),
                usage,
            });
        }
        *keys = fresh;
    }

    /// The key of a secret; `None` when it is of none, or of one that has expired. Every key is
    /// compared, in a time that does not tell which.
    pub fn find(&self, secret: &str, now: Timestamp) -> Option<Key> {
        self.refresh();
        let presented = Hash::of(secret);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for key in keys.iter() {
            if key.entry.hash.matches(&presented) {
                found = Some(key);
            }
        }
        found.filter(|key| !key.entry.is_expired(now)).cloned()
    }

    /// The key of a name, unless it has expired.
    pub fn named(&self, name: &Name, now: Timestamp) -> Option<Key> {
        self.refresh();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let found = keys.iter().find(|key| key.entry.name == *name);
        found.filter(|key| !key.entry.is_expired(now)).cloned()
    }

    /// Keys from the environment: one a line or between commas, each `name=secret`, perhaps with
    /// `;scope+scope` behind it.
    ///
    /// # Errors
    /// When one cannot be used.
    pub fn parse_environment(
        text: &str,
        source_name: &str,
        now: Timestamp,
    ) -> Result<Vec<Entry>, EnvironmentError> {
        let lines = text.split(['\n', ',']).map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in lines.enumerate() {
            let refused = |reason: String| EnvironmentError {
                source_name: source_name.to_owned(),
                position: index + 1,
                reason,
            };
            let (name, rest) = line
                .split_once('=')
                .ok_or_else(|| refused("write name=secret".to_owned()))?;
            let (secret, scopes) = match rest.split_once(';') {
                Some((secret, scopes)) => (secret.trim(), scopes.parse().map_err(&refused)?),
                None => (rest.trim(), Scopes::USUAL),
            };
            if secret.len() < LEAST_SECRET {
                return Err(refused(format!(
                    "a secret has at least {LEAST_SECRET} characters: `openssl rand -hex 32` makes one"
                )));
            }
            let name: Name = name.trim().parse().map_err(&refused)?;
            if entries.iter().any(|entry| entry.name == name) {
                return Err(refused(format!("\"{name}\" is there twice")));
            }
            entries.push(Entry {
                owner: name.owner(),
                name,
                hash: Hash::of(secret),
                scopes,
                created_at: now,
                expires_at: None,
                quota: Quota::default(),
            });
        }
        if entries.is_empty() {
            return Err(EnvironmentError {
                source_name: source_name.to_owned(),
                position: 1,
                reason: "there is none: unset it to have no keys".to_owned(),
            });
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn entry(name: &str, secret: &Secret, expires_at: Option<Timestamp>) -> Entry {
        Entry {
            name: name.parse().unwrap(),
            owner: name.parse().unwrap(),
            hash: secret.hash(),
            scopes: Scopes::USUAL,
            created_at: at(0),
            expires_at,
            quota: Quota::default(),
        }
    }

    #[test]
    fn keys_of_a_file_are_known_until_they_end_or_are_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        assert!(!KeyRing::new(&path, Vec::new()).unwrap().is_required());
        let (alice, bob) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        let mut file = KeyFile::default();
        file.add(entry("alice", &alice, None)).unwrap();
        file.add(entry("bob", &bob, Some(at(100)))).unwrap();
        assert!(file.add(entry("bob", &bob, None)).is_err());
        file.save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(alice.reveal()) && text.contains("alice"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let ring = KeyRing::new(&path, Vec::new()).unwrap();
        assert!(ring.is_required());
        assert_eq!(
            ring.find(alice.reveal(), at(0)).unwrap().name().as_str(),
            "alice"
        );
        assert!(ring.find(bob.reveal(), at(99)).is_some());
        assert!(ring.find(bob.reveal(), at(100)).is_none());
        for wrong in ["", "c2s_", "alice", &alice.reveal()[1..]] {
            assert!(ring.find(wrong, at(0)).is_none(), "{wrong}");
        }
        file.revoke(&"alice".parse().unwrap()).unwrap();
        assert!(file.revoke(&"alice".parse().unwrap()).is_err());
        ring.take(Some(file));
        assert!(ring.find(alice.reveal(), at(0)).is_none());
        // Without any key left nobody gets in.
        ring.take(None);
        assert!(ring.is_required());
    }

    #[test]
    fn keys_are_made_and_revoked_while_they_are_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let secret = || Secret::generate().unwrap();
        let unused = KeyRing::new(&path, Vec::new()).unwrap();
        assert!(matches!(
            unused.add(entry("alice", &secret(), None)),
            Err(RingError::NotInUse)
        ));
        let fixed = entry("ops", &secret(), None);
        let ring = KeyRing::new(&path, vec![fixed]).unwrap();
        let (ops, alice) = (name("ops"), name("alice"));
        let made = secret();
        ring.add(entry("alice", &made, None)).unwrap();
        assert_eq!(ring.find(made.reveal(), at(0)).unwrap().name(), &alice);
        assert!(ring.find(made.reveal(), at(0)).is_some());
        for taken in ["alice", "ops"] {
            assert!(matches!(
                ring.add(entry(taken, &secret(), None)),
                Err(RingError::File(KeyFileError::Taken(_)))
            ));
        }
        assert!(matches!(ring.revoke(&ops), Err(RingError::Environment(_))));
        ring.revoke(&alice).unwrap();
        assert!(ring.find(made.reveal(), at(0)).is_none());
        assert!(matches!(
            ring.revoke(&alice),
            Err(RingError::File(KeyFileError::Unknown(_)))
        ));
        let names: Vec<_> = ring.keys().iter().map(|key| key.name().clone()).collect();
        assert_eq!(names, [ops]);
    }

    #[test]
    fn keys_of_the_environment_are_read() {
        let parse = |text: &str| KeyRing::parse_environment(text, "KEYS", at(0));
        let text = "web=0123456789abcdef\n# ops\nops = fedcba9876543210 ;admin";
        let entries = parse(text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].scopes.to_string(), "admin");
        let ring = KeyRing::new(Path::new("/nowhere/keys.toml"), entries).unwrap();
        assert!(ring.is_required());
        assert!(
            ring.find("fedcba9876543210", at(0))
                .unwrap()
                .allows(Scope::Admin)
        );
        for (wrong, reason) in [
            ("", "there is none"),
            ("web", "name=secret"),
            ("web=short", "at least 16"),
            ("a b=0123456789abcdef", "name"),
            ("web=0123456789abcdef;root", "no scope"),
            ("web=0123456789abcdef,web=0123456789abcdef", "twice"),
        ] {
            let message = parse(wrong).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert!(!message.contains("0123456789abcdef"), "{message}");
        }
    }
}
