//! Nunjucks templates as the portal renders them.
//!
//! The portal's engine (`nunjitsu`, which took Nunjucks' place there) is neither Nunjucks nor
//! Jinja: operators bind otherwise (`not a == b` is `(not a) == b`), values are JavaScript's,
//! `set` in a loop reaches outward, and lists can be changed. On `minijinja` this would be every
//! operator, name and loop written anew as calls, so it has an interpreter of its own here:
//! a template is read (`scan`, `token`, `expression`, `statement`) and run (`machine`).
//! Features that can't be rendered the same are refused; [`DIFFERENCES`] lists them. An undefined value is a warning where it
//! would show, or an error if rendering is strict; testing for it (`if`, `and`, `==`, `is defined`, `default`) is neither.

mod ast;
mod budget;
mod callable;
mod calls;
mod checks;
mod code;
mod coerce;
mod differences;
mod expression;
mod fault;
mod filters;
mod json;
mod looping;
mod machine;
mod methods;
pub mod number;
mod operate;
mod plan;
mod regex;
mod scan;
mod scope;
mod statement;
mod token;
mod units;
mod value;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use billpay_model::findings::{Findings, SourceFile};
use billpay_model::limits::TEXTS;

use ast::StatementKind;
use fault::{Fault, Outcome, workflow_help};
use machine::{Machine, Options};
use scan::Marks;
use value::Value;

pub use differences::{DIFFERENCES, Difference};

/// Settings of a set of templates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `{{ }}` instead of `${{ }}`, and what Jinja has beside Nunjucks.
    pub cookiecutter_compat: bool,
    /// Leaves out the line end after a block tag.
    pub trim_blocks: bool,
    /// Leaves out the indentation before a block tag that begins its line.
    pub lstrip_blocks: bool,
    /// Seed of random choices; without one they are refused.
    pub seed: Option<u64>,
    /// Makes what is undefined an error.
    pub strict: bool,
}

/// The template engine, made once for all files of a template.
pub struct Nunjucks {
    settings: Settings,
    warnings: RefCell<Findings>,
    /// Steps that all texts took so far.
    spent: Cell<usize>,
}

/// Values for rendering, prepared once and cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Original values, for templates that change lists.
    source: Arc<serde_json::Value>,
    values: Arc<Result<Value, Fault>>,
}

impl Nunjucks {
    pub fn new(settings: &Settings) -> Nunjucks {
        Nunjucks { settings: settings.clone(), warnings: RefCell::default(), spent: Cell::new(0) }
    }

    /// Returns and clears the warnings since the last call.
    pub fn take_warnings(&self) -> Findings {
        self.warnings.take()
    }

    /// Prepares what templates may name: `{"values": {…}}`, or `{"parameters": {…}, "steps": {…}}`.
    ///
    /// Values that no template can be given (some names, too many, too deep) are an error of
    /// each rendering.
    pub fn context(&self, values: &serde_json::Value) -> Context {
        let read = json::read(values).map_err(|fault| *fault);
        // What was refused may lie too deep to be copied.
        let source = if read.is_ok() { values.clone() } else { serde_json::Value::Null };
        Context { source: Arc::new(source), values: Arc::new(read) }
    }

    /// Renders a text: the contents of a file, or a path.
    ///
    /// # Errors
    /// Fails with the place if the text isn't a valid template, an expression fails, or a limit is exceeded.
    pub fn render(&self, file: &SourceFile, context: &Context) -> Result<String, Box<Findings>> {
        let text = self.text(file, context);
        text.map_err(|fault| Box::new(Findings::one(fault.problem(file), file)))
    }

    /// Renders a step's input: the value itself of a text that is one `${{ }}` alone, any other as text.
    ///
    /// # Errors
    /// Fails as [`Nunjucks::render`] does, and if the value is missing or is a function.
    pub fn value(&self, file: &SourceFile, context: &Context) -> Result<serde_json::Value, Box<Findings>> {
        let value = self.native(file, context).and_then(|value| json::write(value.require()?));
        value.map_err(|fault| Box::new(Findings::one(fault.problem(file), file)))
    }

