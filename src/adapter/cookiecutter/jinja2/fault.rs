//! What goes wrong in a template, until it is known in which file.

use std::ops::Range;
use std::rc::Rc;

use super::value::Missing;

pub type Res<T> = Result<T, Box<Fault>>;

/// An error at a place of a template.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
    /// The bytes of the template that it is about, and which template, once that is known.
    pub span: Option<Range<usize>>,
    pub template: Option<Rc<str>>,
    /// What was named and isn't known, and what is.
    pub word: String,
    pub known: Vec<String>,
    /// What to do about it, where that is more than reading the message.
    pub hint: Option<String>,
    /// Whether it is not wrong but not done: random values without a seed.
    pub refused: bool,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { code, message: message.into(), ..Fault::default() })
    }

    /// What Python would raise.
    pub fn of(message: impl Into<String>) -> Box<Fault> {
        Fault::new("template", message)
    }

    pub fn syntax(message: impl Into<String>, span: Range<usize>) -> Box<Fault> {
        Fault::new("syntax", message).at(&span)
    }

    pub fn undefined(missing: &Missing) -> Box<Fault> {
        let mut fault = Fault::new("undefined", missing.message.clone());
        fault.word.clone_from(&missing.word);
        fault.known.clone_from(&missing.known);
        fault
    }

    pub fn unknown(code: &'static str, what: &str, word: &str, known: &[&str]) -> Box<Fault> {
        let mut fault = Fault::new(code, format!("there is no {what} `{word}`"));
        fault.word = word.to_string();
        fault.known = known.iter().map(ToString::to_string).collect();
        fault
    }

    pub fn endless() -> Box<Fault> {
        Fault::new("endless", "rendering this takes too long: a loop without an end?")
    }

    pub fn too_long() -> Box<Fault> {
        let most = crate::adapter::limits::MOST_BYTES >> 20;
        Fault::new("too-long", format!("the output is longer than {most} MB"))
    }

    /// What would be different each time.
    pub fn unseeded(what: &str) -> Box<Fault> {
        let message = format!("{what} is different each time, so an update couldn't render the same again");
        let mut fault = Fault::new("unseeded", message);
        fault.hint = Some("render with `--seed N`: the same number gives the same project".to_string());
        fault.refused = true;
        fault
    }

    /// Says where it is, unless that is known more exactly.
    pub fn at(mut self: Box<Fault>, span: &Range<usize>) -> Box<Fault> {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    pub fn within(mut self: Box<Fault>, template: &Rc<str>) -> Box<Fault> {
        self.template.get_or_insert_with(|| template.clone());
        self
    }
}
