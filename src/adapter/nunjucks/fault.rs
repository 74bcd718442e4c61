//! What goes wrong while a template is read or rendered.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::findings::{Problem, SourceFile};

/// Why a template can't be rendered, and where in its text.
#[derive(Debug, Clone)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
    /// The bytes of the text that it is about; not known yet where a filter fails.
    pub span: Option<Range<usize>>,
    pub did_you_mean: Option<String>,
    pub help: Option<String>,
}

pub type Outcome<T> = Result<T, Box<Fault>>;

/// A name that stands for nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// As the template says it, dotted: `values.nmae`.
    pub name: String,
    pub span: Range<usize>,
    pub did_you_mean: Option<String>,
}

impl Fault {
    /// A filter, a method or an operator that can't do what it is told to.
    pub fn told<T>(message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault::of("template", message)))
    }

    /// What the portal would do, and isn't done here, since it couldn't be the same.
    pub fn unlike<T>(message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault::of("unlike-portal", message)))
    }

    pub fn syntax<T>(span: Range<usize>, message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault { span: Some(span), ..Fault::of("syntax", message) }))
    }

    pub fn of(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), span: None, did_you_mean: None, help: None }
    }

    /// Something that is not there, used as if it were.
    pub fn undefined<T>(missing: Option<&Arc<Missing>>) -> Outcome<T> {
        let Some(missing) = missing else {
            return Err(Box::new(Fault::of("undefined", "this is not defined")));
        };
        let fault = Fault::of("undefined", format!("`{}` is not defined", missing.name));
        let did_you_mean = missing.did_you_mean.clone();
        Err(Box::new(Fault { span: Some(missing.span.clone()), did_you_mean, ..fault }))
    }

    pub fn problem(self, file: &SourceFile) -> Problem {
        let mut problem = Problem::error(self.code, file.place(self.span.unwrap_or(0..0)), self.message);
        problem.did_you_mean = self.did_you_mean;
        if let Some(help) = self.help {
            problem = problem.help(help);
        }
        problem
    }
}

/// Says where a fault is, unless that is known.
pub trait At {
    fn at(self, span: &Range<usize>) -> Self;
}

impl<T> At for Outcome<T> {
    fn at(self, span: &Range<usize>) -> Outcome<T> {
        self.map_err(|mut fault| {
            fault.span.get_or_insert_with(|| span.clone());
            fault
        })
    }
}
