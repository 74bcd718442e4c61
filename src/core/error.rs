//! Errors of the use cases; each keeps its cause.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use billpay_docs::build::DocsError;
use billpay_docs::entity::EntityError;
use billpay_docs::site::SiteError;
use billpay_model::address::Address;
use billpay_model::connect::ConnectError;
use billpay_model::findings::Findings;
use billpay_model::names::TECHDOCS;
use billpay_spec::directory::SpecError;
use billpay_state::lock::LockError;
use billpay_tree::disk::TreeError;

use crate::docs::PublishError;
use crate::kubernetes;
use crate::lock::LockHolder;
use crate::plan::PlanReport;
use crate::provision::Run;

/// Reason for which a use case ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Engine(#[from] billpay_engine::Error),
    /// Another run works on the environment.
    #[error("{environment} is locked")]
    Locked { environment: String, holder: Box<LockHolder>, waited: Duration },
    /// The lock was lost before anything was changed.
    #[error("the lock of {environment} was lost")]
    LockLost { environment: String, why: String },
    /// No run has the name, or several begin with it.
    #[error("there is no one run `{run}` of {environment}")]
    NoSuchRun { environment: String, run: String, runs: Vec<String> },
    #[error("nobody has the lock of {environment}")]
    NotLocked { environment: String },
    /// The lock is another one's than the one that was named.
    #[error("`{typed}` doesn't have the lock of {environment}")]
    OtherHolder { environment: String, typed: String, holder: Box<LockHolder> },
    #[error("the store of locks at {store} can't be used")]
    Store {
        store: String,
        #[source]
        error: Box<LockError>,
    },
    /// There is no store at the address.
    #[error("the store of locks can't be used")]
    NoStore(#[source] ConnectError),
    /// The environment is protected, and its lock would be on this machine alone.
    #[error("{environment} is protected, and its lock would be on this machine alone")]
    LocalStore { environment: String, store: String },
    /// Resources of the environment say that its lock is in another store.
    #[error("the lock of {environment} is in {}, not in {store}", .named.join(" and "))]
    OtherStore { environment: String, store: String, named: Vec<String> },
    /// A resource names something else than a bucket as the store of its lock.
    #[error("`{0}` is no address of a shared store")]
    StoreTag(String),
    /// A store that is said to be lost is there.
    #[error("the store {0} is there")]
    OldStoreThere(String),
    /// The text is no address of a store.
    #[error("`{0}` is no address of a store")]
    StoreAddress(String),
    /// Another plan would come out than when a question was asked.
    #[error("what is there has changed since the plan was made")]
    Outdated(BTreeSet<Address>),
    /// The plan has conflicts, which it holds.
    #[error("the plan can't be applied")]
    Conflicts(Box<PlanReport>),
    /// Everything planned was deleted, but the cloud can't be read to see what is left.
    #[error("everything was deleted, but it is not known what is left")]
    Leftovers { run: Box<Run>, error: billpay_engine::Error },
    #[error("there is no component `{name}`")]
    UnknownComponent { name: String, known: Vec<String> },
    #[error("can't use the plan in {}", .path.display())]
    PlanFile { path: PathBuf, why: String },
    #[error("can't write the plan to {}", .path.display())]
    SavePlan { path: PathBuf, why: String },
    /// The plan is in a file, its spec is not: only the plan's own spec could count.
    #[error(transparent)]
    OnlySpecOfPlan(SpecError),
    /// The plan was not approved.
    #[error("the answer was no")]
    Declined,
    /// There is no terminal to ask on, or the output is for a program.
    #[error("there is no terminal to ask on, or its output is JSON")]
    Unattended { environment: String },
    /// The name that was typed is another one.
    #[error("`{typed}` is not the name of the environment")]
    WrongName { typed: String, environment: String },
    #[error("the environments live in several accounts: {}", .0.join(", "))]
    SeveralAccounts(Vec<String>),
    #[error(transparent)]
    Ask(#[from] io::Error),
    #[error(transparent)]
    Docs(#[from] DocsError),
    #[error(transparent)]
    Entity(#[from] EntityError),
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error("no catalog-info.yaml in {}", .dir.display())]
    NoEntity { dir: PathBuf },
    #[error("the spec of {environment} has no bucket `{TECHDOCS}`")]
    NoDocsBucket { environment: String },
    #[error(transparent)]
    Publish(Box<PublishError>),
    #[error("there is no such environment")]
    NotLoaded(String),
    /// A template that billpay brings along can't be rendered: a mistake of billpay's.
    #[error("a template can't be rendered")]
    EmbeddedTemplate(String),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Manifests(#[from] kubernetes::Error),
    #[error("`{service}` has two images")]
    TwoImages { service: String },
    #[error("there are values for `{service}` already")]
    TwoValues { service: String, path: PathBuf },
    #[error("the values have {}", .0.count())]
    Values(Box<Findings>),
}
