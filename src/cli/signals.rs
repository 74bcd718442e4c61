//! Signals that end the program: Ctrl-C, SIGTERM and SIGHUP.

use billpay_core::lock::Interrupt;
use futures::future::{pending, select_all};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit;

/// The signals from now on; none is missed between two waits.
struct Signals(Vec<Signal>);

impl Signals {
    fn new() -> Signals {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // A terminal that goes away ends the run in order, unless the user said that it is to go on (nohup).
        if !ignores_hangup() {
            kinds.push(SignalKind::hangup());
        }
        Signals(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let signals = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        let signals: Vec<_> = signals.collect();
        match signals.is_empty() {
            true => pending().await,
            false => drop(select_all(signals).await),
        }
    }
}

/// Returns whether this process was started with SIGHUP ignored.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Waits for Ctrl-C, SIGTERM or SIGHUP.
pub async fn interrupted() {
    Signals::new().next().await;
}

/// Lets the first signal from now on stop a run in order, after which nothing new begins; the second ends the program
/// at once. `clear` is called before the program ends.
pub fn stop_in_order(interrupt: Interrupt, clear: impl Fn() + Send + 'static) {
    let mut signals = Signals::new();
    tokio::spawn(async move {
        signals.next().await;
        tokio::select! {
            () = interrupt.stop() => {}
            () = signals.next() => {}
        }
        clear();
        std::process::exit(exit::INTERRUPTED.into());
    });
}
