//! Limits of one rendering, against hostile templates.

use std::cell::Cell;

use super::fault::{Fault, Outcome};
use super::value::Value;

/// Maximum number of steps of a rendering: the portal's limit, so that both refuse.
pub const MAX_STEPS: usize = 1_000_000;
/// Maximum size of one text and of all intermediate texts together, bytes.
const MAX_TEXT_BYTES: usize = 64 << 20;
const MAX_TOTAL_BYTES: usize = 512 << 20;
/// Maximum bytes of texts and lists that operations traverse, and the cost of each unit of a split text.
const MAX_TRAVERSED_BYTES: usize = 128 << 20;
const BYTES_PER_UNIT: usize = 64;
/// Maximum output, UTF-16 units: the portal's limit.
const MAX_OUTPUT_UNITS: usize = 16 << 20;
/// Maximum depth of evaluation.
const MAX_DEPTH: usize = 200;

/// Resources used so far.
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
        if steps > MAX_STEPS {
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
        if more > MAX_TEXT_BYTES {
            return Err(Box::new(Fault::of("too-long", format!("this makes a text of {} MB", more >> 20))));
        }
        if bytes > MAX_TOTAL_BYTES {
            return Err(Box::new(Fault::of("too-long", "rendering this makes too many long texts")));
        }
        Ok(())
    }

    /// Returns the steps that were taken, and what was gone through in steps.
    pub fn total_steps(&self) -> usize {
        self.steps.get() + self.through.get() / BYTES_PER_UNIT
    }

    /// Pays for a value that an operation goes through.
    pub fn traverse(&self, value: &Value) -> Outcome<()> {
        match value {
            Value::Text(text) | Value::Safe(text) => self.charge(text.len()),
            Value::List(list) => self.charge(list.len().saturating_mul(size_of::<Value>())),
            _ => Ok(()),
        }
    }

    /// Pays for a text of which each unit becomes a value.
    pub fn each(&self, text: &str) -> Outcome<()> {
        self.charge(text.len().saturating_mul(BYTES_PER_UNIT))
    }

    fn charge(&self, more: usize) -> Outcome<()> {
        let through = self.through.get().saturating_add(more);
        self.through.set(through);
        if through > MAX_TRAVERSED_BYTES {
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
        if output > MAX_OUTPUT_UNITS {
            let message = format!("the output is longer than {} million characters", MAX_OUTPUT_UNITS >> 20);
            return Err(Box::new(Fault::of("too-long", message)));
        }
        Ok(())
    }

    /// Goes a level deeper, for as long as `inner` takes.
    pub fn nest<T>(&self, inner: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        self.steps(1)?;
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            let message = format!("this goes more than {MAX_DEPTH} levels deep: does a macro call itself?");
            return Err(Box::new(Fault::of("too-deep", message)));
        }
        self.depth.set(depth);
        let outcome = inner();
        self.depth.set(depth - 1);
        outcome
    }
}
