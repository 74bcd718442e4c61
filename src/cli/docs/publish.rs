//! `billpay docs publish`: brings a documentation site to the bucket that the portal reads.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::docs::{Destination, PublishReport, PublishRequest, publish};
use billpay_model::plural;
use clap::Args;

use super::{SourceArgs, bytes};
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, Ui};

#[derive(Debug, Args)]
#[command(
    after_help = "The site goes to namespace/kind/name/ in the bucket, in lower case, as techdocs-cli puts it. What \
                  is there already is not written again; what is stale goes last. Nothing else in the bucket \
                  is touched."
)]
pub struct PublishArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Publish what is built already, in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["no_strict", "allow_plugin", "etag"])]
    site: Option<PathBuf>,
    /// Environment whose documentation bucket is meant
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV")]
    env: Option<String>,
    /// A bucket by its name, instead of an environment's
    #[arg(long, value_name = "NAME", requires = "region")]
    bucket: Option<String>,
    /// Region of the bucket
    #[arg(long, value_name = "REGION", env = "AWS_REGION")]
    region: Option<String>,
    /// The entity; by default the one in catalog-info.yaml
    #[arg(long, value_name = "NAMESPACE/KIND/NAME")]
    entity: Option<String>,
    /// Show what would be written and deleted, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: PublishArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let destination = match (args.bucket, args.region, args.env) {
        (Some(name), Some(region), _) => Destination::Bucket { name, region },
        (_, _, Some(name)) => Destination::Environment(name),
        _ => {
            return Err(Report::new(
                "it is not said where the site goes",
                "neither --env nor --bucket is given",
            )
            .hint("name the environment with --env, or a bucket with --bucket and --region"));
        }
    };
    let source = args.source.source();
    let PublishArgs { site, entity, dry_run, .. } = args;
    let report = publish(ports, &PublishRequest { source, site, destination, entity, dry_run }, ui).await?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text(&report))?;
    }
    Ok(exit::DONE)
}

fn text(report: &PublishReport) -> String {
    let PublishReport { bucket, prefix, dry_run, uploaded, deleted, .. } = report;
    let mut text = String::new();
    if *dry_run {
        text.extend(uploaded.iter().map(|path| format!("  + {path}\n")));
        text.extend(deleted.iter().map(|key| format!("  - {}\n", key.strip_prefix(prefix).unwrap_or(key))));
    }
    let would = if *dry_run { " would be" } else { "" };
    text + &format!(
        "{BOLD}s3://{bucket}/{prefix}{BOLD:#}: {}{would} written ({}), {} unchanged, {} deleted",
        plural::count(uploaded.len(), "file"),
        bytes(report.uploaded_bytes),
        report.unchanged,
        deleted.len(),
    )
}
