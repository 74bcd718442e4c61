//! The templates that are part of the program, and how values get into them.
//!
//! A value is written as what the file's language takes for exactly that value; which language,
//! the file's name says. There is no way around it: no filter marks a text as safe, and a
//! language without an encoding takes no values. So a template can't forget it.

use std::collections::BTreeMap;
use std::fmt;

use include_dir::{Dir, DirEntry, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Serde, Value as Jinja};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::domain::port::{TemplateError, Templates};
use crate::domain::tofu::hcl;

/// What the rendered trees are made from.
static INFRASTRUCTURE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/infrastructure");

/// What the name of a template ends with; every other file is taken as it is.
const SUFFIX: &str = ".jinja";

/// The templates that the program was built with.
pub struct Embedded {
    engine: Environment<'static>,
}

/// The engine's own text names the template and the line; what it was caused by comes behind.
fn wrong(error: Error) -> TemplateError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    TemplateError(text)
}

impl Embedded {
    /// Reads all templates, though none is rendered yet.
    pub fn load() -> Result<Embedded, TemplateError> {
        Embedded::engine().map(|engine| Embedded { engine }).map_err(wrong)
    }

    fn engine() -> Result<Environment<'static>, Error> {
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
        let syntax = syntax.build()?;
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_syntax(syntax);
        engine.set_formatter(write_encoded);
        engine.add_filter("at", |value: Jinja, indent: usize| -> Result<Jinja, Error> {
            Ok(Jinja::from_object(Expression(hcl::expression(&plain(&value)?, indent))))
        });
        for file in files(&INFRASTRUCTURE).filter(|(path, _)| path.ends_with(SUFFIX)) {
            let (path, text) = file;
            engine.add_template(path, text)?;
        }
        Ok(engine)
    }
}

impl Templates for Embedded {
    fn render(
        &self,
        folder: &str,
        values: &Map<String, Value>,
    ) -> Result<BTreeMap<String, String>, TemplateError> {
        let mut rendered = BTreeMap::new();
        let Some(folder) = INFRASTRUCTURE.get_dir(folder) else { return Ok(rendered) };
        let root = folder.path().to_str().unwrap_or_default();
        let context = Jinja::from(Serde(values));
        let left_out = |path: &str| {
            path.split('/').any(|part| values.get(&part.replace('-', "_")) == Some(&Value::Null))
        };
        for (path, text) in files(folder) {
            let inside = path.strip_prefix(root).map_or(path, |path| path.trim_start_matches('/'));
            if left_out(inside) {
                continue;
            }
            match inside.strip_suffix(SUFFIX) {
                Some(name) => {
                    let template = self.engine.get_template(path).map_err(wrong)?;
                    let text = template.render(&context).map_err(wrong)?;
                    rendered.insert(name.to_string(), text);
                }
                None => drop(rendered.insert(inside.to_string(), text.to_string())),
            }
        }
        Ok(rendered)
    }
}

/// All files of a folder and the folders in it. Templates are text: what is not, is left out.
fn files(folder: &'static Dir<'static>) -> Box<dyn Iterator<Item = (&'static str, &'static str)>> {
    Box::new(folder.entries().iter().flat_map(|entry| match entry {
        DirEntry::Dir(folder) => files(folder),
        DirEntry::File(file) => Box::new(file.path().to_str().zip(file.contents_utf8()).into_iter())
            as Box<dyn Iterator<Item = _>>,
    }))
}

/// An HCL expression; only the filter `at` makes one, and only from a value.
#[derive(Debug)]
struct Expression(String);

impl Object for Expression {
    fn render(self: &std::sync::Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn write_encoded(out: &mut Output, state: &mut State, value: &Jinja) -> Result<(), Error> {
    let language = state.name().strip_suffix(SUFFIX).and_then(|name| name.rsplit_once('.'));
    let text = match language.map(|(_, language)| language) {
        Some("hcl" | "tf" | "tfvars") => match value.downcast_object_ref::<Expression>() {
            Some(Expression(text)) => text.clone(),
            None => hcl::expression(&plain(value)?, 0),
        },
        Some("md") => markdown(&plain(value)?),
        _ => {
            let message = format!("a value in {}, whose language has no encoding", state.name());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    };
    out.write_str(&text).map_err(Error::from)
}

/// A value without the engine's own types; one that isn't there is an error.
fn plain(value: &Jinja) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "a value that isn't there"));
    }
    serde_json::to_value(value).map_err(|error| {
        Error::new(ErrorKind::BadSerialization, "a value that isn't data").with_source(error)
    })
}

/// A value as text of Markdown, in which nothing is markup.
fn markdown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}
