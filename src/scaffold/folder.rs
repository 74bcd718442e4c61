//! The files of a template, in memory.

use std::collections::BTreeMap;

use billpay_model::findings::SourceFile;

/// A folder with all its descendants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFolder {
    /// Display name, the prefix of places in errors; may be empty.
    pub name: String,
    /// Entries by relative path with `/`, folders included.
    pub entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File(TemplateFile),
    Folder,
    /// A symbolic link with its target.
    Link(String),
    /// A device, a socket, a pipe.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFile {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// The repository or folder that a template lies in, of which its steps may read more than its own folder.
pub trait Surroundings: std::fmt::Debug {
    /// Returns the path of the template's folder in it; `""` where that is all of it.
    fn directory(&self) -> &str;

    /// Returns the branch or tag at hand, where one was named.
    fn reference(&self) -> Option<&str>;

    /// Returns the URLs that the repository is known by.
    fn remotes(&self) -> Vec<String>;

    /// Reads a path and its descendants, by full paths; links on the way are entries, too.
    ///
    /// # Errors
    /// Fails with a message.
    fn read(&self, path: &str) -> Result<TemplateFolder, String>;
}

impl TemplateFolder {
    pub fn file(&self, path: &str) -> Option<&TemplateFile> {
        match self.entries.get(path) {
            Some(Entry::File(file)) => Some(file),
            _ => None,
        }
    }

    /// Returns a file as the source of errors.
    pub fn source(&self, path: &str) -> Option<SourceFile> {
        self.file(path).map(|file| SourceFile::new(self.display_path(path), file.bytes.clone()))
    }

    /// Returns the display form of a path in it.
    pub fn display_path(&self, path: &str) -> String {
        match self.name.as_str() {
            "" => path.to_string(),
            name => format!("{}/{path}", name.trim_end_matches('/')),
        }
    }

    /// Returns a subfolder; `""` is all of it.
    pub fn below(&self, folder: &str) -> TemplateFolder {
        let folder = folder.trim_matches('/');
        if folder.is_empty() {
            return self.clone();
        }
        let prefix = format!("{folder}/");
        let entries = self.entries.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let entries = entries.map(|(path, entry)| (path[prefix.len()..].to_string(), entry.clone()));
        TemplateFolder { name: self.display_path(folder), entries: entries.collect() }
    }
}
