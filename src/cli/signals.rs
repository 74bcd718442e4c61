//! Signals that end the program: Ctrl-C and SIGTERM.

use billpay_core::lock::Interrupt;
use tokio::signal::unix::{SignalKind, signal};

use super::exit;

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// Lets the first signal from now on stop a run in order, after which nothing new begins; the second ends the program
/// at once. `clear` is called before the program ends.
pub fn stop_in_order(interrupt: Interrupt, clear: impl Fn() + Send + 'static) {
    tokio::spawn(async move {
        interrupted().await;
        tokio::select! {
            () = interrupt.stop() => {}
            () = interrupted() => {}
        }
        clear();
        std::process::exit(exit::INTERRUPTED.into());
    });
}
