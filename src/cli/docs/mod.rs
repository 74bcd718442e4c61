//! `billpay docs`: documentation sites for the portal.

mod build;
mod publish;

use crate::signals::interrupted;
use std::path::{Path, PathBuf};

use billpay_core::Ports;
use billpay_core::app::{DocsError, SiteBuild, read_text};
use billpay_docs::entity::{self, DocumentedEntity, EntityError};
use billpay_docs::mkdocs::Wishes;
use clap::{Args, Subcommand};

use super::error::Report;
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct DocsArgs {
    #[command(subcommand)]
    command: DocsCommand,
}

#[derive(Debug, Subcommand)]
enum DocsCommand {
    /// Build a component's documentation site, as Backstage's TechDocs wants it
    Build(build::BuildArgs),
    /// Bring a component's documentation site to the bucket that the portal reads
    Publish(publish::PublishArgs),
}

impl DocsArgs {
    /// Returns whether the command needs an environment's spec.
    pub fn reads_specs(&self) -> bool {
        matches!(self.command, DocsCommand::Publish(_))
    }
}

/// Options of building a site.
#[derive(Debug, Clone, Args)]
struct SourceArgs {
    /// Folder of mkdocs.yml and catalog-info.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Take warnings of MkDocs as they are, and leave out settings that TechDocs does not take
    #[arg(long)]
    no_strict: bool,
    /// Allow a plugin of MkDocs that TechDocs does not have; MkDocs must have it
    #[arg(long, value_name = "NAME")]
    allow_plugin: Vec<String>,
    /// Version of the sources, such as the commit, for the site's metadata
    #[arg(long, value_name = "TEXT")]
    etag: Option<String>,
}

pub async fn run(args: DocsArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let work = async {
        match args.command {
            DocsCommand::Build(args) => build::run(args, ports, ui).await,
            DocsCommand::Publish(args) => publish::run(args, ports, ui).await,
        }
    };
    tokio::select! {
        result = work => result,
        () = interrupted() => {
            let mut report = Report::new("stopped", "what was there before can still be read");
            report.code = exit::INTERRUPTED;
            Err(report.hint("run it again: it goes on from what is there"))
        }
    }
}

/// Builds the site of a folder, in a folder that goes with the result.
async fn site(
    args: &SourceArgs,
    entity: Option<&DocumentedEntity>,
    ports: &Ports,
    ui: &Ui,
) -> Result<SiteBuild, Report> {
    let name = match entity {
        Some(entity) => entity.title.clone(),
        None => "Documentation Site".to_string(),
    };
    let source = entity.and_then(|entity| entity.source.as_deref());
    let wishes = Wishes { site_name: &name, plugins: &args.allow_plugin, source };
    let built = ports.build_docs(&args.dir, !args.no_strict, wishes, args.etag.as_deref(), ui).await?;
    for problem in &built.left_out.problems {
        ui.note(&format!("left out: {} ({})", problem.message, problem.place));
    }
    for warning in &built.warnings {
        ui.note(warning);
    }
    Ok(built)
}

/// The entity that a folder's catalog file describes; none without the file.
fn described(dir: &Path) -> Result<Option<DocumentedEntity>, Report> {
    for name in ["catalog-info.yaml", "catalog-info.yml"] {
        let path = dir.join(name);
        if path.is_file() {
            let shown = path.display().to_string();
            let shown = shown.trim_start_matches("./");
            let not_read = |why: String| EntityError::NotRead { file: shown.to_string(), why };
            let is_inside = || path.canonicalize().ok()?.starts_with(dir.canonicalize().ok()?).then_some(());
            if is_inside().is_none() {
                let why = "it is a symbolic link that leads out of the project";
                return Err(not_read(why.to_string()).into());
            }
            let text = read_text(&path, entity::LIMITS.bytes).map_err(|error| not_read(error.to_string()))?;
            return Ok(Some(entity::described(shown, &text)?));
        }
    }
    Ok(None)
}

impl From<EntityError> for Report {
    fn from(error: EntityError) -> Report {
        let report = Report::new("it is not clear whose documentation this is", error.to_string());
        report.hint("name the entity with --entity namespace/kind/name")
    }
}

impl From<DocsError> for Report {
    fn from(error: DocsError) -> Report {
        let mut report = Report::new("the site was not built", "");
        report.hints = error.hints();
        report.details = match error {
            DocsError::Config(findings) => {
                report.heading = format!("mkdocs.yml has {}", findings.count());
                report.findings = Some(findings);
                vec![]
            }
            DocsError::MkDocs { said, .. } => said,
            other => vec![other.to_string()],
        };
        report
    }
}

/// Bytes as people read them.
fn bytes(count: u64) -> String {
    match count {
        count if count < 1000 => format!("{count} B"),
        count if count < 1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        count => format!("{:.1} MB", count as f64 / 1e6),
    }
}
