//! Reads that several kinds make: one observation makes each of them once.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use billpay_model::failure::{Failure, FailureClass};
use tokio::sync::OnceCell;

type Cell = Arc<OnceCell<Box<dyn Any + Send + Sync>>>;

/// Answers of one observation, by the names of the reads.
#[derive(Default)]
pub struct Reads(Mutex<BTreeMap<String, Cell>>);

impl Reads {
    /// Makes a read unless it was made before, and returns its answer. A read that failed is made again.
    pub async fn once<T: Clone + Send + Sync + 'static>(
        &self,
        name: String,
        read: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cells.entry(name.clone()).or_default().clone()
        };
        let answer = cell
            .get_or_try_init(|| async { Ok(Box::new(read.await?) as Box<dyn Any + Send + Sync>) })
            .await?;
        let other = || Failure::new(FailureClass::Other, "billpay", format!("two reads are called {name}"));
        answer.downcast_ref::<T>().cloned().ok_or_else(other)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_read_is_made_once_and_again_after_a_failure() {
        let (reads, count) = (Reads::default(), AtomicU32::new(0));
        let read = |name: &str| {
            reads.once(name.to_string(), async {
                tokio::task::yield_now().await;
                match count.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(Failure::new(FailureClass::Throttled, "s3:ListBuckets", "slow down")),
                    count => Ok(count),
                }
            })
        };
        assert!(read("a").await.is_err());
        assert_eq!(futures::join!(read("a"), read("a"), read("b")), (Ok(1), Ok(1), Ok(2)));
    }
}
