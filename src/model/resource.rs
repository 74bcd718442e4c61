//! Resources: what the spec wants, what the cloud has, and how one points at another.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::Address;
use crate::environment::Environment;

/// Tags of a resource, sorted.
pub type Tags = BTreeMap<String, String>;

/// The tag that names the project whose environment a resource belongs to.
pub const PROJECT_TAG: &str = "billpay:project";
/// The tag that names the environment a resource belongs to.
pub const ENVIRONMENT_TAG: &str = "billpay:environment";
/// The tag that names the region the environment lives in, also on resources that have none.
pub const REGION_TAG: &str = "billpay:region";
/// The tag that holds a resource's address.
pub const ADDRESS_TAG: &str = "billpay:address";
/// The tag that says whether the environment is protected: `true` or `false`.
pub const PROTECTED_TAG: &str = "billpay:protected";
/// The tag that names the create call a resource came from, where AWS takes no client token.
pub const ATTEMPT_TAG: &str = "billpay:attempt";
/// The tag that repeats the id of the resource it was written for. A copy of the tags carries another id.
pub const ID_TAG: &str = "billpay:id";

/// The tag that holds the address of the shared store in which the lock of the environment is.
pub const STATE_TAG: &str = "billpay:state";

/// Tags that say how and by whom a resource was made: compared by neither engine.
pub const UNCOMPARED_TAGS: [&str; 3] = [ATTEMPT_TAG, ID_TAG, STATE_TAG];

/// Prefixes of tags that AWS, controllers and people's tools set on our resources.
pub const TAGS_OF_OTHERS: [&str; 5] =
    ["aws:", "eks:", "elbv2.k8s.aws/", "k8s.io/cluster-autoscaler/", "kubernetes.io/cluster/"];

/// A piece of text that may be an output of another resource, not known before that exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ref {
    /// The `output` of the resource at `link`.
    To { link: Address, output: String },
    /// Text that is known.
    Known(String),
}

impl Ref {
    /// Points at the `id` of another resource.
    pub fn id(link: &Address) -> Ref {
        Ref::output(link, "id")
    }

    /// Points at an output of another resource.
    pub fn output(link: &Address, output: &str) -> Ref {
        Ref::To { link: link.clone(), output: output.to_string() }
    }

    /// The text, empty where it is not known. Kinds' create and update are only ever
    /// given attributes whose references are known.
    pub fn text(&self) -> &str {
        match self {
            Ref::Known(text) => text,
            Ref::To { .. } => "",
        }
    }
}

impl From<&str> for Ref {
    fn from(text: &str) -> Ref {
        Ref::Known(text.to_string())
    }
}

impl From<String> for Ref {
    fn from(text: String) -> Ref {
        Ref::Known(text)
    }
}

/// Values that other resources may refer to: `id`, `arn`, `domain_name`, …
pub type Outputs = BTreeMap<String, String>;

/// A resource as the spec wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Desired {
    pub address: Address,
    /// The attributes of its kind, references unresolved.
    pub attrs: Value,
    /// Resources that must be there first although no attribute refers to them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<Address>,
}

impl Desired {
    /// Returns the resource with the address of a store in its tags, if it has tags; with `None`, without one.
    pub fn with_store(&self, address: Option<&str>) -> Desired {
        let mut desired = self.clone();
        set_store(&mut desired.attrs, address);
        desired
    }

    /// Every resource that must be there before this one.
    pub fn needs(&self) -> BTreeSet<Address> {
        let mut needs = self.after.clone();
        collect_links(&self.attrs, &mut needs);
        needs
    }
}

/// The state of a resource in the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Usable.
    Ready,
    /// Being made or changed.
    Pending,
    /// On its way out.
    Deleting,
    /// Broken beyond repair; only a replacement helps.
    Failed,
}

/// A fact about a resource in the words of AWS, beside its [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    pub reason: ConditionReason,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionReason {
    /// It works, but not all of it.
    Degraded,
    /// Its latest update failed.
    UpdateFailed,
}

/// The owner of a resource.
///
/// Kinds report `Ours`, `Legacy`, `Elsewhere`, `Copy` and `Foreign`;
/// [`settle`](billpay_engine::ownership::settle) turns every `Legacy` into one of the others, and finds
/// `Duplicate`, `Released` and `Undecided`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// This environment: the tags, or a name that only billpay could have made, say so.
    Ours,
    /// This environment by the two tags of version 0.1, which name neither project nor region.
    Legacy {
        /// Set once the region has been added to the tags.
        #[serde(default)]
        has_region: bool,
    },
    /// This environment, which lives in another region than the spec says.
    Elsewhere { region: String },
    /// Somebody who copied the environment's tags onto a resource that billpay did not make.
    Copy {
        evidence: String,
        /// The other region that the tags name, if they do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    /// This process or an earlier run, which made a second one after a lost response.
    Duplicate { of: String },
    /// A person who was asked and kept another one: the tags come off.
    Released { of: String },
    /// Nobody knows: a conflict leaves it to a person.
    Undecided,
    /// Somebody who was let in from outside of billpay: an entry of the environment's cluster.
    Guest { access: String },
    /// Somebody else, under a name that the spec wants. Says what it carries instead.
    Foreign { evidence: String },
}

impl Owner {
    /// Returns whether the tags are those of version 0.1, and nobody has weighed them yet.
    pub fn is_legacy(&self) -> bool {
        matches!(self, Owner::Legacy { .. })
    }
}

/// Evidence, beside the tags, that billpay made a resource. Later variants are stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// None: the name is not the computed one.
    #[default]
    Nothing,
    /// The name fits, but holds no project: only being part of another resource proves it.
    Part,
    /// The name is the computed one.
    Name,
    /// A name or an id that no other resource can have.
    Unique,
}

