//! Callable values.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::value::Value;

pub enum Callable {
    /// A macro, by its number in the rendering.
    Macro(usize),
    /// The body of a call block.
    Caller(usize),
    Range,
    Cycler,
    Joiner,
    /// `always()` in a step's condition.
    Always,
    /// `failure()` in a step's condition.
    Failure,
    /// Result of `cycler(…)`.
    Cycle(Arc<Cycle>),
    CycleNext(Arc<Cycle>),
    CycleReset(Arc<Cycle>),
    /// Result of `joiner(…)`.
    Join {
        separator: Value,
        used: AtomicBool,
    },
    /// A method of a value.
    Method {
        receiver: Value,
        name: String,
    },
}

/// Values in turn.
pub struct Cycle {
    values: Vec<Value>,
    /// The turn, from one; none so far is zero.
    turn: AtomicUsize,
}

impl Cycle {
    pub fn new(values: Vec<Value>) -> Cycle {
        Cycle { values, turn: AtomicUsize::new(0) }
    }

    pub fn current(&self) -> Value {
        match self.turn.load(Ordering::Relaxed).checked_sub(1) {
            None => Value::Null,
            Some(at) => self.values.get(at).cloned().unwrap_or(Value::Undefined(None)),
        }
    }

    pub fn next(&self) -> Value {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(if turn >= self.values.len() { 1 } else { turn + 1 }, Ordering::Relaxed);
        self.current()
    }

    pub fn reset(&self) {
        self.turn.store(0, Ordering::Relaxed);
    }
}
