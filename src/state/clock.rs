//! The clock by which a lease ends: it goes on while the machine sleeps.

use std::time::Duration;

use async_trait::async_trait;

/// A clock that never goes back, and a way to wait for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Returns the time since some moment.
    fn now(&self) -> Duration;

    async fn sleep(&self, time: Duration);
}

/// The clock of this machine, which counts the time that it sleeps.
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        // Elsewhere the monotonic clock counts sleep.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let id = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let id = rustix::time::ClockId::Monotonic;
        let now = rustix::time::clock_gettime(id);
        Duration::new(now.tv_sec.try_into().unwrap_or_default(), now.tv_nsec.try_into().unwrap_or_default())
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
