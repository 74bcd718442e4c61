//! Built-in templates and the encoding of values into them.
//!
//! Each value is encoded for the language of the file, by its name. No filter marks a text as safe, and a language without
//! an encoding takes no values.

pub mod hcl;

use std::collections::BTreeMap;
use std::fmt;

use billpay_spec::yaml;
use include_dir::{Dir, DirEntry};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Serde, Value as Jinja};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::{Map, Value};

/// Suffix of a template's name; other files are copied verbatim.
const TEMPLATE_SUFFIX: &str = ".jinja";

/// A template that can't be rendered: the template is wrong, not a value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

/// Templates of a built-in directory.
pub struct TemplateSet {
    root: &'static Dir<'static>,
    engine: Environment<'static>,
}

/// Returns the engine's error, with template and line, and its causes.
fn template_error(error: Error) -> TemplateError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    TemplateError(text)
}

impl TemplateSet {
    /// Parses all templates of a directory, though none is rendered yet.
    ///
    /// # Errors
    /// Fails if one of them isn't a valid template.
    pub fn of(root: &'static Dir<'static>) -> Result<TemplateSet, TemplateError> {
        TemplateSet::engine(root).map(|engine| TemplateSet { root, engine }).map_err(template_error)
    }

    fn engine(root: &'static Dir<'static>) -> Result<Environment<'static>, Error> {
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
        let syntax = syntax.build()?;
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_syntax(syntax);
        engine.set_formatter(write_encoded);
        engine.add_filter("at", |value: Jinja, indent: usize| -> Result<Jinja, Error> {
            Ok(Jinja::from_object(IndentedValue { value: plain(&value)?, indent }))
        });
        engine.add_filter("env", |name: String, otherwise: Option<String>| {
            VariableReference::to(&name, otherwise)
        });
        for file in files(root).filter(|(path, _)| path.ends_with(TEMPLATE_SUFFIX)) {
            let (path, text) = file;
            engine.add_template(path, text)?;
        }
        Ok(engine)
    }

    /// Renders a directory of templates with values: the text of each file, by its path in the directory.
    ///
    /// A folder named after a null value (`_` for `-`) is skipped.
    ///
    /// # Errors
    /// Fails if a template needs a value that is missing or can't be encoded.
    pub fn render(
        &self,
        folder: &str,
        values: &Map<String, Value>,
    ) -> Result<BTreeMap<String, String>, TemplateError> {
        let mut rendered = BTreeMap::new();
        let Some(folder) = self.root.get_dir(folder) else { return Ok(rendered) };
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
            match inside.strip_suffix(TEMPLATE_SUFFIX) {
                Some(name) => {
                    let template = self.engine.get_template(path).map_err(template_error)?;
                    let text = template.render(&context).map_err(template_error)?;
                    rendered.insert(name.to_string(), text);
                }
                None => drop(rendered.insert(inside.to_string(), text.to_string())),
            }
        }
        Ok(rendered)
    }
}

/// Returns all text files of a folder, recursively.
fn files(folder: &'static Dir<'static>) -> Box<dyn Iterator<Item = (&'static str, &'static str)>> {
    Box::new(folder.entries().iter().flat_map(|entry| match entry {
        DirEntry::Dir(folder) => files(folder),
        DirEntry::File(file) => Box::new(file.path().to_str().zip(file.contents_utf8()).into_iter())
            as Box<dyn Iterator<Item = _>>,
    }))
}

/// A value of several lines, indented by `indent` spaces; made by the filter `at`.
#[derive(Debug)]
struct IndentedValue {
    value: Value,
    indent: usize,
}

impl Object for IndentedValue {
    fn render(self: &std::sync::Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)
    }
}

/// A variable of the environment that Backstage puts into its configuration when it starts; the
/// filter `env` makes it.
#[derive(Debug)]
struct VariableReference(String);

impl VariableReference {
    fn to(name: &str, otherwise: Option<String>) -> Result<Jinja, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
        if !name.chars().chain(otherwise.iter().flat_map(|text| text.chars())).all(plain) {
            return Err(Error::new(ErrorKind::InvalidOperation, "no name of a variable"));
        }
        let otherwise = otherwise.map(|text| format!(":-{text}")).unwrap_or_default();
        Ok(Jinja::from_object(VariableReference(format!("${{{name}{otherwise}}}"))))
    }
}

impl Object for VariableReference {
    fn render(self: &std::sync::Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn write_encoded(out: &mut Output, state: &mut State, value: &Jinja) -> Result<(), Error> {
    let file = state.name().strip_suffix(TEMPLATE_SUFFIX).unwrap_or_default();
    let file = file.rsplit_once('/').map_or(file, |(_, file)| file);
    let language = file.rsplit_once('.').map(|(_, language)| language);
    let is_config = language == Some("yaml") && file.starts_with("app-config.");
    if let Some(VariableReference(text)) =
        value.downcast_object_ref::<VariableReference>().filter(|_| is_config)
    {
        return out.write_str(&yaml::string(text)).map_err(Error::from);
    }
    let (indent, value) = match value.downcast_object_ref::<IndentedValue>() {
        Some(IndentedValue { value, indent }) => (Some(*indent), value.clone()),
        None => (None, plain(value)?),
    };
    let value = yaml::sorted(value);
    let text = match (language, indent) {
        (Some("hcl" | "tf" | "tfvars"), _) => hcl::expression(&value, indent.unwrap_or_default()),
        (Some("yaml"), _) if is_config => in_yaml(&unsubstituted(value), indent),
        (Some("yaml"), _) => in_yaml(&value, indent),
        (Some("json" | "ts"), None) => yaml::flow(&value),
        (Some("md"), None) => markdown(&value),
        _ => {
            let message = format!("a value in {}, whose language has no encoding", state.name());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    };
    out.write_str(&text).map_err(Error::from)
}

fn in_yaml(value: &Value, indent: Option<usize>) -> String {
    match indent {
        Some(indent) => yaml::block(value, indent),
        None if value.is_string() => yaml::block(value, 0),
        None => yaml::flow(value),
    }
}

/// A value for a configuration of Backstage, which would put variables of the environment in
/// the place of `${…}`.
fn unsubstituted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${", "$${")),
        Value::Array(items) => Value::Array(items.into_iter().map(unsubstituted).collect()),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key, unsubstituted(value))).collect())
        }
        other => other,
    }
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
