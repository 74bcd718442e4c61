//! Events of a run, and the port that takes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::failure::Failure;
use crate::findings::Findings;

/// Event of a run, for whoever shows or records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Something worth knowing that is no result, in words.
    Note { message: String },
    /// Something that is probably not meant, and has no place in a file.
    Warning { message: String },
    /// Many things are worked on, and so many are done.
    Counted { what: String, count: usize },
    /// Something that may take a moment has begun, said in words: `reading what is there`.
    Waiting { what: String },
    /// The wait is over, well or not.
    Waited,
    /// A file has been written to where it belongs.
    Uploaded { path: String },
    /// Applying a plan of so many steps has begun; the longest path through it usually takes so long.
    Applying { of: usize, usual_seconds: u32 },
    /// Steps are done, or are not going to be; the longest path through the rest usually takes so long.
    Progress { done: usize, of: usize, remaining_seconds: u32 },
    /// Work on a resource has begun.
    Started { address: Address, action: String, usual_seconds: u32, waiting_behind: usize },
    /// A call failed in a way that passes; it is tried again.
    Retrying { address: Address, why: String },
    /// The resource is as wanted, or gone.
    Finished { address: Address, action: String, id: String, seconds: f64 },
    /// It could not be done.
    Failed { address: Address, action: String, failure: Failure, seconds: f64 },
    /// It was not tried, because something it needs is not there.
    Skipped { address: Address, action: String, because: Address },
    /// No new work is begun any more.
    Stopping { running: usize, waiting: usize },
    /// Applying a plan has ended, well or not.
    Ended,
}

/// Takes the events of a run: the only way in which progress is reported.
pub trait Observer: Send + Sync {
    fn observe(&self, event: Event);

    /// Takes what is worth knowing about files that are otherwise right.
    fn warn(&self, _: &Findings) {}
}

impl dyn Observer + '_ {
    /// Reports something worth knowing that is no result.
    pub fn note(&self, message: impl Into<String>) {
        self.observe(Event::Note { message: message.into() });
    }

    /// Reports a wait from its begin to its end.
    pub async fn wait<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.observe(Event::Waiting { what: what.to_string() });
        let _end = WaitGuard(self);
        work.await
    }
}

/// Ends a wait, also one that is dropped.
struct WaitGuard<'a>(&'a dyn Observer);

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.observe(Event::Waited);
    }
}

/// Observer that drops every event.
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _: Event) {}
}
