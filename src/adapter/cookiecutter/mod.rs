pub mod jinja2;
mod letters;
