//! What the roles of an environment may do, as IAM would decide it (`support::evaluator`): the ways out of the
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
