//! Cookiecutter templates: the same trees and texts as cookiecutter's (`trees`, `texts`), its
//! errors at their places (`errors`), and what hostile templates come to (`hostile`).

#[path = "../support/install.rs"]
#[allow(dead_code)]
mod install;

mod corpus;
mod errors;
mod hostile;
mod peer;
mod programs;
mod questions;
mod texts;
mod trees;
