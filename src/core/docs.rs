//! Builds documentation sites, and publishes them for the portal.

use std::path::{Path, PathBuf};

use billpay_docs::build::{BuildOptions, SiteBuild, build as build_site, place};
use billpay_docs::entity::{self, DocumentedEntity, EntityError, EntityName};
use billpay_docs::mkdocs::Wishes;
use billpay_docs::publish::{self as upload, publish as publish_site};
use billpay_docs::site;
use billpay_engine::at_home;
use billpay_host::reading::read_text;
use billpay_model::event::{Event, Observer};
use billpay_model::names::{self, TECHDOCS};
use billpay_model::site::SiteStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::{Error, Ports};

/// Sources of a site, and how they are built.
#[derive(Debug, Clone)]
pub struct SiteSource {
    /// Folder of mkdocs.yml and catalog-info.yaml.
    pub dir: PathBuf,
    /// Makes warnings of MkDocs, and settings that TechDocs does not take, errors.
    pub strict: bool,
    /// Plugins that are allowed beside those of TechDocs.
    pub plugins: Vec<String>,
    /// Version of the sources, for the site's metadata.
    pub etag: Option<String>,
}

/// Bucket that a site goes to.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The documentation bucket of an environment.
    Environment(String),
    Bucket {
        name: String,
        region: String,
    },
}

/// Request to publish a site.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    pub source: SiteSource,
    /// Folder with a site that is built already.
    pub site: Option<PathBuf>,
    pub destination: Destination,
    /// The entity as namespace/kind/name; else the one in catalog-info.yaml.
    pub entity: Option<String>,
    /// Changes nothing.
    pub dry_run: bool,
}

/// A site that was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildReport {
    pub site: PathBuf,
    pub files: usize,
    pub bytes: u64,
    /// The MkDocs that built it.
    pub mkdocs: String,
    pub strict: bool,
    /// Settings that TechDocs does not take.
    pub left_out: Vec<String>,
    pub warnings: Vec<String>,
}

impl Report for BuildReport {
    const SCHEMA: &str = "billpay/docs-build/v1";
}

/// A site that was published, or that a dry run would publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishReport {
    pub entity: String,
    pub bucket: String,
    pub region: String,
    pub environment: Option<String>,
    /// Beginning of all its keys in the bucket.
    pub prefix: String,
    pub dry_run: bool,
    pub uploaded: Vec<String>,
    pub uploaded_bytes: u64,
    pub unchanged: usize,
    pub deleted: Vec<String>,
}

impl Report for PublishReport {
    const SCHEMA: &str = "billpay/docs-publish/v1";
}

/// Error of publishing to a bucket.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct PublishError {
    pub error: upload::PublishError,
    pub bucket: String,
    pub region: String,
    pub environment: Option<String>,
}

struct Target {
    store: Box<dyn SiteStore>,
    bucket: String,
    region: String,
    environment: Option<String>,
}

/// Builds a site into a folder; an older site there is replaced.
///
/// # Errors
/// Fails if MkDocs isn't to be had, the configuration is wrong, the site can't be built, or the folder holds
/// something else.
pub async fn build(source: &SiteSource, out: &Path, observer: &dyn Observer) -> Result<BuildReport, Error> {
    // Whose site it is matters little here: a catalog file that names several is no obstacle.
    let entity = described(&source.dir).unwrap_or_default();
    let built = build_aside(source, entity.as_ref(), observer).await?;
    place(&built, out, &source.dir)?;
    let left_out = built.left_out.problems.iter().map(|left| left.message.clone());
    Ok(BuildReport {
        site: out.to_owned(),
        files: built.files,
        bytes: built.bytes,
        mkdocs: built.mkdocs.clone(),
        strict: source.strict,
        left_out: left_out.collect(),
        warnings: built.warnings.clone(),
    })
}

