//! Jinja2 with Python's values, as Cookiecutter templates were written for.
//!
//! The engine of the other templates, minijinja, is not it: there lists can't be appended to,
//! `%` doesn't format, macros take no `varargs`, numbers, lists and methods print otherwise, and
//! no tag can be added. Each of those changes what a template renders to.

mod arguments;
mod ast;
mod calls;
mod checks;
mod containers;
mod eval;
mod expressions;
mod fault;
mod filters;
mod format;
mod globals;
mod interpreter;
mod json;
mod lexer;
mod ops;
mod parser;
mod repr;
mod slugify;
mod strings;
mod syntax;
mod time;
mod urlize;
mod value;
mod wrap;

pub use fault::{Fault, Res};
pub use interpreter::{Interpreter, Loader};
pub use repr::{float, str as text_of};
pub use syntax::Syntax;
pub use value::{Dict, Value};

/// A text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
