//! Scopes and frames of a running template.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::plan::{FramePlan, Plan};
use super::value::Value;

/// Names and their values, within others.
pub struct Scope {
    parent: Option<Rc<Scope>>,
    /// True if assignments don't reach outer scopes.
    isolated: bool,
    /// Values, and whether they can be set from within.
    entries: RefCell<HashMap<Arc<str>, (Value, bool)>>,
}

impl Scope {
    /// The outermost one, of what the template is rendered with.
    pub fn root(values: &[(Arc<str>, Value)]) -> Rc<Scope> {
        let entries = values.iter().map(|(name, value)| (Arc::clone(name), (value.clone(), false))).collect();
        Rc::new(Scope { parent: None, isolated: false, entries: RefCell::new(entries) })
    }

    pub fn child(self: &Rc<Scope>, isolated: bool) -> Rc<Scope> {
        Rc::new(Scope { parent: Some(Rc::clone(self)), isolated, entries: RefCell::default() })
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        let mut scope = self;
        loop {
            if let Some((value, _)) = scope.entries.borrow().get(name) {
                return Some(value.clone());
            }
            scope = scope.parent.as_deref()?;
        }
    }

    /// Sets a name right here.
    pub fn set(&self, name: &Arc<str>, value: Value) {
        self.entries.borrow_mut().insert(Arc::clone(name), (value, true));
    }

    /// Sets a name where it is, or right here where it is nowhere.
    pub fn assign(&self, name: &Arc<str>, value: Value) {
        let mut scope = self;
        loop {
            if scope.entries.borrow().get(name).is_some_and(|(_, writable)| *writable) {
                return scope.set(name, value);
            }
            match scope.parent.as_deref() {
                Some(parent) if !scope.isolated && parent.can_set(name) => scope = parent,
                _ => return scope.set(name, value),
            }
        }
    }

    /// Returns true if a name can be set here or in an outer scope.
    fn can_set(&self, name: &str) -> bool {
        if let Some((_, writable)) = self.entries.borrow().get(name) {
            return *writable;
        }
        !self.isolated && self.parent.as_deref().is_some_and(|parent| parent.can_set(name))
    }

    /// All names that are known here.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![];
        let mut scope = Some(self);
        while let Some(known) = scope {
            names.extend(known.entries.borrow().keys().map(ToString::to_string));
            scope = known.parent.as_deref();
        }
        names.sort();
        names
    }
}

/// The slots of a running macro, block or template.
pub struct Frame {
    parent: Option<Rc<Frame>>,
    values: RefCell<HashMap<usize, Value>>,
}

impl Frame {
    pub fn new(plan: &FramePlan, parent: Option<Rc<Frame>>) -> Rc<Frame> {
        let values = plan.slots.iter().map(|slot| (*slot, Value::Undefined(None))).collect();
        Rc::new(Frame { parent, values: RefCell::new(values) })
    }

    pub fn get(&self, slot: usize) -> Value {
        if let Some(value) = self.values.borrow().get(&slot) {
            return value.clone();
        }
        self.parent.as_ref().map_or(Value::Undefined(None), |parent| parent.get(slot))
    }

    pub fn set(&self, slot: usize, value: Value) {
        if let Some(known) = self.values.borrow_mut().get_mut(&slot) {
            *known = value;
            return;
        }
        if let Some(parent) = &self.parent {
            parent.set(slot, value);
        }
    }
}

/// Place of evaluation: frame and scope.
#[derive(Clone)]
pub struct Place {
    pub scope: Rc<Scope>,
    pub frame: Rc<Frame>,
    pub plan: Rc<Plan>,
    /// Scope that macros declared here see.
    pub outer: Rc<Scope>,
    /// True if other macros see the macros and assignments here.
    pub shows_macros: bool,
    pub shows_sets: bool,
}
