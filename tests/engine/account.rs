//! An account of the cloud in memory, in virtual time: the things in it, with their true origins,
//! and everything that was done to them. It survives whoever made the calls.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::{ADDRESS_TAG, Status, Tags};
use serde_json::Value;
use tokio::time::Instant;

use crate::kinds;

/// The true owner of a thing, which the engine can't see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// An environment made it, or a person gave it to one.
    Made {
        project: String,
        environment: String,
        region: String,
    },
    Foreign,
}

impl Origin {
    pub fn of(env: &Environment) -> Origin {
        Origin::Made {
            project: env.project.clone(),
            environment: env.environment.clone(),
            region: env.region.clone(),
        }
    }
}

/// One thing in the account.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Unique and never used again, unless the kind is known by a name.
    pub key: String,
    pub kind: &'static str,
    pub region: String,
    /// The id, or the name of a kind that is known by one.
    pub id: String,
    pub attrs: Value,
    pub tags: Tags,
    /// The reference that a create call left and that can't be copied.
    pub reference: Option<String>,
    pub origin: Origin,
    pub visible_at: Instant,
    pub ready_at: Instant,
    /// Time at which it is gone, once it is being deleted.
    pub gone_at: Option<Instant>,
}

impl Thing {
    pub fn is_alive(&self) -> bool {
        self.gone_at.is_none_or(|gone| Instant::now() < gone)
    }

    /// Returns whether it is there and nobody has begun to delete it.
    pub fn stays(&self) -> bool {
        self.gone_at.is_none()
    }

    pub fn status(&self) -> Status {
        match self.gone_at {
            Some(_) => Status::Deleting,
            None if Instant::now() < self.ready_at => Status::Pending,
            None => Status::Ready,
        }
    }

    pub fn address(&self) -> Option<Address> {
        self.tags.get(ADDRESS_TAG)?.parse().ok()
    }

    /// Returns whether one of its attributes names another thing.
    pub fn stands_on(&self, other: &Thing) -> bool {
        self.attrs["on"].as_array().is_some_and(|on| on.iter().any(|below| *below == other.key))
    }
}

/// A change that a process made.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// The environment that the process worked for.
    pub by: Origin,
    pub act: Act,
    pub before: Option<Before>,
    pub key: String,
}

/// A thing as it was just before a deed.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    pub origin: Origin,
    pub attrs: Value,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Create,
    Update { attrs: Value, tags: Tags },
    Delete,
}

#[derive(Default)]
pub struct Account {
    things: Mutex<BTreeMap<String, Thing>>,
    /// The things that client tokens made, by token.
    pub tokens: Mutex<BTreeMap<String, String>>,
    deeds: Mutex<Vec<Deed>>,
    serial: Mutex<usize>,
}

impl Account {
    /// Everything that is there, also what is being deleted or not seen yet.
    pub fn alive(&self) -> Vec<Thing> {
        self.things.lock().unwrap().values().filter(|thing| thing.is_alive()).cloned().collect()
    }

    /// Reads everything that is there without a copy of it.
    pub fn read<T>(&self, read: impl FnOnce(&mut dyn Iterator<Item = &Thing>) -> T) -> T {
        read(&mut self.things.lock().unwrap().values().filter(|thing| thing.is_alive()))
    }

    pub fn get(&self, key: &str) -> Option<Thing> {
        self.things.lock().unwrap().get(key).filter(|thing| thing.is_alive()).cloned()
    }

    /// The key and the id of a thing that is to be made.
    pub fn next_id(&self, kind: &str, region: &str, name: Option<&str>) -> (String, String) {
        match name {
            Some(name) => (format!("{kind}:{region}:{name}"), name.to_string()),
            None => {
                let mut serial = self.serial.lock().unwrap();
                *serial += 1;
                let id = format!("{kind}-{serial:03}");
                (id.clone(), id)
            }
        }
    }

    pub fn put(&self, thing: Thing) {
        self.things.lock().unwrap().insert(thing.key.clone(), thing);
    }

    /// Changes one thing, as a person or as AWS does.
    pub fn edit(&self, key: &str, edit: impl FnOnce(&mut Thing)) {
        if let Some(thing) = self.things.lock().unwrap().get_mut(key) {
            edit(thing);
        }
    }

    pub fn remove(&self, key: &str) {
        self.things.lock().unwrap().remove(key);
    }

    /// Makes a thing for a process.
    pub fn create(&self, by: &Origin, thing: Thing) {
        self.note(by, &thing.key, None, Act::Create);
        self.put(thing);
    }

    /// Changes a thing for a process; `false` if it isn't there.
    pub fn update(&self, by: &Origin, key: &str, edit: impl FnOnce(&mut Thing)) -> bool {
        let Some(before) = self.get(key).filter(Thing::stays) else { return false };
        self.edit(key, edit);
        let after = self.get(key).expect("it is still there");
        if (&before.attrs, &before.tags) != (&after.attrs, &after.tags) {
            let act = Act::Update { attrs: after.attrs, tags: after.tags };
            self.note(by, key, Some(before), act);
        }
        true
    }

    /// Deletes a thing for a process; it is gone after a while.
    pub fn delete(&self, by: &Origin, key: &str, takes: Duration) {
        let Some(before) = self.get(key).filter(Thing::stays) else { return };
        self.edit(key, |thing| thing.gone_at = Some(Instant::now() + takes));
        self.note(by, key, Some(before), Act::Delete);
    }

    fn note(&self, by: &Origin, key: &str, before: Option<Thing>, act: Act) {
        let before =
            before.map(|thing| Before { origin: thing.origin, attrs: thing.attrs, tags: thing.tags });
        self.deeds.lock().unwrap().push(Deed { by: by.clone(), act, before, key: key.to_string() });
    }

    /// Takes what was done since the last call.
    pub fn take_deeds(&self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds.lock().unwrap())
    }

    /// Counts the things at each address.
    pub fn inventory(&self) -> BTreeMap<Address, usize> {
        let mut count = BTreeMap::new();
        for address in self.alive().iter().filter_map(Thing::address) {
            *count.entry(address).or_default() += 1;
        }
        count
    }
}

/// Makes a thing as it is when nobody has to wait for it.
pub fn thing(key: String, id: String, kind: &'static str, region: &str, origin: Origin) -> Thing {
    let now = Instant::now();
    Thing {
        key,
        kind,
        region: region.to_string(),
        id,
        attrs: Value::Null,
        tags: Tags::new(),
        reference: None,
        origin,
        visible_at: now,
        ready_at: now,
        gone_at: None,
    }
}

/// The region that a kind's things of an environment are in.
pub fn region_of<'a>(kind: &str, region: &'a str) -> &'a str {
    if kinds::is_global(kind) { kinds::GLOBAL } else { region }
}
