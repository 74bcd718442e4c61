//! Nunjucks templates: what people see of errors (`errors`), templates that mean no good
//! (`hostile`), and the same bytes as the portal, for a corpus (`corpus`) and for what is made up
//! (`random`).

mod corpus;
mod errors;
mod hostile;
mod peer;
mod random;

use billpay_model::findings::{Findings, Problem, SourceFile};
use billpay_nunjucks::{Nunjucks, Settings};
use serde_json::Value;

fn file(text: &str) -> SourceFile {
    SourceFile::new("skeleton/app.txt", text)
}

fn render_with(settings: &Settings, text: &str, context: &Value) -> Result<String, Box<Findings>> {
    let engine = Nunjucks::new(settings);
    engine.render(&file(text), &engine.context(context))
}

fn render(text: &str, context: &Value) -> Result<String, Box<Findings>> {
    render_with(&Settings::default(), text, context)
}

/// The one problem that rendering a text ends with, where what is undefined is one.
fn problem(text: &str, context: &Value) -> Problem {
    match render_with(&Settings { strict: true, ..Settings::default() }, text, context) {
        Err(findings) => match findings.problems.as_slice() {
            [only] => only.clone(),
            other => panic!("not one problem, but {other:?}"),
        },
        other => panic!("no problem, but {other:?}"),
    }
}
