//! The tag that says in which store the lock of an environment is.

use std::collections::BTreeSet;
use std::time::Duration;

use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{Desired, Observed, Owner, Status};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use crate::cloud::Cloud;
use crate::guard::Guard;
use crate::plan::Snapshot;

/// Resources that are tagged at once.
const PARALLELISM: usize = 8;
/// Attempts to tag one resource.
const MAX_ATTEMPTS: u32 = 6;

/// Returns the stores that resources of the environment name in their tags. What is broken or on its way out doesn't count.
pub fn stores(snapshot: &Snapshot) -> BTreeSet<String> {
    let ours = snapshot.resources.iter().filter(|found| is_of_use(found));
    ours.filter_map(|found| found.store.clone()).collect()
}

fn is_of_use(found: &Observed) -> bool {
    found.owner == Owner::Ours && !matches!(found.status, Status::Deleting | Status::Failed)
}

/// Writes the address of a store into the tags of an environment's resources; with `None`, takes it off. Returns the
/// number of resources that were changed. What has no tags is left alone.
///
/// # Errors
/// Fails with every resource that can't be changed, once all others are.
pub async fn write_store(
    cloud: &dyn Cloud,
    snapshot: &Snapshot,
    address: Option<&str>,
    guard: &dyn Guard,
) -> Result<usize, Vec<Failure>> {
    let differs =
        |found: &&Observed| is_of_use(found) && found.carries_store() && found.store.as_deref() != address;
    let found: Vec<&Observed> = snapshot.resources.iter().filter(differs).collect();
    let count = found.len();
    let writes: Vec<_> = found.into_iter().map(|found| write(cloud, found, address, guard)).collect();
    let results: Vec<Result<(), Failure>> =
        stream::iter(writes).buffer_unordered(PARALLELISM).collect().await;
    let failures: Vec<Failure> = results.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() { Ok(count) } else { Err(failures) }
}

/// Changes the tag of one resource.
async fn write(
    cloud: &dyn Cloud,
    found: &Observed,
    address: Option<&str>,
    guard: &dyn Guard,
) -> Result<(), Failure> {
    let plain =
        Desired { address: found.address.clone(), attrs: found.attrs.clone(), after: BTreeSet::new() };
    let tagged = Observed { attrs: plain.with_store(found.store.as_deref()).attrs, ..found.clone() };
    let wanted = plain.with_store(address);
    let mut attempts = 0;
    loop {
        if !guard.may_work() {
            let why = "the lock of the environment was lost";
            return Err(Failure::new(FailureClass::Invalid, "billpay", why));
        }
        match cloud.update(&tagged, &wanted).await {
            Err(failure) if failure.may_pass() && attempts < MAX_ATTEMPTS => {
                attempts += 1;
                sleep(Duration::from_millis(250 << attempts)).await;
            }
            result => return result.map(drop),
        }
    }
}
