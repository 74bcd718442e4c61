//! The use cases without a command line: a second front end in small, over a cloud in memory.

#[path = "../engine/account.rs"]
#[allow(dead_code)]
mod account;
#[path = "../engine/cloud.rs"]
#[allow(dead_code)]
mod cloud;
#[path = "../engine/kinds.rs"]
#[allow(dead_code)]
mod kinds;
#[path = "../engine/spec.rs"]
#[allow(dead_code)]
mod spec;

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use account::Account;
use async_trait::async_trait;
use billpay_core::approval::{Answer, Approver};
use billpay_core::history::{ChangeResult, RunState, history};
use billpay_core::lock::{Interrupt, break_lock, show_lock};
use billpay_core::plan::{PlanReport, PlanRequest, PlanSource, plan};
use billpay_core::provision::{DestroyRequest, ProvisionRequest, RunOptions, RunReport, destroy, provision};
use billpay_core::report::{Report, json_schema, to_json};
use billpay_core::scaffold::{
    AnswerOptions, Confirmation, Error as ScaffoldError, InterviewError, Interviewer, NewRequest,
    TemplateLocation, UpdateReport, UpdateRequest, new, update,
};
use billpay_core::state::{MoveRequest, move_state, show_state};
use billpay_core::status::{State, status};
use billpay_core::{Error, Ports};
use billpay_engine::cloud::{Cloud, Connector};
use billpay_engine::plan::{Goal, Kinds, Selection};
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::event::{Event, Observer, Silent};
use billpay_model::failure::Failure;
use billpay_model::local::{LocalAccess, LocalCloud, LocalStatus};
use billpay_model::resource::Desired;
use billpay_model::site::{SiteStore, SiteStores};
use billpay_model::store::{CreateResult, ObjectStore, StateStores, StoreAddress};
use billpay_scaffold::{Answers, ProjectTemplate};
use billpay_state::directory::DirectoryStore;
use billpay_tree::ConflictPolicy;
use cloud::MemoryCloud;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spec::{Sketch, desired};

/// Clouds of one account, each a process of its own.
#[derive(Clone, Default)]
struct Memory {
    account: Arc<Account>,
    processes: Arc<AtomicU32>,
    /// Set if the cloud is on another machine.
    is_far: bool,
}

#[async_trait]
impl Connector for Memory {
    fn kinds(&self) -> Kinds {
        kinds::infos()
    }

    fn is_on_this_machine(&self) -> bool {
        !self.is_far
    }

    fn desire(&self, env: &Environment) -> Vec<Desired> {
        let bucket = Sketch::new("bucket", &[]);
        desired(env, &[Sketch::new("vpc", &[]), Sketch::new("nat-gateway", &[0]), bucket])
    }

    async fn connect(&self, env: &Environment, _: &dyn Observer) -> Result<Box<dyn Cloud>, ConnectError> {
        let run = format!("run{}", self.processes.fetch_add(1, Ordering::Relaxed));
        let mut cloud = MemoryCloud::new(self.account.clone(), env, &run, self.desire(env));
        cloud.writes_ids_at_once = true;
        Ok(Box::new(cloud))
    }
}

/// Ports that these use cases must not ask for.
struct Nothing;

fn none<T>() -> Result<T, ConnectError> {
    Err(ConnectError { message: "there is none".to_string(), hints: vec![] })
}

#[async_trait]
impl SiteStores for Nothing {
    async fn open(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: &dyn Observer,
    ) -> Result<Box<dyn SiteStore>, ConnectError> {
        none()
    }
}

#[async_trait]
impl LocalCloud for Nothing {
    async fn up(&self, _: &dyn Observer) -> Result<String, ConnectError> {
        none()
    }

    async fn down(&self) -> Result<bool, ConnectError> {
        none()
    }

    async fn reset(&self) -> Result<(), ConnectError> {
        none()
    }

    async fn status(&self) -> Result<LocalStatus, ConnectError> {
        none()
    }

    async fn access(&self, _: &str) -> Result<LocalAccess, ConnectError> {
        none()
    }
}

/// A directory that is gone with the test: the user's own store and buckets are in it.
#[derive(Clone)]
struct Stores(Arc<tempfile::TempDir>);

