//! The files that an environment is read from.

use crate::domain::findings::SourceFile;

/// The files of one environment: what it shares with the others, and its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// `shared.yaml`, where there is one.
    pub shared: Option<SourceFile>,
    /// `<environment>.yaml`, which goes over it.
    pub environment: SourceFile,
}

impl Sources {
    /// The files, the lowest layer first.
    pub fn layers(&self) -> impl Iterator<Item = &SourceFile> {
        self.shared.iter().chain([&self.environment])
    }

    /// The name that the environment's file gives it: the file's name without `.yaml`.
    pub fn environment_name(&self) -> &str {
        let name = self.environment.name();
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        file.strip_suffix(".yaml").unwrap_or(file)
    }
}
