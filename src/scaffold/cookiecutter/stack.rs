//! Room for templates that lie deep in one another.

use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, scope};

use crate::TemplateError;

/// Enough for the deepest that the engine goes, many times over.
const STACK: usize = 256 << 20;

/// Runs something with a stack of its own; `told` hears what it sends on the way.
pub fn with_room<T: Send>(
    run: impl FnOnce(&Sender<usize>) -> Result<T, TemplateError> + Send,
    told: &mut dyn FnMut(usize),
) -> Result<T, TemplateError> {
    let (send, receive) = channel();
    scope(|scope| {
        let started = Builder::new().stack_size(STACK).spawn_scoped(scope, move || run(&send));
        let thread = started.map_err(|error| {
            TemplateError::refused(format!("there is no room to render: {error}"), "end other programs")
        })?;
        receive.into_iter().for_each(told);
        // A panic of the engine is a refusal, whatever it was about.
        thread.join().unwrap_or_else(|_| {
            let why = "rendering this template ended in a fault of the engine; nothing was written";
            Err(TemplateError::refused(
                why,
                "take numbers and tags apart that no template needs, or report it",
            ))
        })
    })
}
