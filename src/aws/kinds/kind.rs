//! The trait of a kind of resource: typed where it is written, erased where it is used.

use std::collections::BTreeSet;

use async_trait::async_trait;
use billpay_engine::cloud::{Create, Progress};
use billpay_engine::kind::KindInfo;
use billpay_engine::ownership::{Fit, Identity, Ownership, owners};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Attachment, Goal};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::hex::hex;
use billpay_model::resource::{
    ADDRESS_TAG, Condition, ConditionReason, Desired, Observed, Outputs, Owner, Status, TAGS_OF_OTHERS, Tags,
    UNCOMPARED_TAGS, owner_tags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::support::reads::Reads;
use crate::{Aws, Optional};

/// Context of every operation of a kind: the clients, and the environment.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub aws: &'a Aws,
    pub env: &'a Environment,
    /// Goal of the run. What holds people's data is deleted only with its environment.
    pub goal: Goal,
    /// Set for the sweep after a destroy: then lists leave out nothing by its name.
    pub is_thorough: bool,
    /// Set while everything is observed: then kinds share what several of them read.
    pub reads: Option<&'a Reads>,
}

impl<'a> Context<'a> {
    /// Returns the context of calls that belong to no observation.
    pub fn plain(aws: &'a Aws, env: &'a Environment) -> Context<'a> {
        Context { aws, env, goal: Goal::Converge, is_thorough: false, reads: None }
    }
    /// Makes a read, or returns the answer that another kind got from it in the same observation.
    ///
    /// # Errors
    /// Fails if the read does.
    pub async fn once<T: Clone + Send + Sync + 'static>(
        &self,
        name: impl Into<String>,
        read: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match self.reads {
            Some(reads) => reads.once(name.into(), read).await,
            None => read.await,
        }
    }

    /// The tags of a resource: the spec's, its own `name`, and those that make it ours.
    pub fn tags(&self, address: &Address, name: &str) -> Tags {
        tags(self.env, address, name)
    }

    /// The tags of something found, without those that AWS, controllers and people's
    /// tools set on our resources.
    pub fn managed(&self, tags: Tags) -> Tags {
        let ignored = |key: &str| {
            UNCOMPARED_TAGS.contains(&key)
                || TAGS_OF_OTHERS.iter().any(|prefix| key.starts_with(prefix))
                || self.env.ignored_tags.iter().any(|prefix| key.starts_with(prefix.as_str()))
        };
        tags.into_iter().filter(|(key, _)| !ignored(key)).collect()
    }

    /// Returns the owners of a found resource, each with the address it is reported at.
    ///
    /// `wanted` is the address that wants its name, if one does; `only` the one that is looked
    /// for, if it is only one. Empty for what is neither ours nor in our way; two entries for a
    /// resource of ours whose name another address wants.
    pub fn owned<K: Kind>(
        &self,
        found: &Identity<'_>,
        wanted: Option<&Address>,
        only: Option<&Address>,
    ) -> Vec<(Address, Ownership)> {
        owners(self.env, &K::INFO, found, &K::fits, wanted, only)
    }

    /// Returns the one of [`owned`](Context::owned) that matters most: the name that is taken.
    pub fn owner_of<K: Kind>(
        &self,
        found: &Identity<'_>,
        wanted: Option<&Address>,
        only: Option<&Address>,
    ) -> Option<(Address, Ownership)> {
        self.owned::<K>(found, wanted, only).pop()
    }
}

/// The tags of a resource: the spec's, its `Name`, and those that make it ours.
pub fn tags(env: &Environment, address: &Address, name: &str) -> Tags {
    let mut tags = env.tags.clone();
    tags.insert("Name".to_string(), name.to_string());
    tags.extend(owner_tags(env));
    tags.insert(ADDRESS_TAG.to_string(), address.to_string());
    tags
}

/// A resource that the spec wants, typed.
pub struct Desire<A> {
    pub address: Address,
    pub attrs: A,
    pub after: BTreeSet<Address>,
}

impl<A> Desire<A> {
    pub fn new(address: Address, attrs: A) -> Desire<A> {
        Desire { address, attrs, after: BTreeSet::new() }
    }

