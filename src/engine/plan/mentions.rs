//! Index of the texts in attributes: which resources name which id, name or ARN.

use std::collections::{BTreeSet, HashMap};

use billpay_model::resource::{Observed, Outputs, for_each_text};
use serde_json::Value;

use super::{Kinds, stands_on};

/// The resources, by their keys, that name a text in an attribute. Tags don't count.
pub struct Mentions<K>(HashMap<String, BTreeSet<K>>);

impl<K> Default for Mentions<K> {
    fn default() -> Mentions<K> {
        Mentions(HashMap::new())
    }
}

impl<K: Ord + Clone> Mentions<K> {
    pub fn insert(&mut self, key: &K, attrs: &Value) {
        for_each_text(attrs, &mut |text| {
            self.0.entry(text.to_string()).or_default().insert(key.clone());
        });
    }

    pub fn remove(&mut self, key: &K, attrs: &Value) {
        for_each_text(attrs, &mut |text| {
            if let Some(keys) = self.0.get_mut(text) {
                keys.remove(key);
            }
        });
    }

    /// Returns the resources that name one of these outputs.
    pub fn of(&self, outputs: &Outputs) -> BTreeSet<&K> {
        outputs.values().filter_map(|output| self.0.get(output)).flatten().collect()
    }
}

/// The resources of a snapshot that stand on each other.
pub struct Dependents<'a> {
    mentions: Mentions<usize>,
    resources: Vec<&'a Observed>,
}

impl<'a> Dependents<'a> {
    pub fn new(resources: impl IntoIterator<Item = &'a Observed>) -> Dependents<'a> {
        let resources: Vec<&Observed> = resources.into_iter().collect();
        let mut mentions = Mentions::default();
        resources.iter().enumerate().for_each(|(index, one)| mentions.insert(&index, &one.attrs));
        Dependents { mentions, resources }
    }

    /// Returns what stands on a resource.
    pub fn of(&self, base: &Observed, kinds: &Kinds) -> Vec<&'a Observed> {
        let named = self.mentions.of(&base.outputs).into_iter().map(|&index| self.resources[index]);
        named.filter(|other| stands_on(other, base, kinds)).collect()
    }
}
