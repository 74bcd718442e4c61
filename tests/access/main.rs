//! Permissions of the roles of an environment, as IAM would decide them (`support::evaluator`): the ways out of the
//! boundary (`escapes`), the roles of workflows (`workflows`), what IAM takes (`limits`), and whether
//! the words in the documents exist (`words`). Each for what billpay makes and what the OpenTofu
//! module makes (`documents`).

#[path = "../support/mod.rs"]
mod support;

mod documents;
mod escapes;
mod limits;
mod words;
mod workflows;