    /// Adds resources that must be there first although no attribute refers to them.
    pub fn after(mut self, addresses: impl IntoIterator<Item = Address>) -> Desire<A> {
        self.after.extend(addresses);
        self
    }
}

/// A resource that was found, typed.
pub struct Found<A> {
    pub address: Address,
    pub id: String,
    pub attrs: A,
    pub outputs: Outputs,
    pub status: Status,
    pub condition: Option<Condition>,
    pub count: Option<i32>,
    pub ownership: Ownership,
    pub generation: u32,
}

impl<A> Found<A> {
    /// A resource of ours that is ready, with its id as the first output.
    pub fn new(address: Address, id: impl Into<String>, attrs: A) -> Found<A> {
        let id = id.into();
        let outputs = Outputs::from([("id".to_string(), id.clone())]);
        let (status, ownership) = (Status::Ready, Ownership::of(Owner::Ours));
        Found { address, id, attrs, outputs, status, condition: None, count: None, ownership, generation: 0 }
    }

    /// Returns the output `arn`, empty where there is none.
    pub fn arn(&self) -> &str {
        self.outputs.get("arn").map(String::as_str).unwrap_or_default()
    }

    pub fn output(mut self, name: &str, value: impl Into<String>) -> Found<A> {
        self.outputs.insert(name.to_string(), value.into());
        self
    }

    pub fn status(mut self, status: Status) -> Found<A> {
        self.status = status;
        self
    }

    pub fn condition(mut self, reason: ConditionReason, message: String) -> Found<A> {
        self.condition = Some(Condition { reason, message });
        self
    }

    pub fn owned(mut self, ownership: Ownership) -> Found<A> {
        self.ownership = ownership;
        self
    }

    /// Adds a protection that AWS itself keeps.
    pub fn protected(mut self, by_aws: bool) -> Found<A> {
        self.ownership.protected |= by_aws;
        self
    }

    pub fn generation(mut self, generation: u32) -> Found<A> {
        self.generation = generation;
        self
    }
}

/// A resource that is to be made; every reference in `attrs` is known.
pub struct New<A> {
    pub address: Address,
    pub attrs: A,
    pub generation: u32,
    /// Hash of account, project, environment, address and generation: the same call sent again,
    /// even by a later run, is recognised by AWS where it takes a client token.
    pub token: String,
    /// Names this very call, for a tag where AWS takes no client token.
    pub attempt: String,
}

/// The environment's resources, by their kinds and ids: two kinds may use one name.
#[derive(Debug, Default)]
pub struct OwnResources(BTreeSet<(String, String)>);

impl OwnResources {
    pub fn new<'a>(resources: impl IntoIterator<Item = (&'a str, &'a str)>) -> OwnResources {
        OwnResources(resources.into_iter().map(|(kind, id)| (kind.to_string(), id.to_string())).collect())
    }

    /// Returns whether a resource of a kind is the environment's.
    pub fn has(&self, kind: &str, id: &str) -> bool {
        self.0.contains(&(kind.to_string(), id.to_string()))
    }

    /// Returns whether an id that AWS gave is the environment's, of whatever kind.
    pub fn has_id(&self, id: &str) -> bool {
        self.0.iter().any(|(_, other)| other == id)
    }
}

/// Makes an attachment to a resource of a kind.
pub fn attachment<K: Kind>(
    to: impl Into<String>,
    id: impl Into<String>,
    what: impl Into<String>,
) -> Attachment {
    Attachment { to: (K::INFO.name.to_string(), to.into()), id: id.into(), what: what.into() }
}

/// Scope of an observation.
pub struct Look<'a, A> {
    /// Desired resources of this kind; references in them may be unknown.
    pub wanted: &'a [(Address, A)],
    /// Only this one, which is then the only one in `wanted`.
    pub only: Option<&'a Address>,
}

impl<A> Look<'_, A> {
    /// The wanted resource that a predicate picks.
    pub fn wanted(&self, pick: impl Fn(&A) -> bool) -> Option<&(Address, A)> {
        self.wanted.iter().find(|(_, attrs)| pick(attrs))
    }
}

