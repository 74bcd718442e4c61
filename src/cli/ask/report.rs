//! Reports about a template or its answers.

use billpay_core::scaffold::to_text;
use billpay_scaffold::{AnswerFault, FetchRequest, Question, QuestionKind, TemplateError};

use crate::error::Report;
use crate::exit;

/// Most choices that are named.
const MAX_NAMES: usize = 12;

/// An error of a template, ready to be shown; `questions` are all of its.
pub fn report(error: TemplateError, questions: &[Question]) -> Report {
    match error {
        TemplateError::Wrong(findings) => {
            let heading = format!("the template has {}", findings.count());
            let findings = Some(findings);
            Report { heading, details: vec![], hints: vec![], findings, code: exit::ERROR }
        }
        TemplateError::Refused { why, hints } => {
            Report { heading: why, details: vec![], hints, findings: None, code: exit::ERROR }
        }
        TemplateError::Fetch(FetchRequest { repository, url }) => {
            let heading = "the template fetches files from another repository";
            Report::new(heading, format!("{url} is in {repository}"))
                .hint("nothing was fetched; --fetch lets Git fetch what the template's steps name")
                .stopped()
        }
        TemplateError::Answers(faults) => answers(&faults, questions),
    }
}

fn answers(faults: &[AnswerFault], questions: &[Question]) -> Report {
    let (missing, wrong): (Vec<&AnswerFault>, Vec<&AnswerFault>) =
        faults.iter().partition(|fault| fault.missing);
    let of = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let parts = [
        of(wrong.len(), "answer is wrong", "answers are wrong"),
        of(missing.len(), "question has no answer", "questions have no answer"),
    ];
    let heading = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut details: Vec<String> = wrong.iter().map(|fault| describe(fault)).collect();
    details.extend(missing.iter().map(|fault| open(fault, questions)));
    let mut hints = vec![];
    if !missing.is_empty() {
        let is_secret =
            |name: &str| questions.iter().any(|question| question.secret && question.name == name);
        let secrets = missing.iter().any(|fault| is_secret(&fault.name));
        let open = missing.iter().filter(|fault| !is_secret(&fault.name));
        let flags: Vec<String> = open.map(|fault| format!("--set {}=…", fault.name)).collect();
        if !flags.is_empty() {
            hints.push(format!("answer with {}, or all of them with --values FILE", flags.join(" ")));
        }
        if secrets {
            hints.push(
                "secrets are best given with --values FILE, or --values - for standard input".to_string(),
            );
        }
    } else if !wrong.is_empty() {
        hints.push("`billpay scaffold show` lists what a template asks".to_string());
    }
    Report { heading, details, hints, findings: None, code: exit::ERROR }
}

fn describe(fault: &AnswerFault) -> String {
    let meant = fault.did_you_mean.as_ref().map(|meant| format!("; did you mean `{meant}`?"));
    format!("{}: {}{}", fault.name, fault.why, meant.unwrap_or_default())
}

/// A question without an answer: what it is, and how to answer it.
fn open(fault: &AnswerFault, questions: &[Question]) -> String {
    let name = &fault.name;
    let Some(question) = questions.iter().find(|question| question.name == *name) else {
        return format!("{name}: {}: --set {name}=…", fault.why);
    };
    let mut what = vec![kind(&question.kind)];
    what.extend(question.rules.iter().cloned());
    let title = if question.title == *name { String::new() } else { format!("{}, ", question.title) };
    if question.secret {
        return format!("{name}: {title}{}, a secret", what.join(", "));
    }
    format!("{name}: {title}{}: --set {name}=…", what.join(", "))
}

/// Describes an answer's type.
pub fn kind(kind: &QuestionKind) -> String {
    let named = |choices: &[billpay_scaffold::Choice]| {
        let left = choices.len().saturating_sub(MAX_NAMES);
        let names = choices.iter().take(MAX_NAMES).map(|choice| to_text(&choice.value));
        names.chain((left > 0).then(|| format!("… and {left} more"))).collect::<Vec<_>>().join(", ")
    };
    match kind {
        QuestionKind::Text => "text".to_string(),
        QuestionKind::Integer => "a whole number".to_string(),
        QuestionKind::Number => "a number".to_string(),
        QuestionKind::YesNo => "true or false".to_string(),
        QuestionKind::Choice(choices) => format!("one of {}", named(choices)),
        QuestionKind::Several(choices) => format!("any of {}", named(choices)),
        QuestionKind::Texts => "texts, with commas between them".to_string(),
        QuestionKind::Data => "YAML".to_string(),
    }
}
