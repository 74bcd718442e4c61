//! A store in a local directory, for one machine.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use billpay_model::connect::ConnectError;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::store::{CreateResult, ObjectStore};
use etcetera::BaseStrategy;
use tempfile::{Builder, NamedTempFile};

/// Largest object that is read, bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Prefix of the names of files that are not objects yet.
const TEMPORARY_PREFIX: &str = ".new-";

/// Returns the directory of the user's own store.
///
/// # Errors
/// Fails if the user has no home directory.
pub fn of_this_user() -> Result<PathBuf, ConnectError> {
    let base = etcetera::choose_base_strategy().map_err(|error| ConnectError {
        message: format!("there is no place for locks: {error}"),
        hints: vec!["name one with BILLPAY_STATE".to_string()],
    })?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("billpay/state"))
}

/// A directory in which each object is a file; for the runs of one user on one machine.
pub struct DirectoryStore {
    root: PathBuf,
}

impl DirectoryStore {
    /// Names a directory, which the first write makes.
    pub fn at(root: impl Into<PathBuf>) -> DirectoryStore {
        DirectoryStore { root: root.into() }
    }

    /// Runs file operations where they hold up nobody.
    async fn run<T: Send + 'static>(
        &self,
        call: &str,
        key: &str,
        work: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.path(key)?;
        let shown = path.display().to_string();
        let done = tokio::task::spawn_blocking(move || work(path)).await;
        let done = done.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        done.map_err(|error| Failure::new(FailureClass::Other, call, format!("{shown}: {error}")))
    }

    /// Returns the path of an object, which is below the root.
    fn path(&self, key: &str) -> Result<PathBuf, Failure> {
        let is_name = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
        if !key.split('/').all(is_name) {
            return Err(Failure::new(FailureClass::Invalid, "state", format!("`{key}` is no key")));
        }
        Ok(self.root.join(key))
    }
}

/// Makes the directory of a file, for its user alone.
fn make_directory(path: &Path) -> io::Result<&Path> {
    let directory = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    Ok(directory)
}

/// Writes a whole file under another name beside its own.
fn write_temporary(path: &Path, body: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(make_directory(path)?)?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes sure that a directory's new entry outlives a loss of power.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

#[async_trait]
impl ObjectStore for DirectoryStore {
    fn address(&self) -> String {
        self.root.display().to_string()
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure> {
        let body = body.to_vec();
        let create = move |path: PathBuf| match write_temporary(&path, &body)?.persist_noclobber(&path) {
            Ok(_) => sync_directory(&path).map(|()| CreateResult::Created),
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(CreateResult::Exists),
            Err(failed) => Err(failed.error),
        };
        self.run("state:Create", key, create).await
    }

    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let body = body.to_vec();
        let write = move |path: PathBuf| {
            write_temporary(&path, &body)?.persist(&path).map_err(|failed| failed.error)?;
            sync_directory(&path)
        };
        self.run("state:Write", key, write).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let read = |path: PathBuf| match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => Err(io::Error::other("it is no file")),
            Ok(found) if found.len() > MAX_BYTES => Err(io::Error::other("it is too large for an object")),
            Ok(_) => fs::read(path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        self.run("state:Read", key, read).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder).to_string();
        let prefix = prefix.to_string();
        let root = self.root.clone();
        let list = move |folder: PathBuf| {
            let mut keys = vec![];
            add_keys(&root, &folder, &mut keys)?;
            keys.retain(|key| key.starts_with(&prefix));
            keys.sort();
            Ok(keys)
        };
        self.run("state:List", &folder, list).await
    }

    async fn delete(&self, key: &str) -> Result<(), Failure> {
        let delete = |path: PathBuf| match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        self.run("state:Delete", key, delete).await
    }
}

/// Adds the keys of all objects below a directory.
fn add_keys(root: &Path, folder: &Path, keys: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            add_keys(root, &path, keys)?;
        } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str)
            && kind.is_file()
            && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
        {
            keys.push(key.to_string());
        }
    }
    Ok(())
}