    /// Like [`Nunjucks::value`], but `None` for one `${{ }}` alone of what is not there, as the
    /// portal leaves such an input out.
    ///
    /// # Errors
    /// Fails as [`Nunjucks::render`] does, and if the value is a function.
    pub fn optional_value(
        &self,
        file: &SourceFile,
        context: &Context,
    ) -> Result<Option<serde_json::Value>, Box<Findings>> {
        let value = self.native(file, context);
        let value = value.and_then(|value| match value {
            Value::Undefined(_) => Ok(None),
            value => json::write(&value).map(Some),
        });
        value.map_err(|fault| Box::new(Findings::one(fault.problem(file), file)))
    }

    fn text(&self, file: &SourceFile, context: &Context) -> Outcome<String> {
        let text = file.text();
        if !self.has_tags(text) {
            return Ok(text.to_string());
        }
        let rendered = self.with(file, context, false, |machine, body, place| {
            let mut output = String::new();
            machine.body(body, place, &mut output)?;
            Ok(output)
        });
        rendered.map_err(|mut fault| {
            fault.help = fault.help.take().or_else(|| {
                let tag = text.get(..fault.span.as_ref()?.end)?.rfind("${{")?;
                workflow_help(text.get(tag + 3..)?)
            });
            fault
        })
    }

    fn native(&self, file: &SourceFile, context: &Context) -> Outcome<Value> {
        self.with(file, context, true, |machine, body, place| {
            if let [only] = body.as_slice()
                && let StatementKind::Output(value) = &only.kind
            {
                return machine.value(value, place);
            }
            let mut output = String::new();
            machine.body(body, place, &mut output)?;
            Ok(Value::text(output))
        })
    }

    fn has_tags(&self, text: &str) -> bool {
        let variable = if self.settings.cookiecutter_compat { "{{" } else { "${{" };
        [variable, "{%", "{#", "#}"].iter().any(|mark| text.contains(mark))
    }

    fn with<T>(
        &self,
        file: &SourceFile,
        context: &Context,
        step: bool,
        run: impl for<'m> FnOnce(&Machine<'m>, &'m ast::Body, &scope::Place) -> Outcome<T>,
    ) -> Outcome<T> {
        let Settings { cookiecutter_compat: cookiecutter, trim_blocks, lstrip_blocks, seed, strict } =
            self.settings;
        let text = file.text();
        if self.spent.get() > TEXTS as usize * budget::MAX_STEPS {
            return Err(Box::new(Fault::of("endless", "rendering all files takes too many steps")));
        }
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(Box::new(Fault::of(
                "too-long",
                format!("a template is {} MB at most", MAX_TEMPLATE_BYTES >> 20),
            )));
        }
        let body = statement::template(text, Marks { cookiecutter, trim_blocks, lstrip_blocks })?;
        let plan = plan::plan(&body)?;
        let values = match &*context.values {
            // Each rendering begins with the same values, whatever another did to its lists.
            Ok(_) if methods::CHANGING.iter().any(|name| text.contains(name)) => json::read(&context.source)?,
            Ok(values) => values.clone(),
            Err(fault) => return Err(Box::new(fault.clone())),
        };
        let entries = match &values {
            Value::Record(record) => record.entries(),
            _ => &[],
        };
        let machine = Machine::new(text, Options { cookiecutter, seed, strict, step }, file.name());
        let place = machine.start(&plan, entries);
        let outcome = run(&machine, &body, &place)?;
        self.spent.set(self.spent.get().saturating_add(machine.budget.total_steps()));
        for missing in machine.undefined_names() {
            let problem = Fault::undefined_fault(&missing).problem(file);
            self.warnings.borrow_mut().warn(problem, file);
        }
        Ok(outcome)
    }
}

/// Maximum size of a template, bytes: the portal's limit.
const MAX_TEMPLATE_BYTES: usize = 4 << 20;
