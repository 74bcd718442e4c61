//! What one rendering may take, so that a hostile template ends soon.

use std::cell::Cell;

use super::fault::{Fault, Outcome};
use super::value::Value;

/// Steps that one rendering may take: the portal's limit, so that both refuse.
pub const STEPS: usize = 1_000_000;
/// Bytes that one text may have, and that all texts made on the way may have together.
const LONGEST: usize = 64 << 20;
const BYTES: usize = 512 << 20;
/// Bytes of texts and lists that operations may go through; a text that is split costs as many for each unit.
const THROUGH: usize = 128 << 20;
const PART: usize = 64;
/// UTF-16 units that may be written: the portal's limit.
const OUTPUT: usize = 16 << 20;
/// How deep evaluation may go into itself.
const DEEPEST: usize = 200;

/// What is used so far.
#[derive(Default)]
pub struct Budget {
    steps: Cell<usize>,
    bytes: Cell<usize>,
    through: Cell<usize>,
    output: Cell<usize>,
    depth: Cell<usize>,
}

impl Budget {
    pub fn steps(&self, more: usize) -> Outcome<()> {
        let steps = self.steps.get().saturating_add(more);
        self.steps.set(steps);
        if steps > STEPS {
            return Err(Box::new(Fault::of(
                "endless",
                "rendering this takes too many steps: is a loop too long?",
            )));
        }
        Ok(())
    }

    /// Pays for a text before it is made.
    pub fn bytes(&self, more: usize) -> Outcome<()> {
        let bytes = self.bytes.get().saturating_add(more);
        self.bytes.set(bytes);
        if more > LONGEST {
            return Err(Box::new(Fault::of("too-long", format!("this makes a text of {} MB", more >> 20))));
        }
        if bytes > BYTES {
            return Err(Box::new(Fault::of("too-long", "rendering this makes too many long texts")));
        }
        Ok(())
    }

    /// Returns the steps that were taken, and what was gone through in steps.
    pub fn spent(&self) -> usize {
        self.steps.get() + self.through.get() / PART
    }

    /// Pays for a value that an operation goes through.
    pub fn through(&self, value: &Value) -> Outcome<()> {
        match value {
            Value::Text(text) | Value::Safe(text) => self.gone(text.len()),
            Value::List(list) => self.gone(list.len().saturating_mul(size_of::<Value>())),
            _ => Ok(()),
        }
    }

    /// Pays for a text of which each unit becomes a value.
    pub fn each(&self, text: &str) -> Outcome<()> {
        self.gone(text.len().saturating_mul(PART))
    }

    fn gone(&self, more: usize) -> Outcome<()> {
        let through = self.through.get().saturating_add(more);
        self.through.set(through);
        if through > THROUGH {
            return Err(Box::new(Fault::of(
                "endless",
                "rendering this goes through too long texts and lists, too often",
            )));
        }
        Ok(())
    }

    /// Pays for what is written.
    pub fn output(&self, text: &str) -> Outcome<()> {
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        let output = self.output.get().saturating_add(units);
        self.output.set(output);
        if output > OUTPUT {
            let told = format!("the output is longer than {} million characters", OUTPUT >> 20);
            return Err(Box::new(Fault::of("too-long", told)));
        }
        Ok(())
    }

    /// Goes a level deeper, for as long as `inner` takes.
    pub fn deeper<T>(&self, inner: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        self.steps(1)?;
        let depth = self.depth.get() + 1;
        if depth > DEEPEST {
            let told = format!("this goes more than {DEEPEST} levels deep: does a macro call itself?");
            return Err(Box::new(Fault::of("too-deep", told)));
        }
        self.depth.set(depth);
        let outcome = inner();
        self.depth.set(depth - 1);
        outcome
    }
}
