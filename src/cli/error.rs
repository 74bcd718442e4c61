//! Errors as people see them: what failed, where, why, and what to do next. The one
//! place that picks words and exit codes for the kinds of errors of the layers below.

use std::collections::BTreeSet;
use std::time::Duration;

use billpay_core::docs::PublishError;
use billpay_core::lock::LockHolder;
use billpay_core::report::Report as Document;
use billpay_core::{Error, kubernetes};
use billpay_docs::build::DocsError;
use billpay_docs::entity::EntityError;
use billpay_docs::publish as upload;
use billpay_docs::site::SiteError;
use billpay_engine::plan::Conflict;
use billpay_model::address::Address;
use billpay_model::connect::ConnectError;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::findings::{Findings, Problem, nearest};
use billpay_model::names::TECHDOCS;
use billpay_model::plural;
use billpay_model::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, PROJECT_TAG, REGION_TAG};
use billpay_scaffold::RecordDefect;
use billpay_scaffold::sources::{RecordError, SourceError};
use billpay_spec::directory::SpecError;
use billpay_state::lock::LockError;
use billpay_tree::disk::TreeError;
use schemars::JsonSchema;
use serde::Serialize;

use super::{exit, obstacle};

/// An error, ready to be shown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// Heading, one line.
    pub heading: String,
    /// Places and causes, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub details: Vec<String>,
    /// Next steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub hints: Vec<String>,
    /// Problems of a spec, each at its place.
    #[serde(skip)]
    pub findings: Option<Box<Findings>>,
    #[serde(skip)]
    pub code: u8,
}

/// An error as `--output json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorReport<'a> {
    pub error: &'a Report,
    /// Problems of a spec or a template, each at its place.
    pub problems: Option<&'a [Problem]>,
}

impl Document for ErrorReport<'_> {
    const SCHEMA: &'static str = "billpay/error/v1";
}

impl Report {
    pub fn new(heading: impl Into<String>, detail: impl Into<String>) -> Report {
        Report {
            heading: heading.into(),
            details: vec![detail.into()],
            hints: vec![],
            findings: None,
            code: exit::ERROR,
        }
    }

