//! Thread with a large stack for deeply nested templates.

use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, scope};

use crate::TemplateError;

/// Stack size, bytes; many times what the engine needs at its maximum depth.
const STACK: usize = 256 << 20;

/// Runs a function on a thread with a large stack; `progress` receives the values that it sends.
pub fn with_large_stack<T: Send>(
    run: impl FnOnce(&Sender<usize>) -> Result<T, TemplateError> + Send,
    progress: &mut dyn FnMut(usize),
) -> Result<T, TemplateError> {
    let (send, receive) = channel();
    scope(|scope| {
        let started = Builder::new().stack_size(STACK).spawn_scoped(scope, move || run(&send));
        let thread = started.map_err(|error| {
            TemplateError::refused(format!("there is no room to render: {error}"), "end other programs")
        })?;
        receive.into_iter().for_each(progress);
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
