//! The kinds of the cloud in memory: one for each way in which AWS knows a resource.

use std::collections::BTreeMap;

use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::Fit;
use billpay_engine::plan::Kinds;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::names;
use billpay_model::resource::{ADDRESS_TAG, Tags, owner_tags};

/// The identity of a kind's resources, and what makes a repeated create call harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// By an id; every create call makes another one and leaves its attempt.
    Id,
    /// By an id; a client token answers with what it made before.
    Token,
    /// By an id; the create call leaves a reference that can't be copied.
    Reference,
    /// By a name.
    Name,
}

/// Every kind, and how it is known. All may stand on all others.
pub const KINDS: [(&str, Known); 6] = [
    ("vpc", Known::Id),
    ("nat-gateway", Known::Token),
    ("distribution", Known::Reference),
    ("bucket", Known::Name),
    ("cluster", Known::Name),
    ("role", Known::Name),
];

/// A bucket or a role can go from under others.
const ALL: [Base; 6] = [
    Base::held("vpc"),
    Base::held("nat-gateway"),
    Base::held("distribution"),
    Base::used("bucket"),
    Base::held("cluster"),
    Base::used("role"),
];

/// The region of what is in none.
pub const GLOBAL: &str = "global";

pub fn known(kind: &str) -> Known {
    KINDS.iter().find(|(name, _)| *name == kind).expect("a kind of this cloud").1
}

pub fn infos() -> Kinds {
    let info = |(name, known): (&'static str, Known)| KindInfo {
        name,
        component: "house",
        aws_type: "",
        // A reference would answer with the old one where that is to be made anew.
        immutable: if known == Known::Reference { &[] } else { &["shape", "name"] },
        gives_access: &[],
        stands_on: &ALL,
        constraints: &[],
        create_first: known != Known::Name,
        named: known == Known::Name,
        global: is_global(name),
        holds_data: false,
        usual: Usual { create: seconds(name), update: 1, delete: seconds(name) },
    };
    KINDS.into_iter().map(|kind| (kind.0, info(kind))).collect::<BTreeMap<_, _>>()
}

pub fn is_global(kind: &str) -> bool {
    matches!(kind, "role" | "distribution")
}

/// The time that a create or a delete takes, seconds; 0 for what is done when its call returns.
pub fn seconds(kind: &str) -> u32 {
    if kind == "nat-gateway" { 100 } else { 0 }
}

/// The name that billpay computes for an address. A cluster's holds no project.
pub fn name(env: &Environment, address: &Address) -> String {
    match address.kind() {
        "cluster" => format!("{}-{}-{}", env.cluster.name, address.key(), env.environment),
        _ => names::own(env, address.key()),
    }
}

pub fn fits(env: &Environment, address: &Address, found: &str) -> Fit {
    match address.kind() {
        "cluster" => Fit::nameless(found, &name(env, address)),
        _ => Fit::whole(found, &name(env, address)),
    }
}

/// The tags that a resource is to have.
pub fn tags(env: &Environment, address: &Address) -> Tags {
    let mut tags = owner_tags(env);
    tags.insert("Name".to_string(), name(env, address));
    tags.insert(ADDRESS_TAG.to_string(), address.to_string());
    tags
}