/// A resource as it was found in the cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    pub address: Address,
    /// Id of AWS: `vpc-0a1b2c`, a name, or an ARN.
    pub id: String,
    /// The attributes of its kind, in the same shape as [`Desired::attrs`].
    pub attrs: Value,
    pub outputs: Outputs,
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Number of its members, such as nodes, that AWS aims at now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i32>,
    pub owner: Owner,
    /// Number of times that it was made anew: 0 for the first.
    #[serde(default)]
    pub generation: u32,
    #[serde(default)]
    pub evidence: Evidence,
    /// The create call that made it, where its kind records that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// Address of the store in which the lock of its environment is, by its tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Set where its tags or AWS itself protect it from deletion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

impl Observed {
    /// A resource of ours that is ready, with nothing that proves it and without outputs.
    pub fn new(address: Address, id: impl Into<String>, attrs: Value) -> Observed {
        Observed {
            address,
            id: id.into(),
            attrs,
            outputs: Outputs::new(),
            status: Status::Ready,
            condition: None,
            count: None,
            owner: Owner::Ours,
            generation: 0,
            evidence: Evidence::default(),
            attempt: None,
            store: None,
            protected: false,
        }
    }

    /// Returns whether the address of a store can be among its tags.
    pub fn carries_store(&self) -> bool {
        self.attrs.pointer("/tags").is_some_and(|tags| tags.get(ENVIRONMENT_TAG).is_some())
    }

    /// Returns the resource as it is compared: the address of a store is apart from its tags.
    pub fn without_store(mut self) -> Observed {
        self.store = set_store(&mut self.attrs, None).or(self.store);
        self
    }

    /// Returns whether an attribute of this resource names `other` by one of its outputs.
    pub fn mentions(&self, other: &Observed) -> bool {
        mentions(&self.attrs, &other.outputs)
    }
}

/// Sets the address of a store in the tags among attributes, or takes it off; returns the one that was there. What
/// several environments share has no tag that names one, and is left alone.
fn set_store(attrs: &mut Value, address: Option<&str>) -> Option<String> {
    let tags = attrs.get_mut("tags")?.as_object_mut().filter(|tags| tags.contains_key(ENVIRONMENT_TAG))?;
    let before = match address {
        Some(address) => tags.insert(STATE_TAG.to_string(), address.into()),
        None => tags.remove(STATE_TAG),
    };
    before.and_then(|before| before.as_str().map(str::to_string))
}

/// Returns whether attributes, tags aside, name one of these outputs.
pub fn mentions(attrs: &Value, outputs: &Outputs) -> bool {
    let mut found = false;
    for_each_text(attrs, &mut |text| found |= outputs.values().any(|output| output == text));
    found
}

/// Looks up what a reference points at; `None` where it is not known yet.
pub type Lookup<'a> = dyn Fn(&Address, &str) -> Option<String> + 'a;

/// Replaces every reference that `lookup` knows by its text.
pub fn resolve(attrs: &Value, lookup: &Lookup) -> Value {
    match attrs {
        Value::Object(fields) => match as_link(attrs) {
            Some((link, output)) => match lookup(&link, &output) {
                Some(text) => Value::String(text),
                None => attrs.clone(),
            },
            None => Value::Object(fields.iter().map(|(k, v)| (k.clone(), resolve(v, lookup))).collect()),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| resolve(item, lookup)).collect()),
        other => other.clone(),
    }
}

/// Replaces every reference to these outputs by its text.
pub fn resolve_from(attrs: &Value, outputs: &BTreeMap<Address, Outputs>) -> Value {
    resolve(attrs, &|address, output| outputs.get(address)?.get(output).cloned())
}

/// The reference that a value is, if it is one.
pub fn as_link(value: &Value) -> Option<(Address, String)> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    let link = fields.get("link")?.as_str()?.parse().ok()?;
    let output = fields.get("output")?.as_str()?.to_string();
    Some((link, output))
}

/// Gathers the addresses that a value refers to.
pub fn collect_links(value: &Value, into: &mut BTreeSet<Address>) {
    for_each_link(value, &mut |link, _| {
        into.insert(link);
    });
}

/// Visits every reference in a value: its address and its output.
pub fn for_each_link(value: &Value, visit: &mut impl FnMut(Address, String)) {
    match (as_link(value), value) {
        (Some((link, output)), _) => visit(link, output),
        (None, Value::Object(fields)) => fields.values().for_each(|value| for_each_link(value, visit)),
        (None, Value::Array(items)) => items.iter().for_each(|value| for_each_link(value, visit)),
        _ => {}
    }
}

/// Visits every text in attributes. Tags don't count: a `Name` tag may be another resource's name, and
/// anybody may copy it.
pub fn for_each_text(attrs: &Value, visit: &mut impl FnMut(&str)) {
    fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
        match value {
            Value::String(text) => visit(text),
            Value::Object(fields) => fields.values().for_each(|value| walk(value, visit)),
            Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
            _ => {}
        }
    }
    match attrs {
        Value::Object(fields) => {
            fields.iter().filter(|(key, _)| *key != "tags").for_each(|(_, value)| walk(value, visit));
        }
        value => walk(value, visit),
    }
}

/// Returns the tags that every resource of an environment carries, beside its address.
pub fn owner_tags(env: &Environment) -> Tags {
    let tags = [
        (PROJECT_TAG, env.project.clone()),
        (ENVIRONMENT_TAG, env.environment.clone()),
        (REGION_TAG, env.region.clone()),
        (PROTECTED_TAG, env.protected.to_string()),
    ];
    tags.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
}
