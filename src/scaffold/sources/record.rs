//! Reads a project's record of its templates.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use billpay_tree::RECORDS_FOLDER;

use crate::{RECORD, RECORD_LIMITS, Record, RecordDefect};

/// A record that is there and can't be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {}: {why}", path.display())]
pub struct RecordError {
    pub path: PathBuf,
    pub why: RecordDefect,
}

impl RecordError {
    /// Returns hints for the user.
    pub fn hints(&self) -> Vec<String> {
        let path = self.path.display();
        vec![match self.why {
            RecordDefect::Newer(_) => "use the newer billpay, or update this one".to_string(),
            RecordDefect::Conflicted => {
                format!("take either side (git checkout --ours {path}), then run `billpay scaffold update`")
            }
            RecordDefect::Damaged(_) => format!("restore it from Git (git checkout {path})"),
        }]
    }
}

/// The record of a project; none where no template was ever applied.
///
/// # Errors
/// Fails if the file is a link, can't be read, isn't UTF-8, or is refused by [`Record::parse`].
pub fn record(project: &Path) -> Result<Option<Record>, RecordError> {
    let path = project.join(RECORDS_FOLDER).join(RECORD);
    let failed = |why| RecordError { path: path.clone(), why };
    let bytes = match billpay_tree::disk::read_at_most(&path, RECORD_LIMITS.bytes) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(RecordDefect::Damaged(error.to_string()))),
    };
    let text =
        String::from_utf8(bytes).map_err(|_| failed(RecordDefect::Damaged("it is not UTF-8".into())))?;
    Record::parse(&text).map(Some).map_err(failed)
}

/// The nearest project from here upwards that remembers a template.
pub fn project_above(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find(|above| above.join(RECORDS_FOLDER).join(RECORD).is_file()).map(Path::to_owned)
}

/// A path as it leads from a project to somewhere else, so that both can move together.
///
/// It stays absolute if they share nothing but the root.
pub fn from_project(project: &Path, path: &Path) -> PathBuf {
    let (Ok(project), Ok(path)) = (resolved(project), resolved(path)) else { return path.to_owned() };
    let shared = project.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    if shared < 2 {
        return path;
    }
    let up = project.components().skip(shared).map(|_| std::path::Component::ParentDir);
    let down: Vec<_> = path.components().skip(shared).collect();
    up.chain(down).collect()
}

/// An absolute path without links, as far as it is there.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for above in path.ancestors() {
        if let Ok(real) = above.canonicalize() {
            return Ok(real.join(path.strip_prefix(above).unwrap_or(Path::new(""))));
        }
    }
    Ok(path)
}