/// A kind of resource. Its file holds, in this order: facts, what the spec wants, what
/// is there, create, update, delete.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The attributes that are compared, in the shape that the spec wants them.
    type Attrs: Serialize + DeserializeOwned + Send + Sync;

    /// The facts about the kind.
    const INFO: KindInfo;

    /// Compares a name with the one that billpay computes for an address of this kind, also for
    /// one that the spec no longer wants. The name is AWS's where the kind is `named`, else that of
    /// the `Name` tag.
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit;

    /// The resources of this kind that an environment should have.
    fn desire(&self, env: &Environment) -> Vec<Desire<Self::Attrs>>;

    /// Returns the reason for which a change of the spec must not be carried out. Told when the plan
    /// is made, before anything is changed; for most kinds there is no such change.
    fn refuse(&self, _env: &Environment, _found: &Self::Attrs, _wanted: &Self::Attrs) -> Option<String> {
        None
    }

    /// The resources of this kind that are there: all of the environment's, also those the
    /// spec no longer has, and those of others under names that the spec wants.
    async fn observe(
        &self,
        cx: Context<'_>,
        look: Look<'_, Self::Attrs>,
    ) -> Result<Vec<Found<Self::Attrs>>, Failure>;

    /// Adapts what the spec wants to what AWS never changes about the one that is there. For most
    /// kinds there is no such thing.
    fn adapt(&self, wanted: Self::Attrs, _found: &Self::Attrs) -> Self::Attrs {
        wanted
    }

    /// Returns what others attached to resources that are to go and what keeps them from going. What
    /// belongs to one of the environment's `own` goes with that. For most kinds there is no such thing.
    async fn attachments(
        &self,
        _cx: Context<'_>,
        _leaving: &[Found<Self::Attrs>],
        _own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        Ok(vec![])
    }

    /// Makes one, tags in the same call. Says `Pending` if AWS still works on it.
    async fn create(&self, cx: Context<'_>, new: New<Self::Attrs>) -> Result<Found<Self::Attrs>, Failure>;

    /// Changes the attributes of one that can be changed in place.
    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Self::Attrs>,
        wanted: &Self::Attrs,
    ) -> Result<Progress, Failure>;

    /// Deletes one. `NotFound` counts as done.
    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Self::Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure>;
}

