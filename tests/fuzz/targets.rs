//! The readers that take any bytes, each with what it does to what it could read.

use billpay_docs::{entity, mkdocs};
use billpay_engine::SavedPlan;
use billpay_manifests::Values;
use billpay_model::environment::Environment;
use billpay_model::findings::{Findings, SourceFile};
use billpay_scaffold::{
    Answers, Entry, ProjectTemplate, Record, RenderOptions, TemplateError, TemplateFile, TemplateFolder,
    backstage, cookiecutter, yaml,
};
use billpay_spec::{Sources, load};
use jiff::civil::date;
use serde_json::Value;

/// A reader, by the name of its folder in `corpus/`; it returns whether the input was right.
pub type Target = (&'static str, fn(&[u8]) -> bool);

pub const TARGETS: &[Target] = &[
    ("spec", spec),
    ("template.yaml", template),
    ("cookiecutter.json", cookiecutter_json),
    ("answers", answers),
    ("record", record),
    ("plan", plan),
    ("mkdocs.yml", mkdocs_yml),
    ("values", values),
    ("entity", catalog),
    ("replay", replay),
];

/// Shows findings: places that are none would be noticed here.
fn shown(findings: &Findings) -> bool {
    let shown = findings.render(true) + &findings.render(false);
    assert!(!shown.is_empty() && !findings.is_empty(), "a refusal without a word");
    false
}

fn refused(error: &TemplateError) -> bool {
    if let TemplateError::Wrong(findings) = error {
        shown(findings);
    }
    assert!(!error.to_string().is_empty(), "a refusal without a word");
    false
}

fn sources(input: &[u8]) -> Sources {
    Sources {
        shared: Some(SourceFile::new("shared.yaml", include_str!("../spec/base.yaml"))),
        entries: vec![],
        environment: SourceFile::new("dev.yaml", input),
    }
}

fn spec(input: &[u8]) -> bool {
    match load(&sources(input), date(2026, 11, 22)) {
        Ok(loaded) => !(loaded.show(true) + &loaded.warnings.render(false)).is_empty(),
        Err(findings) => shown(&findings),
    }
}

fn environment() -> Environment {
    thread_local! {
        static ENVIRONMENT: Environment =
            load(&sources(b"environment: dev\n"), date(2026, 11, 22)).expect("the base is sound").environment;
    }
    ENVIRONMENT.with(Clone::clone)
}

fn values(input: &[u8]) -> bool {
    match Values::read(&SourceFile::new("values.yaml", input), &environment(), &["dev", "prod"]) {
        Ok(_) => true,
        Err(findings) => shown(&findings),
    }
}

fn folder(name: &str, input: &[u8]) -> TemplateFolder {
    let file = |bytes: &[u8]| Entry::File(TemplateFile { bytes: bytes.to_vec(), executable: false });
    let entries = [(name.to_string(), file(input)), ("skeleton".into(), Entry::Folder)];
    let mut folder = TemplateFolder { name: "t".into(), entries: entries.into() };
    folder.entries.insert("skeleton/a.txt".into(), file(b"${{ values.name }}"));
    folder.entries.insert("{{cookiecutter.name}}".into(), Entry::Folder);
    folder.entries.insert("{{cookiecutter.name}}/a.txt".into(), file(b"{{ cookiecutter.name }}"));
    folder
}

/// Asks a template all that it asks, and takes its defaults for answers.
fn asked(template: Result<impl ProjectTemplate, TemplateError>) -> bool {
    let questions = template.and_then(|template| {
        template.steps();
        template.all_questions()?;
        template.next_question(&Answers::new())?;
        template.complete(&Answers::new())
    });
    questions.map_or_else(|error| refused(&error), |_| true)
}

fn template(input: &[u8]) -> bool {
    asked(backstage::open(&folder("template.yaml", input)))
}

fn cookiecutter_json(input: &[u8]) -> bool {
    let options = RenderOptions::PLAIN;
    asked(cookiecutter::open(&folder("cookiecutter.json", input), None, &options))
}

fn answers(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    match yaml::from_str::<Value>(text) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().contains(" at line "), "no place: {error}");
            false
        }
    }
}

/// A record that can be read is written so that it reads the same.
fn record(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let Ok(record) = Record::parse(text) else { return false };
    let again = record.print().expect("a record can be written");
    assert_eq!(Record::parse(&again), Ok(record), "{again}");
    true
}

fn plan(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let Ok(saved) = SavedPlan::parse(text) else { return false };
    let _ = saved.check_spec(&environment());
    let _ = saved.check_harmless(&billpay_aws::kinds::kinds());
    let _ = saved.plan.differs_from(&saved.plan);
    true
}

fn mkdocs_yml(input: &[u8]) -> bool {
    match mkdocs::config(&SourceFile::new("mkdocs.yml", input), &mkdocs::Wishes::default()) {
        Ok(config) => config.left_out.is_empty() || shown(&config.left_out),
        Err(findings) => shown(&findings),
    }
}

fn catalog(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    entity::described("catalog-info.yaml", text).is_ok()
}

fn replay(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    cookiecutter::replay("replay.json", text).map_or_else(|error| refused(&error), |_| true)
}
