//! Permissions of the roles of an environment, as IAM would decide them (`billpay_testkit::evaluator`): the ways out of the
//! boundary (`escapes`), exact resources and subjects (`exact`), the roles of workflows (`workflows`), what IAM takes (`limits`), and whether
//! the words in the documents exist (`words`). Each for what billpay makes and what the OpenTofu
//! module makes (`documents`).

mod documents;
mod escapes;
mod exact;
mod limits;
mod words;
mod workflows;
