//! The MkDocs that builds sites: the user's, where it has the plugin of TechDocs, or ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use etcetera::BaseStrategy;
use tokio::process::Command;

use super::{DocsError, at};
use crate::adapter::python::Packages;

/// MkDocs with the plugin of TechDocs, and all that they need.
const PACKAGES: Packages =
    Packages { purpose: "MkDocs for TechDocs", requirements: include_str!("requirements.txt") };

/// Variables that MkDocs gets; none holds a credential. A configuration may ask for any with `!ENV`.
const VARIABLES: [&str; 13] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "CI",
    "SOURCE_DATE_EPOCH",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
];

/// What other variables for documentation begin with.
const FAMILIES: [&str; 2] = ["DOCS_", "MKDOCS_"];

/// A MkDocs that can be run.
pub struct MkDocs {
    /// Whose it is, as people are told it.
    pub name: String,
    command: Vec<OsString>,
}

/// The user's MkDocs if it can build a TechDocs site, else ours, which is installed once.
pub async fn find(aside: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<MkDocs, DocsError> {
    if let Some(program) = on_path("mkdocs") {
        let theirs = MkDocs { name: program.display().to_string(), command: vec![program.into_os_string()] };
        if theirs.has_techdocs(&aside.join("probe")).await? {
            return Ok(theirs);
        }
    }
    let base = etcetera::choose_base_strategy().map_err(|_| DocsError::NoHome)?;
    let python = PACKAGES.python(&base.cache_dir().join("billpay/docs"), say)?;
    let command = vec![python.into_os_string(), "-m".into(), "mkdocs".into()];
    Ok(MkDocs { name: "billpay's own".to_string(), command })
}

impl MkDocs {
    /// Whether it builds the smallest site.
    async fn has_techdocs(&self, probe: &Path) -> Result<bool, DocsError> {
        let docs = probe.join("docs");
        fs::create_dir_all(&docs).map_err(at(&docs))?;
        let files = [
            (docs.join("index.md"), "# Probe\n"),
            (probe.join("mkdocs.yml"), "site_name: Probe\nplugins: [techdocs-core]\n"),
        ];
        for (path, text) in files {
            fs::write(&path, text).map_err(at(&path))?;
        }
        let output = self.command(probe, &probe.join("site")).output().await;
        Ok(output.is_ok_and(|output| output.status.success()))
    }

    /// Builds a site; returns what it warned of.
    pub async fn build(
        &self,
        project: &Path,
        site: &Path,
        strict: bool,
        original: &Path,
    ) -> Result<Vec<String>, DocsError> {
        let mut command = self.command(project, site);
        if strict {
            command.arg("--strict");
        }
        let output = command.output().await.map_err(at(Path::new(&self.name)))?;
        let text = [output.stderr, output.stdout].concat();
        let text = String::from_utf8_lossy(&text);
        let (picture, original) = (project.display().to_string(), original.display().to_string());
        let said = worth_telling(&text.replace(&picture, &original));
        match output.status.success() {
            true => Ok(said),
            false => Err(DocsError::MkDocs { said, strict }),
        }
    }

    fn command(&self, project: &Path, site: &Path) -> Command {
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().cloned().unwrap_or_default());
        command.args(words).args(["build", "--clean", "-f", "mkdocs.yml", "-d"]).arg(site);
        let kept = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            VARIABLES.contains(&&*name) || FAMILIES.iter().any(|family| name.starts_with(family))
        });
        command.env_clear().envs(kept.collect::<Vec<_>>());
        // The theme advertises at length otherwise.
        command.env("NO_MKDOCS_2_WARNING", "1").env("DISABLE_MKDOCS_2_WARNING", "true");
        command.current_dir(project).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// The lines of a log that are no mere news, nor go on with some.
fn worth_telling(log: &str) -> Vec<String> {
    let mut news = false;
    let told = log.lines().map(str::trim_end).filter(|line| {
        if !line.starts_with(' ') {
            news = ["INFO", "DEBUG"].iter().any(|level| line.starts_with(level));
        }
        !news && !line.is_empty()
    });
    told.map(str::to_string).collect()
}

/// Where a program is on the path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::worth_telling;

    #[test]
    fn news_is_not_told_and_warnings_are_with_all_their_lines() {
        let log = "INFO    -  Building\nINFO    -  These pages are not in the nav:\n  - index.md\n\nWARNING -  Gone\n  more\nAborted\n";
        assert_eq!(worth_telling(log), ["WARNING -  Gone", "  more", "Aborted"]);
    }
}
