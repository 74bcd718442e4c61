//! A store in memory, and one in front of another that is slow, throttles, loses answers and is away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::store::{CreateResult, ObjectStore};
use tokio::time::sleep;

/// ObjectStore in memory.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

#[async_trait]
impl ObjectStore for Memory {
    fn address(&self) -> String {
        "memory".to_string()
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure> {
        let mut objects = self.0.lock().unwrap();
        if objects.contains_key(key) {
            return Ok(CreateResult::Exists);
        }
        objects.insert(key.to_string(), body.to_vec());
        Ok(CreateResult::Created)
    }

    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        self.0.lock().unwrap().insert(key.to_string(), body.to_vec());
        Ok(())
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        Ok(self.0.lock().unwrap().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), Failure> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// Another store, as one process reaches it.
pub struct Faulty {
    store: Arc<dyn ObjectStore>,
    random: Mutex<fastrand::Rng>,
    is_disturbed: AtomicBool,
    hangs: AtomicBool,
    fails: AtomicBool,
}

/// Fault of one call.
enum Fate {
    /// Done, and answered after so many milliseconds.
    Well(u64),
    Throttled,
    Lost,
}

impl Faulty {
    pub fn new(store: Arc<dyn ObjectStore>, seed: u64) -> Faulty {
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        let off = || AtomicBool::new(false);
        Faulty { store, random, is_disturbed: off(), hangs: off(), fails: off() }
    }

    /// Disturbs calls at random from now on.
    pub fn disturb(&self) {
        self.is_disturbed.store(true, Ordering::Relaxed);
    }

    /// Lets calls take until this is called again.
    pub fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    /// Lets every call fail, or none.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    async fn fate(&self) -> Result<Fate, Failure> {
        while self.hangs.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(100)).await;
        }
        if self.fails.load(Ordering::Relaxed) {
            return Err(Failure::new(FailureClass::Ambiguous, "store", "the network is away"));
        }
        if !self.is_disturbed.load(Ordering::Relaxed) {
            return Ok(Fate::Well(0));
        }
        let (delay, fate, answer) = {
            let mut random = self.random.lock().unwrap();
            // Now and then a call takes long, on its way or back.
            let mut delay = || match random.u8(..100) {
                0 => random.u64(..60_000),
                1..3 => random.u64(..8000),
                _ => random.u64(..200),
            };
            (delay(), delay() as u8 % 20, delay())
        };
        sleep(Duration::from_millis(delay)).await;
        Ok(match fate {
            0 => Fate::Throttled,
            1 => Fate::Lost,
            _ => Fate::Well(answer),
        })
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match self.fate().await? {
            Fate::Well(answer) => {
                let done = work.await?;
                sleep(Duration::from_millis(answer)).await;
                Ok(done)
            }
            Fate::Throttled => Err(Failure::new(FailureClass::Throttled, "store", "slow down")),
            Fate::Lost => {
                work.await?;
                let delay = self.random.lock().unwrap().u64(..3000);
                sleep(Duration::from_millis(delay)).await;
                Err(no_answer())
            }
        }
    }

    /// As [`call`](Faulty::call), for work that may also be done after its caller has given up.
    async fn change<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let is_late = self.is_disturbed.load(Ordering::Relaxed) && self.random.lock().unwrap().u8(..40) == 0;
        if !is_late {
            return self.call(work).await;
        }
        let delay = self.random.lock().unwrap().u64(..40_000);
        tokio::spawn(async move {
            sleep(Duration::from_millis(delay)).await;
            work.await
        });
        Err(no_answer())
    }
}

fn no_answer() -> Failure {
    Failure::new(FailureClass::Ambiguous, "store", "no answer")
}

#[async_trait]
impl ObjectStore for Faulty {
    fn address(&self) -> String {
        self.store.address()
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure> {
        let (store, key, body) = (self.store.clone(), key.to_string(), body.to_vec());
        self.change(async move { store.create(&key, &body).await }).await
    }

    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let (store, key, body) = (self.store.clone(), key.to_string(), body.to_vec());
        self.change(async move { store.write(&key, &body).await }).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.call(self.store.read(key)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        self.call(self.store.list(prefix)).await
    }

    async fn delete(&self, key: &str) -> Result<(), Failure> {
        self.call(self.store.delete(key)).await
    }
}
