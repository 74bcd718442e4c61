//! The files of a template, in memory.

use std::collections::BTreeMap;

use billpay_model::findings::SourceFile;

/// A folder with everything in it, however deep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFolder {
    /// How people are told of it; places in errors begin with it. May be empty.
    pub name: String,
    /// By path in the folder, with `/`; folders too, so that empty ones are there.
    pub entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File(TemplateFile),
    Folder,
    /// A symbolic link, and what it says it leads to.
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

    /// Reads what is at a path and below it, by whole paths. A link on the way there is an entry, too.
    ///
    /// Fails with the reason, in words.
    fn read(&self, path: &str) -> Result<TemplateFolder, String>;
}

impl TemplateFolder {
    pub fn file(&self, path: &str) -> Option<&TemplateFile> {
        match self.entries.get(path) {
            Some(Entry::File(file)) => Some(file),
            _ => None,
        }
    }

    /// A file as the text that errors point into.
    pub fn source(&self, path: &str) -> Option<SourceFile> {
        self.file(path).map(|file| SourceFile::new(self.told(path), file.bytes.clone()))
    }

    /// How people are told of a path in it.
    pub fn told(&self, path: &str) -> String {
        match self.name.as_str() {
            "" => path.to_string(),
            name => format!("{}/{path}", name.trim_end_matches('/')),
        }
    }

    /// What is below a folder of it, as a folder of its own; `""` is all of it.
    pub fn below(&self, folder: &str) -> TemplateFolder {
        let folder = folder.trim_matches('/');
        if folder.is_empty() {
            return self.clone();
        }
        let prefix = format!("{folder}/");
        let entries = self.entries.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let entries = entries.map(|(path, entry)| (path[prefix.len()..].to_string(), entry.clone()));
        TemplateFolder { name: self.told(folder), entries: entries.collect() }
    }
}
