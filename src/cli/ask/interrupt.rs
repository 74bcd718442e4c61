//! Ctrl-C while people are asked: the terminal is left as it was found.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use dialoguer::console::Term;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit;
use crate::ui::Ui;

/// Set while a prompt is open, which notices the interruption itself.
static PROMPTING: AtomicBool = AtomicBool::new(false);

/// Takes over what Ctrl-C does, for the rest of the program: it ends it, but with the cursor
/// shown again, which prompts hide.
pub(super) fn watch() -> io::Result<()> {
    static WATCHED: OnceLock<Result<(), String>> = OnceLock::new();
    let watched = WATCHED.get_or_init(|| start().map_err(|error| error.to_string()));
    watched.clone().map_err(io::Error::other)
}

fn start() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut interrupts = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    let watching = move || {
        runtime.block_on(async {
            while interrupts.recv().await.is_some() {
                if !PROMPTING.load(Ordering::SeqCst) {
                    let _ = Term::stderr().show_cursor();
                    std::process::exit(i32::from(exit::INTERRUPTED));
                }
            }
        });
    };
    std::thread::Builder::new().name("interrupts".to_string()).spawn(watching)?;
    Ok(())
}

/// Opens a prompt; when it is interrupted, so is the command.
pub(super) fn prompting<T>(ui: &Ui, prompt: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    PROMPTING.store(true, Ordering::SeqCst);
    let result = prompt();
    if result.is_err() {
        // From here on the report says it; the flag stays, so that nothing cuts it short.
        let _ = Term::stderr().show_cursor();
        ui.message("");
        return result;
    }
    PROMPTING.store(false, Ordering::SeqCst);
    result
}