    /// Makes it exit as stopped by protection or a missing approval.
    pub fn stopped(self) -> Report {
        Report { code: exit::STOPPED, ..self }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Report {
        self.hints.push(hint.into());
        self
    }
}

impl From<SpecError> for Report {
    fn from(error: SpecError) -> Report {
        let hints = error.hints();
        match error {
            SpecError::Invalid(findings) => {
                let heading = format!("the spec has {}", findings.count());
                let findings = Some(findings);
                Report { heading, details: vec![], hints, findings, code: exit::ERROR }
            }
            other => {
                let heading = other.to_string();
                Report { heading, details: vec![], hints, findings: None, code: exit::ERROR }
            }
        }
    }
}

impl From<ConnectError> for Report {
    fn from(error: ConnectError) -> Report {
        let mut report = Report::new("the local AWS is not there", error.message);
        report.hints = error.hints;
        report
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        let heading = error.to_string();
        match error {
            Error::Spec(error) => error.into(),
            Error::Connect(error) => error.into(),
            Error::Engine(error) => error.into(),
            Error::Ask(error) => error.into(),
            Error::Locked { environment, holder, waited } => locked(heading, &environment, &holder, waited),
            Error::LockLost { why, .. } => Report::new(heading, format!("{why}; nothing was changed"))
                .hint("another run may be at work: run it again, it waits for its turn"),
            Error::NoSuchRun { environment, runs, .. } => {
                let several = if runs.is_empty() { String::new() } else { format!("several: {}", runs.join(", ")) };
                Report::new(heading, several).hint(format!("`billpay history --env {environment}` lists them"))
            }
            Error::NotLocked { .. } => Report::new(heading, "there is nothing to break"),
            Error::OtherHolder { holder, .. } => {
                Report::new(heading, format!("{} has it, by claim {}", holder.principal, holder.claim)).stopped()
            }
            Error::Store { error, .. } => {
                let report = Report::new(heading, error.to_string());
                match *error {
                    LockError::Damaged { key, .. } => {
                        report.hint(format!("if nobody works on the environment, delete {key} in the store"))
                    }
                    LockError::Version { .. } => report.hint("use the version of billpay that the others use"),
                    LockError::Store(failure) if failure.code == "NoSuchBucket" => report
                        .hint("correct `state` in the spec, or BILLPAY_STATE")
                        .hint("if it is gone for good: `billpay state move --lost` goes on without it"),
                    LockError::Store(failure) => {
                        let hints = hints_of(std::slice::from_ref(&failure));
                        let report = report.hint("put that right, or name another store with BILLPAY_STATE");
                        hints.into_iter().fold(report, Report::hint)
                    }
                    LockError::Busy { .. } => report,
                }
            }
            Error::NoStore(error) => {
                let mut report = Report::new(heading, error.message);
                report.hints = error.hints;
                report
            }
            Error::LocalStore { store, .. } => {
                Report::new(heading, format!("{store} keeps out nobody who works elsewhere; nothing was changed"))
                    .hint("say `state: s3` in the spec: provision makes the bucket")
                    .stopped()
            }
            Error::OtherStore { environment, .. } => {
                Report::new(heading, "its resources carry that address; nothing of it was changed")
                    .hint("correct `state` in the spec, or BILLPAY_STATE")
                    .hint(format!("or move it here with `billpay state move --env {environment}`"))
                    .stopped()
            }
            Error::Outdated(addresses) => Report::new(heading, format!("another plan would come out now: {}", some(&addresses)))
                .hint("nothing was changed: run it again, and look at the new plan"),
            Error::StoreTag(_) => Report::new(heading, "a resource carries it in the tag billpay:state, and nothing was changed")
                .hint("put the right address into the tag, or go on without the old store with --lost"),
            Error::OldStoreThere(_) => Report::new(heading, "it can be read, so it isn't lost; nothing was changed")
                .hint("leave out --lost"),
            Error::StoreAddress(_) => Report::new(heading, "nothing was changed")
                .hint("it is s3, s3://bucket/prefix, local, or the whole path of a directory"),
            Error::Conflicts(report) => {
                billpay_engine::Error::Conflicts(report.plan.conflicts.clone()).into()
            }
            Error::Leftovers { error, .. } => {
                let mut report = Report::from(error);
                report.details.insert(0, std::mem::replace(&mut report.heading, heading));
                report.hint("run it again: it looks again")
            }
            Error::UnknownComponent { name, known } => {
                let report = Report::new(heading, format!("components: {}", known.join(", ")));
                match nearest(&name, known.iter().map(String::as_str)) {
                    Some(meant) => report.hint(format!("did you mean `{meant}`?")),
                    None => report,
                }
            }
            Error::PlanFile { why, .. } => {
                Report::new(heading, why).hint("make one with `billpay provision --env <name> --out <file>`")
            }
            Error::SavePlan { why, .. } => Report::new(heading, why),
            Error::OnlySpecOfPlan(error) => {
                Report::from(error).hint("or let the plan's own spec count with --spec-from-plan")
            }
            Error::Declined => Report::new("nothing was changed", heading),
            Error::Unattended { .. } => Report::new("nothing was changed", heading)
                .hint("look at the plan, then confirm with --auto-approve"),
            Error::WrongName { environment, .. } => Report::new("nothing was changed", heading)
                .hint(format!("look at the plan, then confirm with --confirm {environment}"))
                .stopped(),
            Error::Docs(error) => error.into(),
            Error::Entity(error) => error.into(),
            Error::Site(error) => error.into(),
            Error::Publish(error) => (*error).into(),
            Error::NoEntity { .. } => Report::new("it is not clear whose documentation this is", heading)
                .hint("name the entity with --entity namespace/kind/name"),
            Error::NoDocsBucket { environment } => {
                Report::new("there is no bucket for documentation", heading).hint(format!(
                    "add `buckets: {{ {TECHDOCS}: {{}} }}` to the spec, and run `billpay provision --env {environment}`"
                ))
            }
            Error::NotLoaded(name) => Report::new(heading, name),
            Error::EmbeddedTemplate(why) => {
                Report::new(heading, why).hint("this is a mistake in billpay; report it")
            }
            Error::Tree(error) => error.into(),
            Error::Manifests(error) => error.into(),
            Error::TwoImages { .. } => Report::new(heading, "give --image once for each service"),
            Error::TwoValues { path, .. } => {
                Report::new(heading, format!("{} has more of them", path.display()))
            }
            Error::Values(findings) => Report {
                heading,
                details: vec![],
                hints: vec![],
                findings: Some(findings),
                code: exit::ERROR,
            },
            Error::SeveralAccounts(_) => {
                Report::new("the account is not clear", heading).hint("choose one with --account")
            }
        }
    }
}

fn locked(heading: String, environment: &str, holder: &LockHolder, waited: Duration) -> Report {
    let LockHolder { principal, host, pid, run_url, command, since, heartbeat, .. } = holder;
    let mut report =
        Report::new(heading, format!("{principal} on {host} (process {pid}) runs `{command}` since {since}"));
    report.details.extend(run_url.as_ref().map(|url| format!("the run: {url}")));
    report.details.extend(heartbeat.as_ref().map(|at| format!("its last heartbeat: {at}")));
    report.details.push(format!("waited {} s", waited.as_secs()));
    report.hint("wait for it longer with --lock-timeout 30m; one that is gone is found out after 30 s").hint(
        format!(
            "if it is hung, stop it; or take the lock from it with `billpay lock break --env {environment}`"
        ),
    )
}

impl From<SiteError> for Report {
    fn from(error: SiteError) -> Report {
        Report::new("there is no site to publish", error.to_string())
    }
}

impl From<TreeError> for Report {
    fn from(error: TreeError) -> Report {
        let mut report = Report::new("the tree was not written", error.to_string());
        report.hints = error.hints();
        report
    }
}

impl From<SourceError> for Report {
    fn from(error: SourceError) -> Report {
        let mut report = Report::new("there is no such template to use", error.to_string());
        report.hints = error.hints();
        report
    }
}

impl From<RecordError> for Report {
    fn from(error: RecordError) -> Report {
        let mut report =
            Report::new("what the project remembers of its templates can't be read", error.to_string());
        report.hints = error.hints();
        report
    }
}

impl From<RecordDefect> for Report {
    fn from(error: RecordDefect) -> Report {
        Report::new("the answers can't be remembered", error.to_string())
    }
}

impl From<kubernetes::Error> for Report {
    fn from(error: kubernetes::Error) -> Report {
        let report = Report::new("the manifests can't be rendered", error.to_string());
        match error {
            kubernetes::Error::UnknownService { did_you_mean, known, .. } => {
                let report = match did_you_mean {
                    Some(meant) => report.hint(format!("did you mean `{meant}`?")),
                    None => report,
                };
                report.hint(format!("there are: {}", known.join(", ")))
            }
            kubernetes::Error::NotWanted { name, .. } => {
                report.hint(format!("add --service {name}, or leave them out"))
            }
            kubernetes::Error::NoImage(names) => {
                let name = names.first().map_or("NAME", String::as_str);
                report
                    .hint(format!("name it: --image {name}=REGISTRY/REPOSITORY@sha256:DIGEST"))
                    .hint("or choose the services with --service")
            }
            kubernetes::Error::ManifestError(_) | kubernetes::Error::Path(_) => report,
        }
    }
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

impl From<PublishError> for Report {
    fn from(error: PublishError) -> Report {
        let mut report = Report::new("the site was not published", error.to_string());
        let PublishError { error, bucket, region, environment } = error;
        let upload::PublishError::Failed { failure, uploaded } = error else {
            return report.hint("build it with `billpay docs build`");
        };
        match failure.class {
            FailureClass::NotFound => {
                report.heading = format!("there is no bucket {bucket}");
                report.hints.push(match environment {
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
            report.hints.push(format!("{bucket} is not in {region}: correct the region"));
        }
        if uploaded > 0 {
            let written = plural::count(uploaded, "file");
            report.details.push(format!("{written} had been written; the site can still be read"));
            report.hints.push("run it again: it goes on from what is there".to_string());
        }
        report
    }
}

impl From<std::io::Error> for Report {
    fn from(error: std::io::Error) -> Report {
        Report::new("can't read or write", error.to_string())
    }
}

impl From<billpay_engine::Error> for Report {
    fn from(error: billpay_engine::Error) -> Report {
        let mut report = Report::new(error.to_string(), "");
        report.details.clear();
        match error {
            billpay_engine::Error::Observe(failures) | billpay_engine::Error::WriteStore(failures) => {
                report.details = failures.iter().map(Failure::to_string).collect();
                report.hints = hints_of(&failures);
            }
            billpay_engine::Error::WrongAccount { expected, arn, .. } => {
                report.details.push(format!("signed in as {arn}"));
                report.hints.push(format!("sign in to {expected}, or correct `account` in the spec"));
            }
            billpay_engine::Error::LivesElsewhere { expected, regions } => {
                for (region, addresses) in &regions {
                    report.details.push(format!("there is in {region}, for example: {}", some(addresses)));
                }
                let region = regions.keys().next().cloned().unwrap_or_default();
                report.hints.push(format!(
                    "an environment lives in one region: set `region` back to {region}, or give the one in \
                     {expected} another name"
                ));
            }
            billpay_engine::Error::NothingToKeep(_) => {
                report.hints.push("the plan names the ids among which --keep chooses".to_string());
            }
            billpay_engine::Error::Protected { environment, protection, changes } => {
                report.code = exit::STOPPED;
                if protection.spec {
                    report.details.push("the spec says `protected: true`".to_string());
                }
                if !protection.resources.is_empty() {
                    report.details.push(format!("protected in AWS: {}", some(&protection.resources)));
                }
                report.details.push(format!("would be deleted, replaced or unprotected: {}", some(&changes)));
                report.hints.push(format!(
                    "nothing was changed: look at the plan, then confirm with --confirm {environment}"
                ));
            }
            billpay_engine::Error::GivesAccess(addresses) => {
                report.details.push(format!("not allowed: {}", some(&addresses)));
                report.hints.push(
                    "run it in the repository that has the spec, or name the directory with --specs DIR"
                        .to_string(),
                );
            }
            billpay_engine::Error::Conflicts(conflicts) => {
                for conflict in &conflicts {
                    let (detail, hint) = explain(conflict);
                    report.details.push(detail);
                    if !report.hints.contains(&hint) {
                        report.hints.push(hint);
                    }
                }
            }
            billpay_engine::Error::StalePlan(addresses) => {
                report.details =
                    addresses.iter().map(|address| format!("{address} has changed since")).collect();
                report.hints.push("make a new plan, have it reviewed, and apply that".to_string());
            }
            billpay_engine::Error::OtherSpec(keys) => {
                report.details = keys.iter().map(|key| format!("`{key}` has changed since")).collect();
                report.hints.push("make a new plan, have it reviewed, and apply that".to_string());
            }
            billpay_engine::Error::OtherGoal => {
                report.hints.push("`billpay destroy` does, and asks first".to_string());
            }
            billpay_engine::Error::OtherEnvironment { actual, .. } => {
                report
                    .hints
                    .push(format!("use --env {actual}, or the plan that belongs to this environment"));
            }
            billpay_engine::Error::Cycle(_) => {
                let way =
                    "nothing was changed; go in two steps: apply first what leaves the spec, then the rest";
                report.hints.push(way.to_string());
            }
        }
        report
    }
}

/// The first few of many addresses.
fn some(addresses: &BTreeSet<Address>) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = addresses.iter().take(SHOWN).map(Address::to_string).collect();
    let more = addresses.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &more
}

/// Returns advice about failures, each hint once.
pub fn hints_of<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> Vec<String> {
    let mut hints: Vec<String> = failures.into_iter().filter_map(|f| f.hint().map(str::to_string)).collect();
    hints.sort();
    hints.dedup();
    hints
}

/// Explains a conflict, and the way out of it.
pub fn explain(conflict: &Conflict) -> (String, String) {
    match conflict {
        Conflict::NotOurs { address, id, evidence, key } => (
            format!("{address} wants the name {id}, which is taken: {evidence}"),
            format!(
                "change `{key}` in the spec, or delete what has that name; or hand it over to the environment \
                 with the tags {PROJECT_TAG}, {ENVIRONMENT_TAG}, {REGION_TAG} and {ADDRESS_TAG}={address}"
            ),
        ),
        Conflict::Unproven { address, id, key, commands } => (
            format!("{id} carries the tags of {address}, and nothing else shows that billpay made it"),
            format!(
                "if it is another project's, change `{key}` in the spec; if it is somebody's copy, take \
                 {ENVIRONMENT_TAG} and {ADDRESS_TAG} off it; only if it is this environment's: {}",
                commands.join("; ")
            ),
        ),
        Conflict::NoRegion { address, id, commands } => (
            format!(
                "{id} ({address}) is in no region, and nothing shows that its environment lives in this one"
            ),
            format!(
                "if it does, say so on it: {}; else set `region` to where the environment lives",
                commands.join("; ")
            ),
        ),
        Conflict::Several { address, ids } => (
            format!(
                "{} carry the tags of {address}, and nothing shows which one billpay made",
                ids.join(" and ")
            ),
            format!("choose one: --keep {}; the others only lose these tags", ids.join(" or --keep ")),
        ),
        Conflict::Refused { address, why } => {
            (format!("{address}: {why}"), "nothing was changed: correct the spec and plan again".to_string())
        }
        Conflict::CannotEnd { address, id, obstacle, blockers } => {
            obstacle::explain(address, id.as_deref(), obstacle, blockers)
        }
        Conflict::NeedsExcluded { address, needs } => (
            format!("{address} needs {needs}, which is not there"),
            format!("include the component `{}`", needs.component()),
        ),
        Conflict::StoodOnByExcluded { address, by } => (
            format!("{address} can't go while {by} stands on it"),
            format!("include the component `{}`", by.component()),
        ),
    }
}