/// A [`Kind`] without its type, as the registry holds it.
#[async_trait]
pub trait AnyKind: Send + Sync {
    fn info(&self) -> KindInfo;
    fn desire(&self, env: &Environment) -> Vec<Desired>;
    fn refuse(&self, env: &Environment, found: &Observed, wanted: &Desired) -> Option<String>;
    async fn observe(
        &self,
        cx: Context<'_>,
        wanted: &[Desired],
        only: Option<&Address>,
    ) -> Result<Vec<Observed>, Failure>;
    fn adapt(&self, wanted: &Desired, found: &Observed) -> Desired;
    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[&Observed],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure>;
    async fn create(&self, cx: Context<'_>, create: &Create, attempt: String) -> Result<Observed, Failure>;
    async fn update(&self, cx: Context<'_>, found: &Observed, wanted: &Desired) -> Result<Progress, Failure>;
    async fn delete(&self, cx: Context<'_>, found: &Observed, permit: &Permit) -> Result<Progress, Failure>;
}

#[async_trait]
impl<K: Kind> AnyKind for K {
    fn info(&self) -> KindInfo {
        K::INFO
    }

    fn desire(&self, env: &Environment) -> Vec<Desired> {
        let desires = Kind::desire(self, env);
        desires
            .into_iter()
            .map(|desire| Desired {
                address: desire.address,
                attrs: to_value(&desire.attrs),
                after: desire.after,
            })
            .collect()
    }

    fn refuse(&self, env: &Environment, found: &Observed, wanted: &Desired) -> Option<String> {
        match (from_value(&found.attrs), from_value(&wanted.attrs)) {
            (Ok(found), Ok(wanted)) => Kind::refuse(self, env, &found, &wanted),
            (Err(failure), _) | (_, Err(failure)) => Some(failure.message),
        }
    }

    async fn observe(
        &self,
        cx: Context<'_>,
        wanted: &[Desired],
        only: Option<&Address>,
    ) -> Result<Vec<Observed>, Failure> {
        let wanted: Vec<(Address, K::Attrs)> = wanted
            .iter()
            .map(|desired| Ok((desired.address.clone(), from_value(&desired.attrs)?)))
            .collect::<Result<_, Failure>>()?;
        let found = Kind::observe(self, cx, Look { wanted: &wanted, only }).await?;
        Ok(found.into_iter().map(erase).collect())
    }

    /// Leaves alone what can't be decoded: it is refused when the plan is made.
    fn adapt(&self, wanted: &Desired, found: &Observed) -> Desired {
        match (from_value(&wanted.attrs), from_value(&found.attrs)) {
            (Ok(attrs), Ok(found)) => {
                Desired { attrs: to_value(&Kind::adapt(self, attrs, &found)), ..wanted.clone() }
            }
            _ => wanted.clone(),
        }
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[&Observed],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let leaving: Vec<Found<K::Attrs>> =
            leaving.iter().map(|observed| restore(observed)).collect::<Result<_, Failure>>()?;
        Kind::attachments(self, cx, &leaving, own).await
    }

    async fn create(&self, cx: Context<'_>, create: &Create, attempt: String) -> Result<Observed, Failure> {
        let address = create.desired.address.clone();
        let new = New {
            token: token(cx.env, &address, create.generation, create.spent),
            attempt,
            attrs: from_value(&create.desired.attrs)?,
            generation: create.generation,
            address,
        };
        Ok(erase(Kind::create(self, cx, new).await?))
    }

    async fn update(&self, cx: Context<'_>, found: &Observed, wanted: &Desired) -> Result<Progress, Failure> {
        let wanted: K::Attrs = from_value(&wanted.attrs)?;
        Kind::update(self, cx, &restore(found)?, &wanted).await
    }

    async fn delete(&self, cx: Context<'_>, found: &Observed, permit: &Permit) -> Result<Progress, Failure> {
        let deleted = Kind::delete(self, cx, &restore(found)?, permit).await;
        Ok(deleted.optional()?.unwrap_or(Progress::Done))
    }
}

fn erase<A: Serialize>(found: Found<A>) -> Observed {
    Observed {
        address: found.address,
        id: found.id,
        attrs: to_value(&found.attrs),
        outputs: found.outputs,
        status: found.status,
        condition: found.condition,
        count: found.count,
        owner: found.ownership.owner,
        evidence: found.ownership.evidence,
        attempt: found.ownership.attempt,
        store: found.ownership.store,
        protected: found.ownership.protected,
        generation: found.generation,
    }
}

fn restore<A: DeserializeOwned>(observed: &Observed) -> Result<Found<A>, Failure> {
    Ok(Found {
        address: observed.address.clone(),
        id: observed.id.clone(),
        attrs: from_value(&observed.attrs)?,
        outputs: observed.outputs.clone(),
        status: observed.status,
        condition: observed.condition.clone(),
        count: observed.count,
        ownership: Ownership {
            owner: observed.owner.clone(),
            evidence: observed.evidence,
            attempt: observed.attempt.clone(),
            store: observed.store.clone(),
            protected: observed.protected,
        },
        generation: observed.generation,
    })
}

/// Attributes are plain structs with text keys, which serialize always.
fn to_value<A: Serialize>(attrs: &A) -> serde_json::Value {
    serde_json::to_value(attrs).unwrap_or_default()
}

fn from_value<A: DeserializeOwned>(attrs: &serde_json::Value) -> Result<A, Failure> {
    serde_json::from_value(attrs.clone()).map_err(|error| {
        Failure::new(
            FailureClass::Invalid,
            "billpay",
            format!("the attributes are not of this kind: {error}"),
        )
    })
}

/// The client token of a create: 64 hexadecimal digits, the longest that every service takes.
pub fn token(env: &Environment, address: &Address, generation: u32, spent: u32) -> String {
    let Environment { account, project, region, environment, .. } = env;
    let identity = format!("{account}/{project}/{region}/{environment}/{address}/{generation}/{spent}");
    hex(&Sha256::digest(identity.as_bytes()))
}
