//! The dialogue on a real pseudo-terminal, which Python drives: the test program starts itself
//! again on it, as [`asks_when_started_by_another_test`].

use std::io::Write;
use std::process::{Command, Stdio};

use billpay_core::scaffold::AnswerOptions;
use billpay_scaffold::form::Form;
use billpay_scaffold::{About, RenderOptions, Rendering, StepReport};
use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::Cli;
use crate::error::Report;

/// Says to the test program that it is on the terminal; what it says is the answers given.
const ON_TERMINAL: &str = "BILLPAY_TEST_DIALOGUE";

/// Comes before the answers that the dialogue gave.
const ANSWERED: &str = "answered ";

const PAGES: &str = r#"
- title: The service
  required: [name, owner]
  properties:
    name: { title: Name, type: string, pattern: '^[a-z]+$', patternErrorMessage: small letters }
    owner: { title: Owner, type: string }
    cloud: { title: Cloud, type: string, enum: [aws, gcp], enumNames: [Amazon, Google], default: aws }
    languages: { title: Languages, type: array, uniqueItems: true, items: { type: string, enum: [go, rust] } }
    version: { title: Version, type: string, default: '1.0' }
    public: { title: Public, type: boolean, default: true }
  dependencies:
    public:
      oneOf:
        - { properties: { public: { const: false } } }
        - { properties: { public: { const: true }, domain: { title: Domain, type: string } }, required: [domain] }
- title: Where it runs
  required: [port]
  properties:
    token: { title: Token, type: string, ui:field: Secret }
    port: { title: Port, type: integer, minimum: 1024 }
    note: { title: "Note \e]0;title\a\u202e", description: "Help \e]0;title\a", type: string }
"#;

/// A template that asks and makes nothing.
struct Asking(Form, About);

impl ProjectTemplate for Asking {
    fn about(&self) -> &About {
        &self.1
    }

    fn next_question(&self, answers: &Answers) -> Result<Option<Question>, TemplateError> {
        Ok(self.0.next_question(answers))
    }

    fn all_questions(&self) -> Result<Vec<Question>, TemplateError> {
        Ok(self.0.all_questions())
    }

    fn complete(&self, answers: &Answers) -> Result<Answers, TemplateError> {
        self.0.complete(answers).map_err(TemplateError::Answers)
    }

    fn steps(&self) -> Vec<StepReport> {
        vec![]
    }

    fn render(
        &self,
        _: &Answers,
        _: &RenderOptions,
        _: &mut dyn FnMut(usize),
    ) -> Result<Rendering, TemplateError> {
        Ok(Rendering::default())
    }
}

fn template() -> Asking {
    let pages: Vec<Value> = serde_yaml::from_str(PAGES).expect("the pages are YAML");
    Asking(Form::new(&pages).expect("the pages are schemas"), About::default())
}

fn ui() -> Ui {
    Ui::of_process(&Cli::parse_from(["billpay", "doctor"]).global).expect("the terminal can be used")
}

#[test]
#[ignore = "started by the other tests, on a terminal"]
fn asks_when_started_by_another_test() {
    let Ok(sets) = std::env::var(ON_TERMINAL) else {
        return billpay_testkit::skip_even_in_ci("the other tests start it, on a terminal");
    };
    let template = template();
    let ui = ui();
    let set = sets.split_whitespace().map(str::to_string).collect();
    let code = match (AnswerOptions { set, ..AnswerOptions::default() }).all(&template, &ui) {
        Ok(answers) => {
            println!("{ANSWERED}{}", Value::Object(answers));
            0
        }
        Err(error) => {
            let report = Report::from(error);
            ui.report(&report);
            report.code
        }
    };
    std::process::exit(code.into());
}

/// Screen and result of somebody who waited for texts and typed others.
struct Screen {
    text: String,
    code: i64,
}

