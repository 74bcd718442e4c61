//! A model of what AWS holds for an environment and of what it refuses.
//!
//! It knows the constraints of the kinds and what was attached by others, and nothing else of AWS. A
//! change that it refuses leaves everything as it was.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::address::Address;
use billpay_model::resource::Observed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::kind::{Constraint, KindInfo, OnDelete};
use super::Kinds;
use super::mentions::Mentions;
use super::unique_key::{UniqueKey, text, texts, unique_keys};

/// A thing of others that keeps a resource from being deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The kind and the id of the resource that it is attached to.
    pub to: (String, String),
    /// The id that AWS gives it.
    pub id: String,
    /// A noun phrase: `network interface of the load balancer k8s-shop`.
    pub what: String,
}

/// A resource or an attachment that keeps a change from being made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Blocker {
    /// The address of a resource of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    pub id: String,
    /// Description of it, where it has no address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// Rule of AWS that a change breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Obstacle {
    /// It can't be deleted while something stands on it or is attached to it.
    Held,
    /// Another resource has a value that only one may have.
    Taken { attribute: String, value: String },
    /// Another resource has a part of its range of addresses.
    Overlaps { range: String },
    /// Its range of addresses lies outside that of its network.
    Outside { range: String, network: String },
    /// It can't be moved out of the resource that it lies in.
    Bound { attribute: String },
}

/// A change that AWS refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub obstacle: Obstacle,
    pub blockers: Vec<Blocker>,
}

/// The key of a resource: two at one address have different ids.
type Key = (Address, String);

/// Resources as AWS holds them.
pub struct Model<'a> {
    kinds: &'a Kinds,
    resources: BTreeMap<Key, Observed>,
    /// The resources of each kind that have each unique key.
    unique_keys: BTreeMap<&'static str, BTreeMap<UniqueKey, BTreeSet<Key>>>,
    mentions: Mentions<Key>,
    attachments: BTreeMap<(String, String), Vec<Attachment>>,
}

