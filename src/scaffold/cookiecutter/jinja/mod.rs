//! Cookiecutter's Jinja, read by minijinja.
//!
//! A template that minijinja reads differently from Jinja2 is refused at that place, with what to write instead:
//! it never becomes other bytes than Cookiecutter makes.

mod cost;
mod edits;
mod expressions;
mod fault;
mod filters;
mod globals;
mod json;
mod methods;
mod numbers;
mod prepare;
mod printing;
mod python;
mod slugify;
mod syntax;
mod tags;
mod time;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use billpay_model::limits::{FUEL, MAX_FILE_BYTES, TEXTS};
use edits::Reading;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::extensions::{Extensions, Names};

pub use fault::{Fault, Res};
pub use printing::float;
pub use syntax::Syntax;
pub use values::dictionary;

/// Maximum nesting depth of includes, macros and blocks.
const MAX_DEPTH: usize = 200;

/// Finds the text of a template that another one includes.
pub type Loader = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Renders the texts of one template.
pub struct Engine {
    environment: Environment<'static>,
    syntax: Syntax,
    config: SyntaxConfig,
    /// Names that extensions add.
    extension_names: Arc<Names>,
    has_extensions: bool,
    /// The texts that were included, as they were read.
    includes: Arc<Mutex<BTreeMap<String, Result<Reading, Fault>>>>,
    /// Fuel that all texts took so far.
    spent: AtomicU64,
}

/// Writes a text up to its greatest length.
struct BoundedWriter(Vec<u8>);

impl io::Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Engine {
    /// Makes an engine; without a seed, what would be different each time is refused. `now` is in seconds
    /// since 1970.
    pub fn new(
        syntax: &Syntax,
        extensions: Option<Arc<Extensions>>,
        loader: Loader,
        seed: Option<u64>,
        now: i64,
    ) -> Res<Engine> {
        let config = syntax.config()?;
        let includes: Arc<Mutex<BTreeMap<String, Result<Reading, Fault>>>> = Arc::default();
        let mut environment = Environment::new();
        environment.set_syntax(config.clone());
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_DEPTH);
        environment.set_debug(true);
        environment.set_formatter(printing::write);
        environment.set_unknown_method_callback(methods::call);
        let random = seed.map(|seed| Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))));
        filters::add(&mut environment, random.clone());
        globals::add(&mut environment, random, now);
        let has_extensions = extensions.is_some();
        let extension_names =
            extensions.as_ref().map(|extensions| extensions.extension_names.clone()).unwrap_or_default();
        if let Some(extensions) = &extensions {
            python::add(&mut environment, extensions);
        }
        let extension_names = Arc::new(extension_names);
        let (inner_syntax, inner_config, texts, names) =
            (syntax.clone(), config.clone(), includes.clone(), extension_names.clone());
        environment.set_loader(move |name| {
            let Some(source) = loader(name) else { return Ok(None) };
            let reading = prepare::read(name, &source, &inner_syntax, &inner_config, &names);
            let text = reading.as_ref().map(|reading| reading.text.clone());
            let result = text.map(Some).map_err(|_| Error::from(ErrorKind::BadInclude));
            let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
            texts.insert(name.to_string(), reading.map_err(|fault| *fault));
            result
        });
        Ok(Engine {
            environment,
            syntax: syntax.clone(),
            config,
            extension_names,
            has_extensions,
            includes,
            spent: AtomicU64::new(0),
        })
    }

    /// Renders a text; `name` is what its faults are told with.
    pub fn render(&self, name: &str, source: &str, context: &Value) -> Res<String> {
        self.render_once(name, source, context).map_err(|fault| {
            let is_unknown =
                ["undefined", "unknown-filter", "unknown-test", "unknown-tag"].contains(&fault.code);
            match self.syntax.extensions.first() {
                Some(first) if is_unknown && !self.has_extensions => fault.hint(&format!(
                    "`{first}` is Python code and may have it: read it, then run this with `--trust`"
                )),
                _ => fault,
            }
        })
    }

    fn render_once(&self, name: &str, source: &str, context: &Value) -> Res<String> {
        if self.spent.load(Ordering::Relaxed) > TEXTS * FUEL {
            return Err(Fault::new("endless", "rendering all files takes too long").within(name));
        }
        let reading = prepare::read(name, source, &self.syntax, &self.config, &self.extension_names)?;
        let template = self.environment.template_from_named_str(name, &reading.text);
        let template = template.map_err(|error| self.fault(&error, name, &reading, context))?;
        let mut out = BoundedWriter(vec![]);
        let capture = template
            .render_captured_to(context.clone(), &mut out)
            .map_err(|error| self.fault(&error, name, &reading, context))?;
        let fuel = capture.state().fuel_levels().map_or(0, |(fuel, _)| fuel);
        self.spent.fetch_add(fuel, Ordering::Relaxed);
        String::from_utf8(out.0).map_err(|error| Fault::of(error.to_string()))
    }

    /// Finds what an error is about, and where: the innermost text that it passed through.
    fn fault(&self, error: &Error, name: &str, reading: &Reading, context: &Value) -> Box<Fault> {
        let mut innermost = error;
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            if let Some(inner) = inner.downcast_ref::<Error>().filter(|inner| inner.range().is_some()) {
                innermost = inner;
            }
            source = inner.source();
        }
        let includes = self.includes.lock().unwrap_or_else(PoisonError::into_inner);
        // A text that was included and is refused has no place in the including one.
        if let Some(fault) = includes.values().find_map(|reading| reading.as_ref().err()) {
            return Box::new(fault.clone());
        }
        let at = innermost.name().unwrap_or(name);
        let reading = match includes.get(at) {
            Some(Ok(include)) if at != name => include,
            _ => reading,
        };
        let range: Range<usize> = innermost.range().map_or(0..0, |range| reading.original(&range));
        let word = reading.source.get(range.clone()).unwrap_or_default();
        fault::of(innermost, word, context).at(&range).within(at)
    }
}
