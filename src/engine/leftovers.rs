//! The sweep after a destroy: everything that still carries the environment's tags or names.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::resource::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Error;
use super::survey::sweep;
use crate::cloud::Cloud;
use crate::engine::Proposal;
use crate::plan::{Goal, Snapshot};

/// Resources that a destroy left.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Leftovers {
    /// Resources of the environment that are still there.
    pub ours: Vec<Leftover>,
    /// Resources of others that carry the environment's tags or names.
    pub others: Vec<Leftover>,
}

/// A resource that a destroy left, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leftover {
    pub address: Address,
    pub id: String,
    pub region: String,
    pub reason: String,
}

impl Leftovers {
    pub fn is_empty(&self) -> bool {
        self.ours.is_empty() && self.others.is_empty()
    }
}

/// Looks again for everything of an environment, by tag (whatever it is called) and by name, in its region and in
/// every other region that tags found before name.
///
/// # Errors
/// Fails if anything can't be read, for then nobody can say that nothing is left, if the credentials are for
/// another account, or if resources of the spec need one another in a circle.
pub async fn leftovers(cloud: &dyn Cloud, destroyed: &Proposal) -> Result<Leftovers, Error> {
    let env = cloud.environment();
    let selection = &destroyed.plan.selection;
    let mut left = Leftovers::default();
    let after = match sweep(cloud).await {
        Err(Error::LivesElsewhere { regions, .. }) => {
            for (region, addresses) in regions {
                let reason = "it carries the environment's tags, in another region".to_string();
                left.others.extend(addresses.into_iter().map(|address| Leftover {
                    id: String::new(),
                    region: region.clone(),
                    reason: reason.clone(),
                    address,
                }));
            }
            return Ok(left);
        }
        after => after?,
    };
    let plan = after.plan_offline(cloud, Goal::Destroy, selection)?;
    for change in plan.changes {
        let id = change.id().unwrap_or_default().to_string();
        let reason = "it was not deleted".to_string();
        left.ours.push(Leftover { id, region: env.region.clone(), reason, address: change.address });
    }
    for found in after.snapshot.resources.iter().filter(|found| selection.has(&found.address)) {
        let reason = match &found.owner {
            Owner::Copy { evidence, .. } => format!("it carries the environment's tags: {evidence}"),
            Owner::Foreign { evidence } => format!("it has a name of the environment's: {evidence}"),
            Owner::Undecided => "nothing shows whether billpay made it".to_string(),
            _ => continue,
        };
        let (address, id) = (found.address.clone(), found.id.clone());
        left.others.push(Leftover { address, id, region: env.region.clone(), reason });
    }
    for region in regions(&destroyed.snapshot).union(&regions(&after.snapshot)) {
        let there = cloud.observe_region(region).await.map_err(Error::Observe)?;
        for found in there.resources.into_iter().filter(|found| selection.has(&found.address)) {
            if let Owner::Ours | Owner::Legacy { .. } = found.owner {
                let reason = "it carries the environment's tags, in another region".to_string();
                let (address, id) = (found.address, found.id);
                left.others.push(Leftover { address, id, region: region.clone(), reason });
            }
        }
    }
    Ok(left)
}

/// The regions that tags name beside the spec's.
fn regions(snapshot: &Snapshot) -> BTreeSet<String> {
    let named = snapshot.resources.iter().filter_map(|found| match &found.owner {
        Owner::Copy { region, .. } => region.clone(),
        _ => None,
    });
    named.collect()
}
