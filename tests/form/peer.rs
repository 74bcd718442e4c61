//! The form against the portal's own: `@rjsf/utils` fills in, `jsonschema` judges.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use billpay_scaffold::Answers;
use billpay_scaffold::form::Form;
use serde_json::{Value, json};

use crate::generated::Generator;
use billpay_testkit::install;

/// As the portal has them that VALIDATORS' backend belongs to.
const PACKAGES: &[&str] = &[
    "@rjsf/utils@5.24.13",
    "@rjsf/validator-ajv8@5.24.13",
    "ajv@8.17.1",
    "json-schema-merge-allof@0.8.1",
    "jsonschema@1.5.0",
    "react@18.3.1",
];

/// Number of cases that are made up beside those of the corpus.
const GENERATED: u64 = 1_000;

/// Intended differences, and their reasons.
const DIFFERENCES: &[(&str, &str)] = &[
    ("a given choice that isn't offered", "is refused; the form drops it for the default without a word"),
    ("a name that no page has", "is refused, as it is a slip; the form carries it along unseen"),
    ("null", "is no answer; the form takes it for one where the type allows it"),
    ("what is behind a feature flag", "is not asked, as flags are set by each user of the portal"),
    ("schemas that lead into themselves without end", "are refused; the portal runs out of stack"),
];

struct Case {
    name: String,
    pages: Vec<Value>,
    answers: Value,
}

#[test]
#[ignore = "full tier: installs the libraries of the portal's form"]
fn the_form_fills_in_and_judges_as_the_portal_does() {
    let mut cases = corpus();
    let written = cases.len();
    for seed in 0..GENERATED {
        let mut generator = Generator::new(seed);
        let pages = generator.pages();
        let answers = generator.answers(&pages);
        cases.push(Case { name: format!("generated {seed}"), pages, answers });
    }
    let theirs = portal(&cases);
    let (mut wrong, mut accepted, mut refused, mut broken) = (vec![], 0, 0, 0);
    for (case, theirs) in cases.iter().zip(&theirs) {
        if theirs.get("broken").is_some()
            || theirs["accepted"].as_array().is_some_and(|a| a.iter().any(Value::is_string))
        {
            broken += 1;
            continue;
        }
        match compared(case, theirs) {
            Ok(true) => accepted += 1,
            Ok(false) => refused += 1,
            Err(difference) => wrong.push(format!(
                "{}: {difference}\n  pages {}\n  answers {}",
                case.name,
                json!(case.pages),
                case.answers
            )),
        }
    }
    println!(
        "{written} written cases, {GENERATED} generated: {accepted} accepted by both, {refused} refused by both, {broken} that the portal can't show"
    );
    for (name, reason) in DIFFERENCES {
        println!("different by intent: {name}: {reason}");
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(accepted > 300 && refused > 300, "the cases are one-sided");
}

/// Returns true if both accept; fails with the difference.
fn compared(case: &Case, theirs: &Value) -> Result<bool, String> {
    let form = Form::new(&case.pages).map_err(|error| format!("we refuse the pages: {error}"))?;
    let answers: Answers = case.answers.as_object().cloned().unwrap_or_default();
    let ours = Value::Object(form.filled(&answers));
    if !same(&ours, &theirs["state"]) {
        return Err(format!("filled in\n  ours   {ours}\n  theirs {}", theirs["state"]));
    }
    let accepted = theirs["accepted"].as_array().is_some_and(|pages| pages.iter().all(|page| page == true));
    match (form.complete(&answers), accepted) {
        (Ok(_), true) => Ok(true),
        (Err(_), false) => Ok(false),
        (Ok(_), false) => Err(format!("only they refuse {ours}")),
        (Err(faults), true) => Err(format!("only we refuse: {}", json!(faults))),
    }
}

/// As JSON that JavaScript reads.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn portal(cases: &[Case]) -> Vec<Value> {
    let program = billpay_testkit::project().join("tests/form/peer.mjs");
    let folder = install::once("rjsf-5.24.13", "installing the libraries of the portal's form", |folder| {
        fs::create_dir_all(folder).expect("the folder can be made");
        fs::write(folder.join("package.json"), "{\"private\": true}").expect("the package can be written");
        let flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"];
        install::run(Command::new("npm").args(flags).args(PACKAGES).current_dir(folder));
    });
    // Node looks for packages from where a program lies.
    fs::copy(program, folder.join("peer.mjs")).expect("the program can be copied");
    let input: Vec<Value> =
        cases.iter().map(|case| json!({ "pages": case.pages, "answers": case.answers })).collect();
    let mut node = Command::new("node");
    let mut child = node
        .arg("peer.mjs")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node can be started");
    child.stdin.take().expect("its input").write_all(json!(input).to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the portal's form failed");
    serde_json::from_slice(&output.stdout).expect("its results are JSON")
}

/// The written cases: pages, and several answers to each.
fn corpus() -> Vec<Case> {
    let text = include_str!("corpus.yaml");
    let forms: Vec<Value> = serde_yaml::from_str(text).expect("the corpus is YAML");
    let mut cases = vec![];
    for form in forms {
        let name = form["name"].as_str().expect("a name");
        let pages = match &form["pages"] {
            Value::Array(pages) => pages.clone(),
            page => vec![page.clone()],
        };
        for (at, answers) in form["answers"].as_array().expect("answers").iter().enumerate() {
            cases.push(Case {
                name: format!("{name} ({})", at + 1),
                pages: pages.clone(),
                answers: answers.clone(),
            });
        }
    }
    cases
}
