//! The time for which the holder of a lock may work.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::lock::{EndReason, Lock, LockError};

/// Maximum attempts to write the end of a claim.
const MAX_RELEASE_ATTEMPTS: u32 = 4;

/// A lock that this process has. It beats until it is released, lost or dropped; one that is dropped expires.
pub struct Lease {
    shared: Arc<Shared>,
    beating: AbortHandle,
}

struct Shared {
    lock: Lock,
    generation: u32,
    /// Identifies the holder among several of one process.
    holder: String,
    state: Mutex<State>,
    /// Cancelled once the lock is lost.
    lost: CancellationToken,
    /// Cancelled once it is to be released.
    released: CancellationToken,
}

struct State {
    /// End of the lease, by the lock's clock.
    ends: Duration,
    /// Reason for which the lock was lost.
    lost: Option<String>,
}

impl Lease {
    pub(crate) fn start(lock: Lock, generation: u32, holder: String, began: Duration) -> Lease {
        let state = Mutex::new(State { ends: began + lock.timing.lease, lost: None });
        let (lost, released) = (CancellationToken::new(), CancellationToken::new());
        let shared = Arc::new(Shared { lock, generation, holder, state, lost, released });
        let beating = tokio::spawn(beat(shared.clone())).abort_handle();
        Lease { shared, beating }
    }

    /// Returns a check that can be made before each call that changes something.
    pub fn guard(&self) -> LeaseGuard {
        LeaseGuard(self.shared.clone())
    }

    /// Returns the number of the claim.
    pub fn generation(&self) -> u32 {
        self.shared.generation
    }

    /// Returns a token that is cancelled when the lock is lost.
    pub fn lost(&self) -> CancellationToken {
        self.shared.lost.clone()
    }

    /// Releases the lock. A second time does nothing.
    ///
    /// # Errors
    /// Fails with the reason if the lock was lost before, or can't be released: then it expires.
    pub async fn release(&self) -> Result<(), String> {
        let shared = &self.shared;
        shared.check()?;
        if shared.released.is_cancelled() {
            return Ok(());
        }
        shared.released.cancel();
        let mut attempts = 1;
        loop {
            match shared.lock.write_end(shared.generation, EndReason::Released, None).await {
                Ok(_) => return Ok(()),
                Err(LockError::Store(failure)) if failure.may_pass() && attempts < MAX_RELEASE_ATTEMPTS => {
                    attempts += 1;
                    shared.lock.clock.sleep(shared.lock.timing.poll).await;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// Says whether the holder of a lock may still work.
#[derive(Clone)]
pub struct LeaseGuard(Arc<Shared>);

impl LeaseGuard {
    /// Checks the lease by the clock.
    ///
    /// # Errors
    /// Fails with the reason if the lock is lost.
    pub fn check(&self) -> Result<(), String> {
        self.0.check()
    }
}

impl Shared {
    fn guard_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn check(&self) -> Result<(), String> {
        let now = self.lock.clock.now();
        let mut state = self.guard_state();
        if state.lost.is_none() && now >= state.ends {
            let seconds = (now - state.ends + self.lock.timing.lease).as_secs();
            state.lost = Some(format!("its heartbeat was not written for {seconds} s"));
            self.lost.cancel();
        }
        state.lost.clone().map_or(Ok(()), Err)
    }

    fn lose(&self, why: String) {
        self.guard_state().lost.get_or_insert(why);
        self.lost.cancel();
    }

    /// Extends the lease by a heartbeat that was begun at a time, unless it has ended meanwhile.
    fn extend(&self, began: Duration) {
        if self.check().is_ok() {
            self.guard_state().ends = began + self.lock.timing.lease;
        }
    }
}

/// Writes heartbeats until the lock is released or lost.
async fn beat(shared: Arc<Shared>) {
    let (clock, timing) = (shared.lock.clock.clone(), shared.lock.timing);
    for count in 1.. {
        loop {
            if shared.check().is_err() {
                return;
            }
            let began = clock.now();
            let left = shared.guard_state().ends.saturating_sub(began);
            let beaten = tokio::select! {
                () = shared.released.cancelled() => return,
                beaten = shared.lock.beat(shared.generation, &shared.holder, count) => beaten,
                // A store that doesn't answer.
                () = clock.sleep(left) => continue,
            };
            match beaten {
                Ok(None) => {
                    shared.extend(began);
                    break;
                }
                Ok(Some(why)) => return shared.lose(why),
                Err(LockError::Store(_)) => clock.sleep(timing.poll).await,
                Err(error) => return shared.lose(error.to_string()),
            }
        }
        tokio::select! {
            () = clock.sleep(timing.heartbeat) => {}
            () = shared.released.cancelled() => return,
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "lease {} of {}", self.shared.generation, self.shared.holder)
    }
}
