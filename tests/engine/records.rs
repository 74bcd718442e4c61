//! Records of histories: the situations that came about, and the steps of a run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use billpay_engine::plan::{Action, Change};
use billpay_model::address::Address;
use billpay_model::event::{Event, Observer};

/// The number of times that each situation came about.
#[derive(Debug, Default)]
pub struct Counts(RefCell<BTreeMap<String, usize>>);

impl Counts {
    pub fn add(&self, what: impl Into<String>, count: usize) {
        if count > 0 {
            *self.0.borrow_mut().entry(what.into()).or_default() += count;
        }
    }

    pub fn merge(&self, other: &Counts) {
        other.0.borrow().iter().for_each(|(what, count)| self.add(what.clone(), *count));
    }

    pub fn get(&self, what: &str) -> usize {
        self.0.borrow().get(what).copied().unwrap_or_default()
    }

    pub fn report(&self) -> String {
        self.0.borrow().iter().map(|(what, count)| format!("{count:>8}  {what}\n")).collect()
    }
}

/// The steps that ended well.
#[derive(Default)]
pub struct Log(Mutex<BTreeMap<Address, usize>>);

impl Observer for Log {
    fn observe(&self, event: Event) {
        if let Event::Finished { address, .. } = event {
            *self.0.lock().unwrap().entry(address).or_default() += 1;
        }
    }
}

impl Log {
    /// Returns whether a change was made whole: a replacement has two steps.
    pub fn has_finished(&self, change: &Change) -> bool {
        let steps = if change.action == Action::Replace { 2 } else { 1 };
        self.0.lock().unwrap().get(&change.address).is_some_and(|count| *count >= steps)
    }
}
