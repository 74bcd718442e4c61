//! Record of the templates that a project was made from.

use billpay_spec::yaml::{self, Limits};
use serde::{Deserialize, Serialize};

use super::repositories::PinnedRepository;
use super::source::{Origin, without_credentials};
use super::{Answers, Format};

/// The file in `.billpay` that holds it.
pub const RECORD: &str = "scaffold.yaml";

/// The only layout of the file so far.
pub const RECORD_SCHEMA: &str = "billpay/scaffold-record/v1";

/// Limits of a record, which holds the answers to several templates.
pub const RECORD_LIMITS: Limits =
    Limits { bytes: 8 << 20, values: 400_000, text: 32 << 20, ..Limits::data("a record") };

const HEADER: &str = "\
# Written by `billpay scaffold`: what this project was made from. Commit it:
# `billpay scaffold update` goes by it to bring in what changed in the template since.
";

/// Every template that a project was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: String,
    pub templates: Vec<TemplateRecord>,
}

/// One template, and how it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateRecord {
    pub template: String,
    /// Instance name of this application of the template.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    pub format: Format,
    pub from: Origin,
    /// The folder that the template may read, from the project's root, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The other repositories that its steps fetched files from, as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<PinnedRepository>,
    /// Version of the template.
    pub digest: String,
    /// Seed of random values, if the template uses any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Value of `now`, seconds since 1970; with the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<i64>,
    pub answers: Answers,
    /// Questions that were answered with secrets, which are never remembered: they are asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Questions that need no answer and got none: they aren't asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
}

/// Defect of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordDefect {
    #[error("a newer billpay wrote it ({0})")]
    Newer(String),
    #[error("it has the marks of a merge in Git that nobody resolved")]
    Conflicted,
    #[error("{0}")]
    Damaged(String),
}

impl TemplateRecord {
    /// The template's name, and which application of it this is where there may be several.
    pub fn name(&self) -> String {
        match &self.instance {
            Some(instance) => format!("{}/{instance}", self.template),
            None => self.template.clone(),
        }
    }
}

impl Default for Record {
    fn default() -> Record {
        Record { schema: RECORD_SCHEMA.to_string(), templates: vec![] }
    }
}

impl Record {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Fails if the text has conflict markers, another schema, or isn't YAML of this shape.
    pub fn parse(text: &str) -> Result<Record, RecordDefect> {
        if text.lines().any(|line| line.starts_with("<<<<<<< ")) {
            return Err(RecordDefect::Conflicted);
        }
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let damaged = |error: yaml::Error| RecordDefect::Damaged(error.to_string());
        let head: Head = yaml::from_str(text, &RECORD_LIMITS).map_err(damaged)?;
        if head.schema != RECORD_SCHEMA {
            return Err(RecordDefect::Newer(head.schema));
        }
        let mut record: Record = yaml::from_str(text, &RECORD_LIMITS).map_err(damaged)?;
        // An older billpay remembered URLs as they were given.
        for applied in &mut record.templates {
            if let Origin::Git(origin) = &mut applied.from {
                origin.url = without_credentials(&origin.url);
            }
        }
        Ok(record)
    }

    /// Returns the text of the file, deterministic.
    ///
    /// # Errors
    /// Fails if the record can't be written as YAML.
    pub fn print(&self) -> Result<String, RecordDefect> {
        let text = serde_yaml::to_string(self).map_err(|error| RecordDefect::Damaged(error.to_string()))?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Returns the record with a name, as by [`TemplateRecord::name`].
    pub fn get(&self, name: &str) -> Option<&TemplateRecord> {
        self.templates.iter().find(|applied| applied.name() == name)
    }

    /// Inserts or replaces the record of a template.
    pub fn put(&mut self, applied: TemplateRecord) {
        match self.templates.iter_mut().find(|known| known.name() == applied.name()) {
            Some(known) => *known = applied,
            None => self.templates.push(applied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::GitOrigin;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_reads_back_as_it_was_written_whatever_the_answers() {
        let answers = json!({
            "name": "payment", "text": "yes", "number": "01", "null": "null", "colon": "a: b # c", "lines": "a\n\nb\n",
            "unicode": "żółć 🦀", "quote": "it's \"so\"", "empty": "", "list": [1, 2.5, true, null, "x"], "object": {"b": {}, "a": []},
            "big": 18_446_744_073_709_551_615_u64, "date": "2026-11-22", "tilde": "~", "no": "no", "y": "y", "on": "on", "octal": "0o7", "infinity": ".inf", "space": "  x  ", "merge": "<<",
            "overflow": "1e400", "address": "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae", "digits": "1".repeat(500),
        });
        let origin = Origin::Git(GitOrigin {
            url: "https://example.com/x.git".into(),
            directory: Some("a/b".into()),
            reference: None,
            commit: "0123456789".into(),
        });
        let mut record = Record::default();
        for from in [origin, Origin::Path("../x".into()), Origin::Billpay("billpay-service".into())] {
            record.put(TemplateRecord {
                template: format!("{from}"),
                instance: None,
                format: Format::Backstage,
                from,
                root: None,
                fetched: vec![PinnedRepository {
                    url: "https://example.com/y.git".into(),
                    reference: Some("main".into()),
                    commit: "0123456789".into(),
                }],
                digest: "0123456789012345".into(),
                seed: Some(7),
                now: Some(0),
                answers: answers.as_object().cloned().unwrap_or_default(),
                secrets: vec!["token".into()],
                unanswered: vec!["repository".into()],
            });
        }
        let text = record.print().unwrap_or_default();
        assert_eq!(Record::parse(&text), Ok(record), "{text}");
    }
}
