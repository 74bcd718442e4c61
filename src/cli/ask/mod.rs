//! The answers to a template's questions: what the command line gives, what people say on a
//! terminal, and the defaults.

mod interrupt;
mod prompt;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use billpay_core::scaffold::{Confirmation, InterviewError, Interviewer};
use billpay_host::program::in_ci;
use billpay_scaffold::question::{answer, path_of, put_answer};
use billpay_scaffold::{AnswerFault, Answers, ProjectTemplate, Question, TemplateError};
use serde_json::Value;

use super::scaffold::right_line;
use super::ui::{BOLD, DIM, Ui, hide};

pub use report::{kind, report};

/// Most times that one question is asked; a template that never has enough is wrong.
const MAX_PROMPTS: usize = 20;

impl Interviewer for Ui {
    fn may_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal() && !in_ci()
    }

    fn ask(&self, template: &dyn ProjectTemplate, given: Answers) -> Result<Answers, InterviewError> {
        // Better now than after twenty questions.
        let wrong = wrong_already(template, &given)?;
        if !wrong.is_empty() {
            return Err(TemplateError::Answers(wrong).into());
        }
        let mut answers = given.clone();
        loop {
            ask(template, &mut answers, self)?;
            let faults = match template.complete(&answers) {
                Ok(complete) => return Ok(complete),
                Err(TemplateError::Answers(faults)) => faults,
                Err(other) => return Err(other.into()),
            };
            // What was said here can be said again; what was given can't.
            let can_be_said_again = |fault: &&AnswerFault| {
                answer(&given, &fault.name).is_none() && answer(&answers, &fault.name).is_some()
            };
            let again: Vec<&AnswerFault> = faults.iter().filter(can_be_said_again).collect();
            if again.is_empty() {
                return Err(TemplateError::Answers(faults).into());
            }
            let names: Vec<String> = again.iter().map(|fault| fault.name.clone()).collect();
            again.into_iter().for_each(|fault| prompt::wrong(fault, self));
            names.iter().for_each(|name| forget(&mut answers, name));
        }
    }

    fn confirm(&self, confirmation: &Confirmation<'_>) -> io::Result<bool> {
        let question = match confirmation {
            Confirmation::Fetch(request) => {
                format!("Fetch files from the repository {}?", request.repository)
            }
            Confirmation::WorkflowRights { template, rights } => {
                rights.iter().for_each(|right| self.warning(&right_line(right)));
                format!("The update of {template} lets workflows do more than before. Go on?")
            }
        };
        self.confirmed(&question)
    }

    fn hide(&self, value: &Value) {
        hide(value);
    }
}

/// Returns the faults of given answers that no other answer can mend.
fn wrong_already(template: &dyn ProjectTemplate, given: &Answers) -> Result<Vec<AnswerFault>, TemplateError> {
    let faults = match template.complete(given) {
        Ok(_) => return Ok(vec![]),
        Err(TemplateError::Answers(faults)) => faults,
        Err(other) => return Err(other),
    };
    let is_given = |fault: &AnswerFault| {
        !fault.missing
            && answer(given, &fault.name).is_some_and(|value| !value.is_object() && !value.is_null())
    };
    Ok(faults.into_iter().filter(is_given).collect())
}

/// Asks whatever is open.
fn ask(template: &dyn ProjectTemplate, answers: &mut Answers, ui: &Ui) -> Result<(), InterviewError> {
    let prompts = prompt::Prompts::new(ui)?;
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut page: Option<String> = None;
    loop {
        let question = template.next_question(answers)?;
        let Some(question) = question else { return Ok(()) };
        let times = asked.entry(question.name.clone()).or_default();
        *times += 1;
        if *times > MAX_PROMPTS {
            return Ok(());
        }
        if page != question.page {
            if let Some(title) = &question.page {
                ui.message(&format!("\n{BOLD}{title}{BOLD:#}"));
            }
            page.clone_from(&question.page);
        }
        if let Some(help) = question.help.as_deref().filter(|_| *times == 1) {
            for line in help.lines() {
                ui.message(&format!("{DIM}  {line}{DIM:#}"));
            }
        }
        if ui.is_verbose() {
            ui.note(&format!("  --set {}=…", question.name));
        }
        let check = |value: &Value| check(template, answers, &question, value);
        let value = prompts.ask(&question, &check)?;
        put_answer(answers, &question.name, value);
    }
}

/// Checks one answer, by itself and beside the others.
fn check(
    template: &dyn ProjectTemplate,
    answers: &Answers,
    question: &Question,
    value: &Value,
) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    let mut with = answers.clone();
    put_answer(&mut with, &question.name, value.clone());
    let Err(TemplateError::Answers(faults)) = template.complete(&with) else { return Ok(()) };
    let below = format!("{}.", question.name);
    let own = faults.iter().find(|fault| fault.name == question.name || fault.name.starts_with(&below));
    match own {
        None => Ok(()),
        Some(fault) => Err(match &fault.did_you_mean {
            Some(meant) => format!("{}; did you mean `{meant}`?", fault.why),
            None => fault.why.clone(),
        }),
    }
}

fn forget(answers: &mut Answers, name: &str) {
    let path = path_of(name);
    let Some((last, above)) = path.split_last() else { return };
    let mut fields = answers;
    for part in above {
        let Some(Value::Object(inner)) = fields.get_mut(part) else { return };
        fields = inner;
    }
    fields.shift_remove(last);
}
