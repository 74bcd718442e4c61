//! `billpay docs publish`: brings a documentation site to the bucket that the portal reads.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_docs::entity::EntityName;
use billpay_docs::publish::{PublishError, PublishReport, publish};
use billpay_engine::at_home;
use billpay_model::event::Observer;
use billpay_model::failure::FailureClass;
use billpay_model::names::{self, TECHDOCS};
use billpay_model::plural;
use billpay_model::site::{SiteFile, SiteStore};
use clap::Args;
use serde_json::json;

use super::{SourceArgs, bytes, described, site};
use crate::error::{Report, hints_of};
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

/// Destination of a site.
struct Target {
    store: Box<dyn SiteStore>,
    bucket: String,
    region: String,
    environment: Option<String>,
}

pub async fn run(args: PublishArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let catalog = described(&args.source.dir);
    let entity = match &args.entity {
        Some(named) => EntityName::parse(named)?,
        None => {
            catalog.as_ref().ok().cloned().flatten().map(|entity| entity.name).ok_or(()).or_else(|()| {
                catalog.clone()?;
                let dir = args.source.dir.display();
                Err(Report::new(
                    "it is not clear whose documentation this is",
                    format!("no catalog-info.yaml in {dir}"),
                )
                .hint("name the entity with --entity namespace/kind/name"))
            })?
        }
    };
    let target = target(&args, ports, ui).await?;
    let described = catalog.unwrap_or_default();
    // Kept until the end: the folder goes with it.
    let built = match &args.site {
        Some(_) => None,
        None => Some(site(&args.source, described.as_ref(), ports, ui).await?),
    };
    let folder = args.site.as_ref().or(built.as_ref().map(|built| &built.site));
    let files = ports.read_site(folder.unwrap_or(&args.source.dir))?;
    let published = send(&target, &files, &entity.prefix(), args.dry_run, ui).await?;
    show(&target, &entity, &published, args.dry_run, ui)
}

async fn send(
    target: &Target,
    files: &[SiteFile],
    prefix: &str,
    dry_run: bool,
    ui: &Ui,
) -> Result<PublishReport, Report> {
    let observer: &dyn Observer = ui;
    let done = |path: &str| {
        if ui.is_verbose() {
            observer.note(format!("  {path}"));
        }
    };
    let work = publish(target.store.as_ref(), files, prefix, dry_run, &done);
    observer.wait("publishing the site", work).await.map_err(|error| explain(error, target))
}

async fn target(args: &PublishArgs, ports: &Ports, ui: &Ui) -> Result<Target, Report> {
    if let (Some(bucket), Some(region)) = (&args.bucket, &args.region) {
        let store = ports.sites.open(bucket, region, None, ui).await?;
        let (bucket, region) = (bucket.clone(), region.clone());
        return Ok(Target { store, bucket, region, environment: None });
    }
    let Some(name) = &args.env else {
        return Err(Report::new("it is not said where the site goes", "neither --env nor --bucket is given")
            .hint("name the environment with --env, or a bucket with --bucket and --region"));
    };
    let loaded = ports.load(name)?;
    let env = &loaded.environment;
    if !env.buckets.contains_key(TECHDOCS) {
        let missing = format!("the spec of {name} has no bucket `{TECHDOCS}`");
        return Err(Report::new("there is no bucket for documentation", missing).hint(format!(
            "add `buckets: {{ {TECHDOCS}: {{}} }}` to the spec, and run `billpay provision --env {name}`"
        )));
    }
    let bucket = names::other_bucket(env, TECHDOCS);
    let store = ports.sites.open(&bucket, &env.region, Some(&env.account), ui).await?;
    at_home(store.identity().await, env)?;
    let environment = Some(env.environment.clone());
    Ok(Target { store, bucket, region: env.region.clone(), environment })
}

fn explain(error: PublishError, target: &Target) -> Report {
    let mut report = Report::new("the site was not published", error.to_string());
    let PublishError::Failed { failure, uploaded } = error else {
        return report.hint("build it with `billpay docs build`");
    };
    let bucket = &target.bucket;
    match failure.class {
        FailureClass::NotFound => {
            report.heading = format!("there is no bucket {bucket}");
            report.hints.push(match &target.environment {
                Some(name) => format!("`billpay provision --env {name}` makes it"),
                None => "make it first, or correct --bucket".to_string(),
            });
        }
        FailureClass::Denied => report.hints.push(format!(
            "the credentials need s3:ListBucket on {bucket}, and s3:PutObject and s3:DeleteObject on what is in it"
        )),
        _ => report.hints = hints_of([&failure]),
    }
    if failure.code == "PermanentRedirect" || failure.code == "AuthorizationHeaderMalformed" {
        report.hints.push(format!("{bucket} is not in {}: correct the region", target.region));
    }
    if uploaded > 0 {
        let written = plural::count(uploaded, "file");
        report.details.push(format!("{written} had been written; the site can still be read"));
        report.hints.push("run it again: it goes on from what is there".to_string());
    }
    report
}

fn show(
    target: &Target,
    entity: &EntityName,
    published: &PublishReport,
    dry_run: bool,
    ui: &Ui,
) -> Result<u8, Report> {
    let prefix = entity.prefix();
    if ui.is_json() {
        ui.json(&json!({
            "schema": "billpay/docs-publish/v1", "entity": entity.to_string(), "bucket": target.bucket,
            "region": target.region, "environment": target.environment, "prefix": prefix, "dry_run": dry_run,
            "uploaded": published.uploaded, "uploaded_bytes": published.uploaded_bytes,
            "unchanged": published.unchanged, "deleted": published.deleted,
        }))?;
        return Ok(exit::DONE);
    }
    if dry_run {
        for path in &published.uploaded {
            ui.text(&format!("  + {path}"))?;
        }
        for key in &published.deleted {
            ui.text(&format!("  - {}", key.strip_prefix(&prefix).unwrap_or(key)))?;
        }
    }
    let would = if dry_run { " would be" } else { "" };
    ui.text(&format!(
        "{BOLD}s3://{}/{prefix}{BOLD:#}: {}{would} written ({}), {} unchanged, {} deleted",
        target.bucket,
        plural::count(published.uploaded.len(), "file"),
        bytes(published.uploaded_bytes),
        published.unchanged,
        published.deleted.len(),
    ))?;
    Ok(exit::DONE)
}
