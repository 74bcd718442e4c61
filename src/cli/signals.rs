//! Signals that end the program: Ctrl-C and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

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

/// Lets the first signal from now on cancel `stop`, after which nothing new begins; the second ends the program at
/// once, after `clear`.
pub fn stop_in_order(stop: CancellationToken, clear: impl Fn() + Send + 'static) {
    tokio::spawn(async move {
        interrupted().await;
        stop.cancel();
        interrupted().await;
        clear();
        std::process::exit(exit::INTERRUPTED.into());
    });
}