impl<'a> Model<'a> {
    pub fn new(
        kinds: &'a Kinds,
        resources: impl IntoIterator<Item = Observed>,
        attachments: &[Attachment],
    ) -> Model<'a> {
        let mut by_resource: BTreeMap<(String, String), Vec<Attachment>> = BTreeMap::new();
        for attachment in attachments {
            by_resource.entry(attachment.to.clone()).or_default().push(attachment.clone());
        }
        let mut model = Model {
            kinds,
            resources: BTreeMap::new(),
            unique_keys: BTreeMap::new(),
            mentions: Mentions::default(),
            attachments: by_resource,
        };
        resources.into_iter().for_each(|resource| model.put(resource));
        model
    }

    /// Returns everything that is there.
    pub fn resources(&self) -> impl Iterator<Item = &Observed> {
        self.resources.values()
    }

    /// Returns whether a resource is there.
    pub fn has(&self, address: &Address, id: &str) -> bool {
        self.resources.contains_key(&(address.clone(), id.to_string()))
    }

    /// Puts a resource there as it is, in place of the one with its address and id.
    pub fn put(&mut self, resource: Observed) {
        let Some(kind) = self.kinds.get(resource.address.kind()) else { return };
        let key = (resource.address.clone(), resource.id.clone());
        self.remove(&key);
        self.mentions.insert(&key, &resource.attrs);
        let holders = self.unique_keys.entry(kind.name).or_default();
        for unique in unique_keys(kind, &resource.attrs) {
            holders.entry(unique).or_default().insert(key.clone());
        }
        self.resources.insert(key, resource);
    }

    /// Makes a resource.
    ///
    /// # Errors
    /// Fails if another resource has one of its unique keys, or its range is outside of its network's.
    pub fn create(&mut self, new: Observed) -> Result<(), Refusal> {
        self.check_unique_keys(&new)?;
        self.check_inside(&new)?;
        self.put(new);
        Ok(())
    }

    /// Changes a resource that is there into another one with its address and id.
    ///
    /// # Errors
    /// Fails as [`Model::create`] does, and if the resources that it newly names lie elsewhere than those before.
    pub fn update(&mut self, changed: Observed) -> Result<(), Refusal> {
        self.check_unique_keys(&changed)?;
        self.check_inside(&changed)?;
        self.check_bound(&changed)?;
        self.put(changed);
        Ok(())
    }

    /// Deletes a resource and all that goes with it.
    ///
    /// # Errors
    /// Fails if resources or attachments hold it.
    pub fn delete(&mut self, address: &Address, id: &str) -> Result<(), Refusal> {
        let key = (address.clone(), id.to_string());
        let Some(resource) = self.resources.get(&key) else { return Ok(()) };
        let mut blockers: Vec<Blocker> =
            self.dependents(resource, OnDelete::Refused).into_iter().map(blocker).collect();
        let known: BTreeSet<&str> = blockers.iter().map(|blocker| blocker.id.as_str()).collect();
        let attachments = self.attachments.get(&(address.kind().to_string(), id.to_string()));
        let attachments = attachments.into_iter().flatten();
        let attachments: Vec<&Attachment> =
            attachments.filter(|one| !known.contains(one.id.as_str())).collect();
        blockers.extend(attachments.into_iter().map(|attachment| Blocker {
            address: None,
            id: attachment.id.clone(),
            what: attachment.what.clone(),
        }));
        if !blockers.is_empty() {
            return Err(Refusal { obstacle: Obstacle::Held, blockers });
        }
        let children: Vec<Key> =
            self.dependents(resource, OnDelete::Cascades).into_iter().map(key_of).collect();
        for key in children.into_iter().chain([key]) {
            self.remove(&key);
        }
        Ok(())
    }

    fn remove(&mut self, key: &Key) {
        if let Some(gone) = self.resources.remove(key) {
            self.mentions.remove(key, &gone.attrs);
            let kind = &self.kinds[gone.address.kind()];
            let holders = self.unique_keys.entry(kind.name).or_default();
            for unique in unique_keys(kind, &gone.attrs) {
                holders.entry(unique).or_default().remove(key);
            }
        }
    }

    /// Returns what stands on a resource and reacts to its delete in one way.
    fn dependents(&self, base: &Observed, on_delete: OnDelete) -> Vec<&Observed> {
        let reacts = |other: &&Observed| {
            self.kinds[other.address.kind()].on_delete_of(base.address.kind()) == Some(on_delete)
        };
        let named = self.mentions.of(&base.outputs).into_iter().filter_map(|key| self.resources.get(key));
        named.filter(|other| key_of(other) != key_of(base)).filter(reacts).collect()
    }

    fn check_unique_keys(&self, one: &Observed) -> Result<(), Refusal> {
        let own = key_of(one);
        for unique in unique_keys(self.kind(one), &one.attrs) {
            let Some(other) = self.holder(one.address.kind(), &unique, &own) else { continue };
            let obstacle = match unique {
                UniqueKey::Values { attributes, values } => Obstacle::Taken {
                    attribute: attributes.last().copied().unwrap_or_default().to_string(),
                    value: values.last().cloned().unwrap_or_default(),
                },
                UniqueKey::Range { range, .. } => Obstacle::Overlaps { range: range.to_string() },
            };
            return Err(Refusal { obstacle, blockers: vec![blocker(other)] });
        }
        Ok(())
    }

    /// Returns another resource of a kind that has a unique key, or part of the range that it is.
    fn holder(&self, kind: &str, unique: &UniqueKey, own: &Key) -> Option<&Observed> {
        let held = self.unique_keys.get(kind)?;
        let other = |keys: &BTreeSet<Key>| keys.iter().find(|key| *key != own).cloned();
        let key = match unique {
            UniqueKey::Values { .. } => held.get(unique).and_then(other),
            UniqueKey::Range { .. } => {
                held.iter().filter(|(has, _)| unique.clashes(has)).find_map(|(_, keys)| other(keys))
            }
        };
        key.and_then(|key| self.resources.get(&key))
    }

    fn check_inside(&self, one: &Observed) -> Result<(), Refusal> {
        for constraint in self.kind(one).constraints {
            let Constraint::Inside { range, within, of } = constraint else { continue };
            let network = text(&one.attrs[*within]);
            let network =
                self.resources().find(|other| other.outputs.values().any(|output| *output == network));
            let Some(network) = network else { continue };
            let (own, whole) = (text(&one.attrs[*range]), text(&network.attrs[*of]));
            let is_inside = match (own.parse::<ipnet::Ipv4Net>(), whole.parse::<ipnet::Ipv4Net>()) {
                (Ok(own), Ok(whole)) => whole.contains(&own),
                _ => false,
            };
            if !is_inside {
                let obstacle = Obstacle::Outside { range: own, network: whole };
                return Err(Refusal { obstacle, blockers: vec![blocker(network)] });
            }
        }
        Ok(())
    }

    /// Compares what the resources that an update newly names have in common with those before.
    fn check_bound(&self, changed: &Observed) -> Result<(), Refusal> {
        let Some(before) = self.resources.get(&key_of(changed)) else { return Ok(()) };
        for constraint in self.kind(changed).constraints {
            let Constraint::Bound { through, attribute } = constraint else { continue };
            let common = |one: &Observed| {
                let named: BTreeSet<String> = texts(&one.attrs[*through]).into_iter().collect();
                let is_named =
                    |other: &&Observed| other.outputs.values().any(|output| named.contains(output));
                let resources: Vec<&Observed> = self.resources().filter(is_named).collect();
                let values: BTreeSet<String> =
                    resources.iter().map(|other| text(&other.attrs[*attribute])).collect();
                (values, resources.len() == named.len())
            };
            let ((had, _), (wants, is_complete)) = (common(before), common(changed));
            // One that was refused itself is not there to be compared.
            let stays = if is_complete { wants == had } else { wants.is_subset(&had) };
            if !had.is_empty() && !stays {
                let obstacle = Obstacle::Bound { attribute: attribute.to_string() };
                let blockers = had.into_iter().map(|id| Blocker { address: None, id, what: String::new() });
                return Err(Refusal { obstacle, blockers: blockers.collect() });
            }
        }
        Ok(())
    }

    fn kind(&self, one: &Observed) -> &'a KindInfo {
        &self.kinds[one.address.kind()]
    }
}

fn key_of(one: &Observed) -> Key {
    (one.address.clone(), one.id.clone())
}

fn blocker(one: &Observed) -> Blocker {
    Blocker { address: Some(one.address.clone()), id: one.id.clone(), what: String::new() }
}
