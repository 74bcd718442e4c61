//! The store of locks and journals: an address that can be used.

use billpay_model::environment::Environment;
use billpay_model::store::StoreAddress;

use super::{Finding, value};

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let Some(text) = &env.state else { return vec![] };
    let address = StoreAddress::parse(text, env);
    let (message, help) = match &address {
        None => (
            format!("`{text}` is no address of a store"),
            "s3://bucket/prefix has at most 256 characters, and no part of the prefix is an account or begins with a dot",
        ),
        Some(address) => match address.refusal(env) {
            Some(why) => (why, "name a bucket that belongs to no environment, or say `state: s3`"),
            None => return vec![],
        },
    };
    vec![Finding::error("bad-value", value(["state"]), message).help(help)]
}
