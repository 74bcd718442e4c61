//! Errors in a template, until the file is known.

use std::ops::Range;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::{filters, methods};

pub type Res<T> = Result<T, Box<Fault>>;

/// An error at a place of a template.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
    /// The bytes of the template that it is about, and which template, once that is known.
    pub span: Option<Range<usize>>,
    pub template: Option<String>,
    /// The unknown name, and the known ones.
    pub word: String,
    pub known: Vec<String>,
    /// Advice beyond the message.
    pub hint: Option<String>,
    /// Marks what is refused rather than wrong: random values without a seed.
    pub is_refusal: bool,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { code, message: message.into(), ..Fault::default() })
    }

    pub fn of(message: impl Into<String>) -> Box<Fault> {
        Fault::new("template", message)
    }

    pub fn unknown(code: &'static str, what: &str, word: &str, known: &[&str]) -> Box<Fault> {
        let mut fault = Fault::new(code, format!("there is no {what} `{word}`"));
        fault.word = word.to_string();
        fault.known = known.iter().map(ToString::to_string).collect();
        fault
    }

    /// Makes a fault of a text that Jinja2 and minijinja read differently.
    pub fn otherwise(message: impl Into<String>, hint: &str) -> Box<Fault> {
        Fault::new("not-read-alike", message).hint(hint)
    }

    pub fn hint(mut self: Box<Fault>, hint: &str) -> Box<Fault> {
        self.hint = Some(hint.to_string());
        self
    }

    /// Sets the place, unless a more exact one is known.
    pub fn at(mut self: Box<Fault>, span: &Range<usize>) -> Box<Fault> {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    pub fn within(mut self: Box<Fault>, template: &str) -> Box<Fault> {
        self.template.get_or_insert_with(|| template.to_string());
        self
    }
}

/// Makes an error of a value that differs from run to run; [`of`] makes a refusal of it.
pub fn unseeded(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{UNSEEDED}{what}"))
}

const UNSEEDED: &str = "unseeded: ";

/// Makes a fault of an error; `word` is the text that it is about.
pub fn of(error: &Error, word: &str, context: &Value) -> Box<Fault> {
    let detail = error.detail().unwrap_or_default();
    if let Some(what) = detail.strip_prefix(UNSEEDED) {
        let message = format!("{what} is different each time, so an update couldn't render the same again");
        let mut fault = Fault::new("unseeded", message);
        fault.hint = Some("render with `--seed N`: the same number gives the same project".to_string());
        fault.is_refusal = true;
        return fault;
    }
    let message = if detail.is_empty() { error.kind().to_string() } else { detail.to_string() };
    match error.kind() {
        ErrorKind::OutOfFuel => endless(),
        ErrorKind::WriteFailure => {
            let most = billpay_model::limits::MAX_FILE_BYTES >> 20;
            Fault::new("too-long", format!("the output is longer than {most} MB"))
        }
        _ if message.contains("recursion limit") => {
            Fault::new("nesting", "this lies too many levels in one another")
        }
        ErrorKind::SyntaxError if message.starts_with("unknown statement ") => {
            Fault::unknown("unknown-tag", "tag", message.rsplit(' ').next().unwrap_or(word), TAGS)
        }
        ErrorKind::SyntaxError if message.contains("unexpected end of input") => {
            Fault::new("syntax", message)
                .hint("each block ends with a tag: `{% endif %}`, `{% endfor %}`, `{% endmacro %}`")
        }
        ErrorKind::SyntaxError | ErrorKind::BadEscape => Fault::new("syntax", message),
        ErrorKind::UndefinedError => undefined_fault(word, &message, context),
        ErrorKind::UnknownFilter => {
            let name = quoted_word(&message).unwrap_or(word);
            filters::unknown_filter(name)
        }
        ErrorKind::UnknownTest => Fault::new(
            "unknown-test",
            format!("there is no test `{}`", quoted_word(&message).unwrap_or(word)),
        ),
        ErrorKind::UnknownFunction => {
            undefined_fault(quoted_word(&message).unwrap_or(word), &message, context)
        }
        ErrorKind::UnknownMethod => methods::unknown_method(&message),
        ErrorKind::TemplateNotFound => {
            let name = message.split(['"', '\'']).nth(1);
            let message =
                name.map_or_else(|| message.clone(), |name| format!("there is no template `{name}`"));
            Fault::new("unknown-template", message)
        }
        _ if ["too large", "too many elements"].iter().any(|much| message.contains(much)) => endless(),
        _ if message.contains("% operator on unsupported types string") => Fault::otherwise(
            "`%` on a text is not done here",
            "the filter: `{{ \"%s-%d\"|format(name, 3) }}`, or `~`",
        ),
        _ => match message.split_once("::") {
            Some((message, hint)) if error.kind() == ErrorKind::InvalidOperation => {
                Fault::otherwise(message, hint)
            }
            _ => Fault::of(message),
        },
    }
}

fn endless() -> Box<Fault> {
    Fault::new("endless", "rendering this takes too long: a loop without an end, or too much at once?")
}

/// Tags of Jinja2 and of Cookiecutter's extensions.
const TAGS: &[&str] = &[
    "for",
    "endfor",
    "if",
    "elif",
    "else",
    "endif",
    "set",
    "endset",
    "with",
    "endwith",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "block",
    "endblock",
    "extends",
    "include",
    "import",
    "from",
    "raw",
    "endraw",
    "autoescape",
    "endautoescape",
    "now",
    "do",
    "break",
    "continue",
];

/// An error that says what Jinja2 reads otherwise, and what to write instead.
pub fn otherwise(message: &str, instead: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{message}::{instead}"))
}

/// The word of a message like `filter x is unknown`.
fn quoted_word(message: &str) -> Option<&str> {
    let word = message.strip_suffix(" is unknown")?;
    Some(word.split_once(' ').map_or(word, |(_, name)| name))
}

/// A name that nothing has; `word` is where it stands.
fn undefined_fault(word: &str, told: &str, context: &Value) -> Box<Fault> {
    let name = told.split('`').nth(1).unwrap_or(word).trim();
    let subject = if name.is_empty() { "this".to_string() } else { format!("`{name}`") };
    let mut fault = Fault::new("undefined", format!("{subject} is not defined"));
    let mut names: Vec<String> = vec![];
    let base = name.rsplit_once('.').map_or("", |(base, _)| base);
    let dict = if base.is_empty() { Some(context.clone()) } else { context.get_attr(base).ok() };
    for key in dict
        .iter()
        .filter(|dict| dict.kind() == ValueKind::Map)
        .filter_map(|dict| dict.try_iter().ok())
        .flatten()
    {
        names.push(if base.is_empty() { key.to_string() } else { format!("{base}.{key}") });
    }
    fault.word = name.to_string();
    fault.known = names;
    fault
}
