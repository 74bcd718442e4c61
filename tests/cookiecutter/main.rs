//! Cookiecutter templates: the same trees and texts as cookiecutter's (`trees`, `texts`), its
//! errors at their places (`errors`), and what hostile templates come to (`hostile`).

mod corpus;
mod errors;
mod hostile;
mod peer;
mod programs;
mod questions;
mod texts;
mod trees;
