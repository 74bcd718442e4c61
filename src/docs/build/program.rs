//! The MkDocs that builds sites: the user's, where it has the plugin of TechDocs, or ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use billpay_host::git::Repository;
use billpay_host::program;
use billpay_host::python::Packages;
use etcetera::BaseStrategy;
use tokio::process::Command;

use super::{DocsError, at};

/// MkDocs with the plugin of TechDocs, and all that they need.
const PACKAGES: Packages =
    Packages { purpose: "MkDocs for TechDocs", requirements: include_str!("requirements.txt") };

/// Prefixes of variables that MkDocs gets beside those of every program. None holds a credential: a configuration may
/// put any into its pages with `!ENV`.
const VARIABLES: &[&str] = &["DOCS_", "MKDOCS_"];

/// A MkDocs that can be run.
pub struct MkDocs {
    /// Display name.
    pub name: String,
    command: Vec<OsString>,
    /// The folder that nothing is run from: the project, with all of its repository.
    project: PathBuf,
}

/// Returns the user's MkDocs if it can build a TechDocs site and is no part of the project, else ours, which is installed
/// once.
pub async fn find(place: &Path, dir: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<MkDocs, DocsError> {
    let repository = Repository::find(dir);
    // Where the repository can't be told, nor can what is outside of it.
    let is_known = repository.is_ok();
    let project = repository.ok().flatten().map_or_else(|| dir.to_path_buf(), |repository| repository.top);
    if let Some(path) = program::find_outside("mkdocs", &project).filter(|_| is_known) {
        let name = path.display().to_string();
        let theirs = MkDocs { name, command: vec![path.into_os_string()], project: project.clone() };
        if theirs.has_techdocs(&place.join("probe")).await? {
            return Ok(theirs);
        }
    }
    let base = etcetera::choose_base_strategy().map_err(|_| DocsError::NoHome)?;
    let python = PACKAGES.python(&base.cache_dir().join("billpay/docs"), say)?;
    // Without `-I`, Python would also import from the directory that it runs in.
    let command = vec![python.into_os_string(), "-I".into(), "-m".into(), "mkdocs".into()];
    Ok(MkDocs { name: "billpay's own".to_string(), command, project })
}

impl MkDocs {
    /// Returns true if it can build a minimal site.
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
        let said = filter_warnings(&text.replace(&picture, &original));
        match output.status.success() {
            true => Ok(said),
            false => Err(DocsError::MkDocs { said, strict }),
        }
    }

    fn command(&self, project: &Path, site: &Path) -> Command {
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().cloned().unwrap_or_default());
        command.args(words).args(["build", "--clean", "-f", "mkdocs.yml", "-d"]).arg(site);
        command.env_clear().envs(program::environment(VARIABLES, Some(&self.project)));
        // The user's MkDocs takes nothing from where it runs either.
        command.env("PYTHONSAFEPATH", "1");
        // The theme advertises at length otherwise.
        command.env("NO_MKDOCS_2_WARNING", "1").env("DISABLE_MKDOCS_2_WARNING", "true");
        command.current_dir(project).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// Returns the lines of a log without informational messages and their continuations.
fn filter_warnings(log: &str) -> Vec<String> {
    let mut news = false;
    let told = log.lines().map(str::trim_end).filter(|line| {
        if !line.starts_with(' ') {
            news = ["INFO", "DEBUG"].iter().any(|level| line.starts_with(level));
        }
        !news && !line.is_empty()
    });
    told.map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::filter_warnings;

    #[test]
    fn news_is_not_told_and_warnings_are_with_all_their_lines() {
        let log = "INFO    -  Building\nINFO    -  These pages are not in the nav:\n  - index.md\n\nWARNING -  Gone\n  more\nAborted\n";
        assert_eq!(filter_warnings(log), ["WARNING -  Gone", "  more", "Aborted"]);
    }
}
