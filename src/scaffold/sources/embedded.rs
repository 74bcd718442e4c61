//! Project templates built into billpay.

use billpay_model::findings::nearest;
use include_dir::{Dir, DirEntry, include_dir};

use super::{LocatedTemplate, SourceError};
use crate::{Entry, Origin, TemplateFile, TemplateFolder};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/backstage");

/// The names of the templates, sorted.
pub fn names() -> Vec<String> {
    let folders =
        TEMPLATES.dirs().filter(|folder| folder.get_file(folder.path().join("template.yaml")).is_some());
    let mut names: Vec<String> = folders.map(|folder| folder.path().display().to_string()).collect();
    names.sort();
    names
}

pub(super) fn find(name: &str) -> Result<LocatedTemplate, SourceError> {
    let known = names();
    let Some(folder) = TEMPLATES.get_dir(name).filter(|_| known.iter().any(|known| known == name)) else {
        let did_you_mean = nearest(name, known.iter().map(String::as_str));
        return Err(SourceError::Unknown { name: name.to_string(), did_you_mean });
    };
    let mut read =
        TemplateFolder { name: format!("templates/backstage/{name}"), ..TemplateFolder::default() };
    collect(folder, name, &mut read);
    Ok(LocatedTemplate { folder: read, origin: Origin::Billpay(name.to_string()), around: None })
}

fn collect(folder: &Dir<'_>, root: &str, read: &mut TemplateFolder) {
    for entry in folder.entries() {
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).display().to_string();
        match entry {
            DirEntry::Dir(inner) => {
                read.entries.insert(path, Entry::Folder);
                collect(inner, root, read);
            }
            DirEntry::File(file) => {
                let bytes = file.contents().to_vec();
                // The program holds no modes: what begins like a script is one. A test
                // compares that with the modes in the repository.
                let executable = bytes.starts_with(b"#!");
                read.entries.insert(path, Entry::File(TemplateFile { bytes, executable }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn what_can_be_run_in_the_repository_can_be_run_here() {
        for name in names() {
            let Ok(found) = find(&name) else { panic!("{name} is there") };
            for (path, entry) in found.folder.entries {
                let Entry::File(file) = entry else { continue };
                let disk = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("../../templates/backstage")
                    .join(&name)
                    .join(&path);
                let mode = disk.metadata().map(|it| it.permissions().mode()).unwrap_or_default();
                assert_eq!(file.executable, mode & 0o111 != 0, "{}", disk.display());
            }
        }
    }
}
