//! Files of a built site in a folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use billpay_model::hex::hex;
use billpay_model::site::SiteFile;
use md5::{Digest, Md5};

use crate::content_types::content_type;

/// Maximum size of a file, bytes; S3 takes it in one request.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Error of a folder that is no site.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("there is no folder {path}")]
    NoFolder { path: String },
    #[error("{path} is {what}: a site has files and folders only")]
    Odd { path: String, what: &'static str },
    #[error("{path} is larger than {} MiB", MAX_FILE_BYTES >> 20)]
    TooLarge { path: String },
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

/// The files of a site, sorted by their paths.
///
/// # Errors
/// Fails if the folder is missing or unreadable, or holds a link, a special file, a file larger than
/// `MAX_FILE_BYTES`, or a name that isn't UTF-8 or has control characters.
pub fn read(root: &Path) -> Result<Vec<SiteFile>, SiteError> {
    if !root.is_dir() {
        return Err(SiteError::NoFolder { path: root.display().to_string() });
    }
    let mut files = vec![];
    collect(root, "", &mut files)?;
    files.sort_by(|a: &SiteFile, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SiteFile>) -> Result<(), SiteError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let full = entry.path();
        let odd = |what| SiteError::Odd { path: full.display().to_string(), what };
        let name = entry.file_name().into_string().map_err(|_| odd("named in no UTF-8"))?;
        if name.contains(|c: char| c.is_control()) {
            return Err(odd("named with a control character"));
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(at(&full))?;
        if kind.is_dir() {
            collect(&full, &format!("{path}/"), files)?;
        } else if kind.is_file() {
            files.push(file(path, full)?);
        } else {
            return Err(odd(if kind.is_symlink() { "a symbolic link" } else { "no file" }));
        }
    }
    Ok(())
}

fn file(path: String, from: PathBuf) -> Result<SiteFile, SiteError> {
    if fs::metadata(&from).map_err(at(&from))?.len() > MAX_FILE_BYTES {
        return Err(SiteError::TooLarge { path: from.display().to_string() });
    }
    let bytes = fs::read(&from).map_err(at(&from))?;
    let content_type = content_type(&path);
    Ok(SiteFile { path, size: bytes.len() as u64, etag: etag(&bytes), content_type, from })
}

fn at(path: &Path) -> impl Fn(io::Error) -> SiteError + '_ {
    move |error| SiteError::File { path: path.display().to_string(), error }
}

/// Returns the ETag of a small object that S3 encrypts with its own key: MD5 in hex. It only detects changes.
fn etag(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}
