//! Results of the portal.

use std::io::Write;
use std::process::{Command, Stdio};

use billpay_model::findings::Findings;
use billpay_nunjucks::{Nunjucks, Settings};
use serde_json::{Value, json};

use billpay_testkit::npm;

/// One template and what it is rendered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub template: String,
    pub context: Value,
    pub settings: Settings,
    /// As a step's input: a value, not a text.
    pub typed: bool,
}

impl Case {
    pub fn new(template: impl Into<String>, context: &Value) -> Case {
        Case {
            template: template.into(),
            context: context.clone(),
            settings: Settings::default(),
            typed: false,
        }
    }

    /// Returns our result.
    pub fn ours(&self) -> Result<Value, Box<Findings>> {
        let engine = Nunjucks::new(&self.settings);
        let context = engine.context(&self.context);
        let file = crate::file(&self.template);
        match self.typed {
            true => engine.optional_value(&file, &context).map(|value| value.unwrap_or(Value::Null)),
            false => engine.render(&file, &context).map(Value::String),
        }
    }
}

/// Returns the portal's results of all of them, in one process: `Err` where it refuses.
pub fn portal(cases: &[Case]) -> Vec<Result<Value, String>> {
    let told = |case: &Case| {
        json!({
            "template": case.template,
            "context": case.context,
            "compat": case.settings.cookiecutter_compat,
            "trim": case.settings.trim_blocks,
            "lstrip": case.settings.lstrip_blocks,
            "typed": case.typed,
        })
    };
    let input = Value::Array(cases.iter().map(told).collect()).to_string();
    let script = billpay_testkit::project().join("tests/nunjucks/portal.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg(npm::backstage()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("node runs");
    let mut stdin = child.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).expect("it takes the cases"));
    let output = child.wait_with_output().expect("node ends");
    writer.join().expect("the cases are written");
    assert!(output.status.success(), "the portal's engine didn't run");
    let outcomes: Vec<Value> = serde_json::from_slice(&output.stdout).expect("the outcomes are JSON");
    assert_eq!(outcomes.len(), cases.len());
    let outcome = |outcome: Value| match outcome.get("refused") {
        Some(why) => Err(why.to_string()),
        None => Ok(outcome["ok"].clone()),
    };
    outcomes.into_iter().map(outcome).collect()
}
