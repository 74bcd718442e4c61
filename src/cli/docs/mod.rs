//! `billpay docs`: documentation sites for the portal.

mod build;
mod publish;

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::docs::SiteSource;
use clap::{Args, Subcommand};

use super::error::Report;
use super::exit;
use super::signals::interrupted;
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
            DocsCommand::Build(args) => build::run(args, ui).await,
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

impl SourceArgs {
    fn source(&self) -> SiteSource {
        let SourceArgs { dir, no_strict, allow_plugin, etag } = self.clone();
        SiteSource { dir, strict: !no_strict, plugins: allow_plugin, etag }
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