impl Default for Stores {
    fn default() -> Stores {
        Stores(Arc::new(tempfile::tempdir().unwrap()))
    }
}

#[async_trait]
impl StateStores for Stores {
    async fn open(
        &self,
        _: &Environment,
        address: Option<&StoreAddress>,
    ) -> Result<Arc<dyn ObjectStore>, ConnectError> {
        Ok(match address {
            Some(bucket @ StoreAddress::Bucket { bucket: name, .. }) => {
                Arc::new(Bucket(DirectoryStore::at(self.0.path().join(name)), bucket.to_string()))
            }
            _ => Arc::new(DirectoryStore::at(self.0.path().join("own"))),
        })
    }
}

/// A directory that takes itself for a bucket.
struct Bucket(DirectoryStore, String);

#[async_trait]
impl ObjectStore for Bucket {
    fn address(&self) -> String {
        self.1.clone()
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure> {
        self.0.create(key, body).await
    }

    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        self.0.write(key, body).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.0.read(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        self.0.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), Failure> {
        self.0.delete(key).await
    }
}

/// Keeps all events.
#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl Observer for Log {
    fn observe(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// Always gives one answer, and keeps the plans that it was shown.
struct Always(Answer, Mutex<Vec<PlanReport>>);

impl Approver for Always {
    fn approve(&self, plan: &PlanReport) -> io::Result<Answer> {
        self.1.lock().unwrap().push(plan.clone());
        Ok(self.0.clone())
    }
}

fn always(answer: Answer) -> Always {
    Always(answer, Mutex::default())
}

fn ports() -> Ports {
    Ports {
        connector: Box::new(Memory::default()),
        sites: Box::new(Nothing),
        local: Box::new(Nothing),
        state: Box::new(Stores::default()),
        specs: Some(billpay_testkit::project().join("environments")),
    }
}

fn options() -> RunOptions {
    RunOptions { parallelism: 8, lock_timeout: Duration::ZERO, interrupt: Interrupt::default() }
}

fn everything() -> PlanSource {
    PlanSource::Spec { selection: Selection::default(), keep: BTreeSet::new() }
}

fn request(environment: &str) -> ProvisionRequest {
    ProvisionRequest { environment: environment.to_string(), source: everything(), run: options() }
}

fn undo(environment: &str) -> DestroyRequest {
    let (selection, keep) = (Selection::default(), BTreeSet::new());
    DestroyRequest { environment: environment.to_string(), selection, keep, run: options() }
}

/// Writes a report, checks it against its schema, and reads it back.
fn round_trip<R: Report + DeserializeOwned + PartialEq + std::fmt::Debug>(report: &R) {
    let json = to_json(report).unwrap();
    let schema = json_schema::<R>().to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(serde_json::from_value::<R>(json).unwrap(), *report);
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_planned_made_looked_at_and_deleted() {
    let ports = ports();
    let log = Log::default();
    let to_plan = PlanRequest { environment: "dev".to_string(), source: everything(), goal: Goal::Converge };
    let planned = plan(&ports, &to_plan, &log).await.unwrap().report;
    assert_eq!((planned.counts.create, planned.counts.changes()), (3, 3));
    round_trip(&planned);

    let approver = always(Answer::Yes);
    let made = provision(&ports, &request("dev"), &log, &approver).await.unwrap();
    assert!(made.report.is_complete() && made.report.outcome.done.len() == 3);
    assert_eq!(
        *approver.1.lock().unwrap(),
        [made.plan],
        "the plan that was approved is the one that was applied"
    );
    round_trip(&made.report);
    let events = log.0.lock().unwrap().clone();
    let position = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let begin = position(|event| matches!(event, Event::Applying { of: 3, .. }));
    let end = position(|event| matches!(event, Event::Ended));
    let finished = events.iter().filter(|event| matches!(event, Event::Finished { .. })).count();
    assert!(begin < end && finished == 3, "{events:#?}");
    assert!(events.contains(&Event::Progress { done: 3, of: 3, remaining_seconds: 0 }));
    for event in events {
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    let again = provision(&ports, &request("dev"), &Silent, &always(Answer::No)).await.unwrap();
    assert_eq!(again.report.resources, Some(3), "nothing to do, and nobody asked");
    let there = status(&ports, "dev", &Silent).await.unwrap();
    assert!(there.resources.len() == 3 && there.resources.iter().all(|one| one.state == State::Ready));
    round_trip(&there);

    let gone = destroy(&ports, &undo("dev"), &Silent, &always(Answer::Yes)).await.unwrap();
    assert!(gone.report.is_complete() && gone.report.leftovers.as_ref().is_some_and(|left| left.is_empty()));
    round_trip(&gone.report);
    let nothing = destroy(&ports, &undo("dev"), &Silent, &always(Answer::No)).await.unwrap();
    assert_eq!(nothing.report.resources, Some(0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_changed_without_approval() {
    let ports = ports();
    for (answer, is_expected) in [
        (Answer::No, (|error| matches!(error, Error::Declined)) as fn(&Error) -> bool),
        (Answer::Unattended, |error| matches!(error, Error::Unattended { .. })),
        (Answer::Name("prod".to_string()), |error| matches!(error, Error::WrongName { .. })),
    ] {
        let error = provision(&ports, &request("dev"), &Silent, &always(answer.clone())).await.unwrap_err();
        assert!(is_expected(&error), "{answer:?}: {error:?}");
        assert!(status(&ports, "dev", &Silent).await.unwrap().resources.iter().all(|one| one.id.is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_protected_environment_goes_only_by_its_name() {
    let ports = ports();
    provision(&ports, &request("prod"), &Silent, &always(Answer::Yes)).await.unwrap();
    let is_protected = |error: &Error| matches!(error, Error::Engine(billpay_engine::Error::Protected { changes, .. }) if changes.len() == 3);
    for answer in [Answer::Yes, Answer::Unattended] {
        let error = destroy(&ports, &undo("prod"), &Silent, &always(answer)).await.unwrap_err();
        assert!(is_protected(&error), "{error:?}");
    }
    let named = always(Answer::Name("prod".to_string()));
    let gone = destroy(&ports, &undo("prod"), &Silent, &named).await.unwrap();
    assert!(gone.report.is_complete());
    assert!(named.1.lock().unwrap()[0].protection.as_ref().is_some_and(|one| one.protection.spec));
}

#[tokio::test(start_paused = true)]
async fn a_protected_environment_has_its_lock_where_others_reach_it() {
    let far = Memory { is_far: true, ..Memory::default() };
    let ports = Ports { connector: Box::new(far), ..ports() };
    let refused = provision(&ports, &request("prod"), &Silent, &always(Answer::Yes)).await;
    assert!(matches!(refused, Err(Error::LocalStore { .. })), "{refused:?}");
    let log = Log::default();
    provision(&ports, &request("dev"), &log, &always(Answer::Yes)).await.unwrap();
    let notes = log.0.into_inner().unwrap();
    let is_said = |event: &Event| matches!(event, Event::Note { message } if message.contains("`state: s3`"));
    assert!(notes.iter().any(is_said), "{notes:?}");
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_protected_environment_moves_to_where_others_reach_it() {
    let (near, stores) = (Memory::default(), Stores::default());
    let with =
        |memory: Memory| Ports { connector: Box::new(memory), state: Box::new(stores.clone()), ..ports() };
    provision(&with(near.clone()), &request("prod"), &Silent, &always(Answer::Yes)).await.unwrap();
    let far = with(Memory { is_far: true, ..near });
    let to_move = |to: &str| MoveRequest {
        environment: "prod".to_string(),
        to: Some(to.to_string()),
        from: None,
        is_lost: false,
        lock_timeout: Duration::ZERO,
        interrupt: Interrupt::default(),
    };
    let moved = move_state(&far, &to_move("s3://acme-runs/billpay"), &Silent).await.unwrap();
    round_trip(&moved);
    assert!(moved.is_shared && moved.objects >= 3 && moved.resources == 3, "{moved:?}");
    let shown = show_state(&far, "prod", &Silent).await.unwrap();
    round_trip(&shown);
    assert_eq!(shown.tags, ["s3://acme-runs/billpay".to_string()].into());
    // Once more there is nothing to do, and back to this machine there is no way.
    let again = move_state(&far, &to_move("s3://acme-runs/billpay"), &Silent).await.unwrap();
    assert_eq!((again.objects, again.resources), (0, 0));
    let back = move_state(&far, &to_move("local"), &Silent).await;
    assert!(matches!(back, Err(Error::LocalStore { .. })), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_says_what_is_left() {
    let ports = ports();
    let request = request("dev");
    request.run.interrupt.stop.cancel();
    let run = provision(&ports, &request, &Silent, &always(Answer::Yes)).await.unwrap();
    let RunReport { outcome, .. } = run.report;
    assert!(outcome.interrupted && outcome.left.len() == 3 && outcome.done.is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_at_once_one_works_and_the_other_is_told_who() {
    let ports = ports();
    let (one, other) = (request("dev"), request("dev"));
    let yes = always(Answer::Yes);
    let runs = tokio::join!(provision(&ports, &one, &Silent, &yes), provision(&ports, &other, &Silent, &yes));
    let (done, refused) = match runs {
        (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused),
        both => panic!("{both:?}"),
    };
    assert!(done.report.is_complete());
    let Error::Locked { holder, .. } = refused else { panic!("{refused}") };
    assert_eq!(
        (holder.principal.as_str(), holder.command.as_str(), holder.is_gone),
        ("me", "provision", false)
    );
    let free = show_lock(&ports, "dev").await.unwrap();
    assert_eq!(free.holder, None, "it is released");
    round_trip(&free);
    // Also by a run that failed, and one that was refused.
    provision(&ports, &request("dev"), &Silent, &always(Answer::No)).await.unwrap();
    destroy(&ports, &undo("dev"), &Silent, &always(Answer::No)).await.unwrap_err();
    assert_eq!(show_lock(&ports, "dev").await.unwrap().holder, None);
}

/// Runs the future of a provision for so many seconds, and then no more, as a killed process would.
async fn cut_short(ports: &Ports, seconds: u64) {
    let (to_do, yes) = (request("dev"), always(Answer::Yes));
    let run = provision(ports, &to_do, &Silent, &yes);
    assert!(tokio::time::timeout(Duration::from_secs(seconds), run).await.is_err(), "it takes longer");
    // Its lock is released in the background.
    while show_lock(ports, "dev").await.unwrap().holder.is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_tells_what_runs_did_and_what_one_was_at() {
    let ports = ports();
    let nothing = history(&ports, "dev", None).await.unwrap();
    assert!(nothing.runs.is_empty());
    cut_short(&ports, 20).await;
    let log = Log::default();
    provision(&ports, &request("dev"), &log, &always(Answer::Yes)).await.unwrap();
    let notes = log.0.into_inner().unwrap();
    let note = notes.iter().find_map(|event| match event {
        Event::Note { message } if message.starts_with("the last run, `provision` of me at ") => {
            Some(message)
        }
        _ => None,
    });
    let note = note.unwrap_or_else(|| panic!("it is said what the last run was at: {notes:#?}"));
    assert!(
        note.contains("was cut short after 2 or more of 3 changes; not known how it ended: create "),
        "{note}"
    );
    // Nothing to do is no run that changes anything, and what was said once is not said again.
    let log = Log::default();
    provision(&ports, &request("dev"), &log, &always(Answer::No)).await.unwrap();
    let is_said =
        |event: &Event| matches!(event, Event::Note { message } if message.starts_with("the last run"));
    assert!(!log.0.into_inner().unwrap().iter().any(is_said));
    destroy(&ports, &undo("dev"), &Silent, &always(Answer::Yes)).await.unwrap();

    let runs = history(&ports, "dev", None).await.unwrap();
    round_trip(&runs);
    let told: Vec<_> =
        runs.runs.iter().map(|run| (run.command.as_str(), run.state, run.planned, run.done)).collect();
    let expected = [
        ("destroy", RunState::Done, 3, 3),
        ("provision", RunState::Done, 1, 1),
        ("provision", RunState::CutShort, 3, 2),
    ];
    assert_eq!(told, expected);
    let one = history(&ports, "dev", Some(&runs.runs[2].run)).await.unwrap();
    round_trip(&one);
    let changes = one.runs[0].changes.as_ref().unwrap();
    let unknown = changes.iter().filter(|change| change.result == ChangeResult::Unknown).count();
    assert!(changes.len() == 3 && unknown == 1, "{changes:#?}");
    let many = history(&ports, "dev", Some("2")).await.unwrap_err();
    assert!(matches!(many, Error::NoSuchRun { ref runs, .. } if runs.len() == 3), "{many}");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lock_is_broken_stops() {
    let ports = ports();
    let (to_do, yes) = (request("dev"), always(Answer::Yes));
    let breaking = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let held = show_lock(&ports, "dev").await.unwrap();
        round_trip(&held);
        let refused = break_lock(&ports, "dev", "somebody else", None).await.unwrap_err();
        assert!(matches!(refused, Error::OtherHolder { .. }), "{refused}");
        break_lock(&ports, "dev", "me", Some(1)).await.unwrap();
    };
    let (run, ()) = tokio::join!(provision(&ports, &to_do, &Silent, &yes), breaking);
    let report = run.unwrap().report;
    assert!(report.lock_lost.as_ref().is_some_and(|why| why.ends_with("has broken it")), "{report:?}");
    assert!(report.outcome.interrupted && !report.outcome.left.is_empty(), "{report:?}");
    round_trip(&report);
    let free = break_lock(&ports, "dev", "me", None).await.unwrap_err();
    assert!(matches!(free, Error::NotLocked { .. }), "{free}");
}

/// Answers nothing.
struct Nobody;

impl Interviewer for Nobody {
    fn may_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &dyn ProjectTemplate, _: Answers) -> Result<Answers, InterviewError> {
        unreachable!("nobody may be asked")
    }

    fn confirm(&self, _: &Confirmation<'_>) -> io::Result<bool> {
        unreachable!("nobody may be asked")
    }

    fn hide(&self, _: &Value) {}
}

#[test]
fn a_project_is_made_and_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template");
    let write = |name: &str, text: &str| {
        let path = template.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("cookiecutter.json", r#"{"name": "pay", "owner": "ada"}"#);
    write("{{cookiecutter.name}}/OWNER", "{{ cookiecutter.owner }}\n");
    let out = folder.path().join("pay");
    let request = NewRequest {
        template: template.display().to_string(),
        location: TemplateLocation::default(),
        answers: AnswerOptions { set: vec!["owner=eve".to_string()], ..AnswerOptions::default() },
        out: Some(out.clone()),
        dry_run: false,
        force: false,
    };
    let made = new(&request, &Nobody, &Silent).unwrap();
    assert_eq!((made.counts.create, &made.answers["owner"]), (1, &"eve".into()));
    assert_eq!(std::fs::read_to_string(out.join("OWNER")).unwrap(), "eve\n");
    assert!(matches!(new(&request, &Nobody, &Silent), Err(ScaffoldError::MadeBefore { .. })));

    write("{{cookiecutter.name}}/OWNER", "owner: {{ cookiecutter.owner }}\n");
    let request = |check| UpdateRequest {
        project: Some(out.clone()),
        template: None,
        from: None,
        location: TemplateLocation::default(),
        answers: AnswerOptions::default(),
        conflict: ConflictPolicy::Inline,
        check,
        allow_workflow_rights: false,
        allow_dirty: false,
    };
    let seen = update(&request(true), &Nobody, &Silent).unwrap();
    assert!(seen.stale && !seen.conflicts && seen.templates.len() == 1);
    let json = to_json(&seen).unwrap();
    let schema = json_schema::<UpdateReport>().to_value();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json), "{json:#}");
    // Git doesn't hold the project yet.
    assert!(matches!(update(&request(false), &Nobody, &Silent), Err(ScaffoldError::NotCommitted(_))));
    let dirty = UpdateRequest { allow_dirty: true, ..request(false) };
    update(&dirty, &Nobody, &Silent).unwrap();
    assert_eq!(std::fs::read_to_string(out.join("OWNER")).unwrap(), "owner: eve\n");
}
