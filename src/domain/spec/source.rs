//! The files that an environment is read from, as they are, before anything is parsed.

use std::borrow::Cow;
use std::ops::Range;

use super::problem::Place;

/// A file of a spec: its name, as people are told it, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    bytes: Vec<u8>,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> SourceFile {
        SourceFile { name: name.into(), bytes: bytes.into() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, with a replacement character for whatever is not UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The place of a range of bytes of [`text`](Self::text).
    pub fn place(&self, span: Range<usize>) -> Place {
        let text = self.text();
        let before = text.get(..span.start).unwrap_or(&text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let byte_order_mark = usize::from(line_start == 0 && before.starts_with('\u{feff}'));
        Place {
            file: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1 - byte_order_mark,
            span,
        }
    }
}

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