impl Screen {
    fn answers(&self) -> Value {
        let line = self.text.lines().find_map(|line| line.split_once(ANSWERED));
        let (_, answers) = line.unwrap_or_else(|| panic!("no answers in {}", self.text));
        serde_json::from_str(answers).expect("the answers are JSON")
    }
}

fn dialogue(given: &str, env: &[(&str, &str)], steps: &[(&str, &str)]) -> Screen {
    let program = std::env::current_exe().expect("this program");
    let test = "ask::tests::asks_when_started_by_another_test";
    let mut variables = json!({ "TERM": "xterm", ON_TERMINAL: given });
    for (name, value) in env {
        variables[name] = (*value).into();
    }
    let steps: Vec<Value> =
        steps.iter().map(|(wait, keys)| json!({ "expect": wait, "send": keys })).collect();
    let task = json!({
        "command": [program.to_string_lossy(), "--exact", test, "--ignored", "--nocapture"],
        "env": variables, "unset": ["CI", "GITHUB_ACTIONS", "NO_COLOR"], "steps": steps,
    });
    let driver = billpay_testkit::project().join("tests/form/terminal.py");
    let mut python = Command::new("python3");
    let mut python =
        python.arg(driver).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    python.stdin.take().expect("its input").write_all(task.to_string().as_bytes()).expect("it reads");
    let output = python.wait_with_output().expect("it ends");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("what it saw");
    let text = seen["seen"].as_str().unwrap_or_default().to_string();
    assert!(seen["missed"].is_null(), "never seen: {}, but\n{text}", seen["missed"]);
    assert_eq!(seen["sane"], true, "the terminal is left in another mode:\n{text}");
    assert_eq!(seen["cursor"], true, "the cursor is left hidden:\n{text}");
    Screen { text, code: seen["code"].as_i64().unwrap_or(-1) }
}

const DOWN: &str = "\x1b[B";
const CTRL_C: &str = "\x03";

#[test]
fn people_are_asked_page_by_page_until_every_answer_is_right() {
    let down = format!("{DOWN}\r");
    let seen = dialogue(
        "",
        &[],
        &[
            ("The service", ""),
            ("Name", "X1\r"),
            ("must match ^[a-z]+$: small letters", "\x7f\x7fpayments\r"),
            ("Owner", "\r"),
            ("is needed", "team\r"),
            ("Cloud", &down),
            ("Languages", &format!("{DOWN} \r")),
            ("Version", "\r"),
            ("Public", "n"),
            ("Where it runs", ""),
            ("Token", "hush-hush\r"),
            ("Port", "80\r"),
            ("must be at least 1024", "\x7f\x7f8080\r"),
            ("Note", "\r"),
        ],
    );
    assert!(!seen.text.contains("\x1b]0;") && !seen.text.contains('\u{202e}'), "{:?}", seen.text);
    for shown in ["Note \\u{1b}]0;title", "Help \\u{1b}]0;title"] {
        assert!(seen.text.contains(shown), "{shown}: {:?}", seen.text);
    }
    assert_eq!(seen.code, 0, "{}", seen.text);
    let expected = json!({
        "name": "payments", "owner": "team", "cloud": "gcp", "languages": ["rust"], "version": "1.0",
        "public": false, "token": "hush-hush", "port": 8080,
    });
    assert_eq!(seen.answers(), expected);
    let before = seen.text.split(ANSWERED).next().unwrap_or_default();
    assert!(!before.contains("hush"), "the secret was shown:\n{before}");
    assert!(!before.contains("Domain"), "asked for what isn't needed:\n{before}");
}

#[test]
fn what_is_given_is_not_asked_for() {
    let given = "name=x owner=o cloud=gcp languages=go version=01 public=yes token=t port=8080 note=";
    let seen = dialogue(given, &[], &[("Domain", "a.example\r")]);
    let answers = seen.answers();
    assert_eq!(answers["domain"], "a.example");
    assert_eq!(answers["version"], "01");
    assert!(!seen.text.contains("Owner"), "{}", seen.text);
}

