//! One question on a terminal.

use std::io;

use billpay_core::scaffold::{parse_typed, to_text};
use billpay_scaffold::{AnswerFault, Choice, Question, QuestionKind};
use dialoguer::console::{Key, Term};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, MultiSelect, Select};
use serde_json::Value;

use super::interrupt;
use super::report::kind;
use crate::ui::{BAD, DIM, Ui, hide_text, line};

/// Choice that leaves a question open.
const NONE: &str = "(none)";

/// The terminal, and how questions look on it.
pub(super) struct Prompts<'u> {
    ui: &'u Ui,
    terminal: Term,
    theme: Box<dyn Theme>,
}

type Check<'c> = &'c dyn Fn(&Value) -> Result<(), String>;

impl Prompts<'_> {
    pub(super) fn new(ui: &Ui) -> io::Result<Prompts<'_>> {
        interrupt::watch()?;
        let plain = anstream::AutoStream::choice(&io::stderr()) == anstream::ColorChoice::Never;
        let theme: Box<dyn Theme> =
            if plain { Box::new(SimpleTheme) } else { Box::new(ColorfulTheme::default()) };
        Ok(Prompts { ui, terminal: Term::stderr(), theme })
    }

    /// Asks until the answer is right. Null: it is left open.
    pub(super) fn ask(&self, question: &Question, check: Check) -> io::Result<Value> {
        loop {
            let value = interrupt::prompting(self.ui, || self.once(question, check))?;
            let verdict = match &value {
                Value::Null if question.required => Err("is needed".to_string()),
                value => check(value),
            };
            match verdict {
                Ok(()) => return Ok(value),
                Err(why) => self.ui.message(&format!("{BAD}  {why}{BAD:#}")),
            }
        }
    }

    fn once(&self, question: &Question, check: Check) -> io::Result<Value> {
        if question.secret {
            return self.secret(question);
        }
        match &question.kind {
            QuestionKind::YesNo => self.yes_no(question),
            QuestionKind::Choice(choices) if !choices.is_empty() => self.choice(question, choices),
            QuestionKind::Several(choices) if !choices.is_empty() => self.several(question, choices),
            _ => self.written(question, check),
        }
    }

    /// An answer that is typed in.
    fn written(&self, question: &Question, check: Check) -> io::Result<Value> {
        let value_of = |text: &str| match text {
            // As in the portal: an empty field is no answer.
            "" => Ok(Value::Null),
            text => parse_typed(text, question),
        };
        let default = question.default.as_ref().map(|default| match (&question.kind, default) {
            (QuestionKind::Texts, Value::Array(texts)) => {
                texts.iter().map(to_text).collect::<Vec<_>>().join(", ")
            }
            (_, default) => to_text(default),
        });
        let default = default.map(|default| line(&default));
        let mut prompt = title(question);
        match question.kind {
            QuestionKind::Text => {}
            ref other => prompt = format!("{prompt} ({})", line(&kind(other))),
        }
        let mut input: Input<String> = Input::with_theme(&*self.theme).with_prompt(prompt).allow_empty(true);
        if let Some(default) = default.clone().filter(|default| !default.is_empty()) {
            input = input.default(default);
        }
        let judge = |text: &String| match value_of(text)? {
            Value::Null if question.required => Err("is needed".to_string()),
            Value::Null => Ok(()),
            value => check(&value),
        };
        let input = input.validate_with(|text: &String| judge(text).map_err(|why| line(&why)));
        let text = input.interact_text_on(&self.terminal)?;
        // The default was a value before it was a text.
        if default.is_some_and(|default| default == text) {
            return Ok(question.default.clone().unwrap_or(Value::Null));
        }
        value_of(&text).map_err(io::Error::other)
    }

    fn yes_no(&self, question: &Question) -> io::Result<Value> {
        let mut confirm = Confirm::with_theme(&*self.theme).with_prompt(title(question));
        if let Some(default) = question.default.as_ref().and_then(Value::as_bool) {
            confirm = confirm.default(default);
        }
        if question.required || question.default.is_some() {
            return Ok(confirm.interact_on(&self.terminal)?.into());
        }
        Ok(confirm.interact_on_opt(&self.terminal)?.map_or(Value::Null, Value::from))
    }

    fn choice(&self, question: &Question, choices: &[Choice]) -> io::Result<Value> {
        let mut titles = titles(choices);
        if !question.required && question.default.is_none() {
            titles.push(NONE.to_string());
        }
        let default = choices.iter().position(|choice| Some(&choice.value) == question.default.as_ref());
        let select = Select::with_theme(&*self.theme).with_prompt(title(question)).items(&titles);
        let at = select.default(default.unwrap_or(0)).interact_on(&self.terminal)?;
        Ok(choices.get(at).map_or(Value::Null, |choice| choice.value.clone()))
    }

    fn several(&self, question: &Question, choices: &[Choice]) -> io::Result<Value> {
        let titles = titles(choices);
        let chosen = question.default.as_ref().and_then(Value::as_array);
        let chosen: Vec<bool> = choices
            .iter()
            .map(|choice| chosen.is_some_and(|chosen| chosen.contains(&choice.value)))
            .collect();
        let prompt = format!("{} (space chooses, enter ends)", title(question));
        let select =
            MultiSelect::with_theme(&*self.theme).with_prompt(prompt).items(&titles).defaults(&chosen);
        let chosen = select.interact_on(&self.terminal)?;
        Ok(chosen.into_iter().filter_map(|at| choices.get(at)).map(|choice| choice.value.clone()).collect())
    }

    /// An answer that is not shown while it is typed. Key by key, so that Ctrl-C is one, too.
    fn secret(&self, question: &Question) -> io::Result<Value> {
        let kept = if question.default.is_some() { " [as it is]" } else { "" };
        self.terminal.write_str(&format!("{} (hidden){kept}: ", title(question)))?;
        let mut text = String::new();
        loop {
            match self.terminal.read_key()? {
                Key::Enter => break,
                Key::Backspace => {
                    text.pop();
                }
                Key::Char('\u{15}') => text.clear(),
                Key::Char(character) if !character.is_control() => text.push(character),
                _ => {}
            }
        }
        self.terminal.write_line("")?;
        if text.is_empty() {
            return Ok(question.default.clone().unwrap_or(Value::Null));
        }
        hide_text(&text);
        parse_typed(&text, question).map_err(io::Error::other)
    }
}

fn titles(choices: &[Choice]) -> Vec<String> {
    choices.iter().map(|choice| line(&choice.title)).collect()
}

fn title(question: &Question) -> String {
    line(&question.title)
}

/// Says what is wrong with an answer that was taken before.
pub(super) fn wrong(fault: &AnswerFault, ui: &Ui) {
    ui.message(&format!("{BAD}  {}: {}{BAD:#}{DIM} – once more{DIM:#}", fault.name, fault.why));
}
