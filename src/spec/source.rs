//! The files that an environment is read from.

use billpay_model::findings::SourceFile;

/// The files of one environment: what it shares with the others, and its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// `shared.yaml`, where there is one.
    pub shared: Option<SourceFile>,
    /// Single services and frontends, which go over it, in the order of their files' names.
    pub entries: Vec<EntryFile>,
    /// `<environment>.yaml`, which goes over all of them.
    pub environment: SourceFile,
}

/// A file that holds one entry of the spec, such as `services/payment-service.yaml`.
///
/// Whoever adds a service adds a file, so that two of them are never in each other's way in Git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFile {
    /// The key that the entry is under, one of [`SECTIONS`].
    pub section: &'static str,
    /// The name of the entry: that of the file, without `.yaml`.
    pub name: String,
    pub file: SourceFile,
}

/// The keys of a spec whose entries may have files of their own, in folders of the same names.
pub const SECTIONS: [&str; 2] = ["services", "frontends"];

/// One file of an environment, and the entry that it holds when it isn't a whole spec.
pub(super) struct Layer<'s> {
    pub file: &'s SourceFile,
    pub entry: Option<&'s EntryFile>,
}

impl Sources {
    /// The files, the lowest layer first.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let whole = |file| Layer { file, entry: None };
        let entries = self.entries.iter().map(|entry| Layer { file: &entry.file, entry: Some(entry) });
        self.shared.iter().map(whole).chain(entries).chain([whole(&self.environment)])
    }

    /// The name that the environment's file gives it: the file's name without `.yaml`.
    pub fn environment_name(&self) -> &str {
        let name = self.environment.name();
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        file.strip_suffix(".yaml").unwrap_or(file)
    }
}