#[test]
fn a_wrong_answer_is_refused_before_anybody_is_asked() {
    let seen = dialogue("cloud=awz", &[], &[]);
    assert_eq!(seen.code, 1);
    assert!(seen.text.contains("\"awz\" is not one of aws, gcp; did you mean `aws`?"), "{}", seen.text);
    assert!(!seen.text.contains("Name"), "{}", seen.text);
}

#[test]
fn ctrl_c_ends_every_kind_of_prompt_and_leaves_the_terminal_sane() {
    let rest = "owner=o languages=go version=1 port=8080 note=n";
    for (given, prompt) in [
        ("cloud=aws public=no token=t", "Name"),
        ("name=x public=no token=t", "Cloud"),
        ("name=x cloud=aws token=t", "Public"),
        ("name=x cloud=aws public=no", "Token"),
    ] {
        let seen = dialogue(&format!("{given} {rest}"), &[], &[(prompt, CTRL_C)]);
        assert_eq!(seen.code, 130, "{prompt}: {}", seen.text);
        assert!(seen.text.contains("interrupted"), "{prompt}: {}", seen.text);
    }
}

#[test]
fn without_colour_there_is_none() {
    let given = "owner=o languages=go version=1 public=no token=t port=8080 note=n";
    let seen = dialogue(given, &[("NO_COLOR", "1")], &[("Name", "x\r"), ("Cloud", "\r")]);
    assert_eq!(seen.answers()["cloud"], "aws");
    let coloured = seen.text.split("\x1b[").skip(1).any(|after| {
        let end = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        end.starts_with('m') && !after.starts_with('m')
    });
    assert!(!coloured, "{:?}", seen.text);
}

#[test]
fn in_ci_nobody_is_asked_and_one_error_names_everything_that_is_missing() {
    let seen = dialogue("name=x", &[("CI", "true")], &[]);
    assert_eq!(seen.code, 1);
    for told in [
        "3 questions have no answer",
        "--set owner=…",
        "a whole number, at least 1024: --set port=…",
        "--set domain=…",
    ] {
        assert!(seen.text.contains(told), "{told} is not in\n{}", seen.text);
    }
}

#[test]
fn an_answer_is_of_the_type_that_is_asked_for() {
    let (template, ui) = (template(), ui());
    let sets = |sets: &[&str]| {
        let set = sets.iter().map(ToString::to_string).collect();
        let given = AnswerOptions { set, ..AnswerOptions::default() }.given(&template, &ui);
        given.map(Value::Object).map_err(|error| Report::from(error).details)
    };
    assert_eq!(sets(&["version=1.0"]), Ok(json!({ "version": "1.0" })));
    assert_eq!(sets(&["name=true"]), Ok(json!({ "name": "true" })));
    assert_eq!(sets(&["name=", "owner=a=b"]), Ok(json!({ "name": "", "owner": "a=b" })));
    assert_eq!(sets(&["name=@file"]), Ok(json!({ "name": "@file" })));
    assert_eq!(sets(&["port=8080", "public=no"]), Ok(json!({ "port": 8080, "public": false })));
    assert_eq!(sets(&["port=many"]), Ok(json!({ "port": "many" })));
    assert_eq!(sets(&["languages=go, rust"]), Ok(json!({ "languages": ["go", "rust"] })));
    assert_eq!(sets(&["languages=[go]", "cloud=Google"]), Ok(json!({ "languages": ["go"], "cloud": "gcp" })));
    let wrong = sets(&["ownr=x", "port", "=x"]).expect_err("they are wrong");
    assert_eq!(wrong[0], "ownr: is not asked for by this template; did you mean `owner`?");
    assert_eq!(wrong[1], "`port` gives no value: write --set port=…");
    assert_eq!(wrong[2], "`=x` gives no name: write --set name=…");
}