/// Brings a site to the bucket that the portal reads.
///
/// # Errors
/// Fails if it isn't clear whose documentation it is, there is no bucket for it or it is another account's, the site
/// can't be built, or a file can't be written; then what was there before can still be read.
pub async fn publish(
    ports: &Ports,
    request: &PublishRequest,
    observer: &dyn Observer,
) -> Result<PublishReport, Error> {
    let dir = &request.source.dir;
    let catalog = described(dir);
    let entity = match &request.entity {
        Some(named) => EntityName::parse(named)?,
        None => match catalog.clone()? {
            Some(entity) => entity.name,
            None => return Err(Error::NoEntity { dir: dir.clone() }),
        },
    };
    let Target { store, bucket, region, environment } = target(ports, &request.destination, observer).await?;
    // Kept until the end: the folder goes with it.
    let built = match &request.site {
        Some(_) => None,
        None => Some(build_aside(&request.source, catalog.unwrap_or_default().as_ref(), observer).await?),
    };
    let folder = request.site.as_ref().or(built.as_ref().map(|built| &built.site));
    let files = site::read(folder.unwrap_or(dir))?;
    let (prefix, done) =
        (entity.prefix(), |path: &str| observer.observe(Event::Uploaded { path: path.to_string() }));
    let work = publish_site(store.as_ref(), &files, &prefix, request.dry_run, &done);
    let published = observer.wait("publishing the site", work).await.map_err(|error| {
        let (bucket, region, environment) = (bucket.clone(), region.clone(), environment.clone());
        Error::Publish(Box::new(PublishError { error, bucket, region, environment }))
    })?;
    Ok(PublishReport {
        entity: entity.to_string(),
        bucket,
        region,
        environment,
        dry_run: request.dry_run,
        uploaded: published.uploaded,
        uploaded_bytes: published.uploaded_bytes,
        unchanged: published.unchanged,
        deleted: published.deleted,
        prefix,
    })
}

async fn target(ports: &Ports, destination: &Destination, observer: &dyn Observer) -> Result<Target, Error> {
    match destination {
        Destination::Bucket { name, region } => {
            let store = ports.sites.open(name, region, None, observer).await?;
            Ok(Target { store, bucket: name.clone(), region: region.clone(), environment: None })
        }
        Destination::Environment(name) => {
            let env = ports.load(name)?.environment;
            if !env.buckets.contains_key(TECHDOCS) {
                return Err(Error::NoDocsBucket { environment: name.clone() });
            }
            let bucket = names::other_bucket(&env, TECHDOCS);
            let store = ports.sites.open(&bucket, &env.region, Some(&env.account), observer).await?;
            at_home(store.identity().await, &env)?;
            Ok(Target { store, bucket, region: env.region, environment: Some(env.environment) })
        }
    }
}

/// Builds the site of a folder, in a folder that goes with the result.
async fn build_aside(
    source: &SiteSource,
    entity: Option<&DocumentedEntity>,
    observer: &dyn Observer,
) -> Result<SiteBuild, Error> {
    let site_name = entity.map_or("Documentation Site", |entity| &entity.title);
    let url = entity.and_then(|entity| entity.source.as_deref());
    let wishes = Wishes { site_name, plugins: &source.plugins, source: url };
    let SiteSource { dir, strict, etag, .. } = source;
    let options = BuildOptions { dir, strict: *strict, wishes, etag: etag.as_deref() };
    let note = |what: &str| observer.note(what);
    let built = observer.wait("building the site", build_site(&options, &note)).await?;
    for problem in &built.left_out.problems {
        observer.note(format!("left out: {} ({})", problem.message, problem.place));
    }
    built.warnings.iter().for_each(|warning| observer.note(warning));
    Ok(built)
}

/// The entity that a folder's catalog file describes; none without the file.
fn described(dir: &Path) -> Result<Option<DocumentedEntity>, EntityError> {
    for name in ["catalog-info.yaml", "catalog-info.yml"] {
        let path = dir.join(name);
        if path.is_file() {
            let shown = path.display().to_string();
            let shown = shown.trim_start_matches("./");
            let not_read = |why: String| EntityError::NotRead { file: shown.to_string(), why };
            let is_inside = || path.canonicalize().ok()?.starts_with(dir.canonicalize().ok()?).then_some(());
            if is_inside().is_none() {
                return Err(not_read("it is a symbolic link that leads out of the project".to_string()));
            }
            let text = read_text(&path, entity::LIMITS.bytes).map_err(|error| not_read(error.to_string()))?;
            return Ok(Some(entity::described(shown, &text)?));
        }
    }
    Ok(None)
}
