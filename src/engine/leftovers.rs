//! The sweep after a destroy: everything that still carries the environment's tags or names.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::Owner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Error, Survey, survey};
use crate::cloud::Provider;
use crate::plan::{Goal, Selection, Snapshot};

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

/// Looks again for everything of an environment, by tag and by name, in its region and in every other region
/// that tags found `before` name.
///
/// # Errors
/// Fails if anything can't be read, for then nobody can say that nothing is left, if the credentials are for
/// another account, or if resources of the spec need one another in a circle.
pub async fn leftovers(
    provider: &dyn Provider,
    env: &Environment,
    before: &Survey,
    selection: &Selection,
) -> Result<Leftovers, Error> {
    let mut left = Leftovers::default();
    let after = match survey(provider, env, &BTreeSet::new()).await {
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
    let plan = after.draft(provider, env, Goal::Destroy, selection)?;
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
    // Whatever it is called: a look that goes by names alone would not see a copy of the tags.
    let known: BTreeSet<String> = after.snapshot.resources.iter().map(|found| found.id.clone()).collect();
    let swept = provider.sweep(env, &after.desired).await.map_err(Error::Observe)?;
    let swept = swept.resources.into_iter().filter(|found| selection.has(&found.address));
    for found in swept.filter(|found| !known.contains(&found.id)) {
        if let Owner::Copy { evidence, .. } = &found.owner {
            let reason = format!("it carries the environment's tags: {evidence}");
            let (address, id) = (found.address.clone(), found.id.clone());
            left.others.push(Leftover { address, id, region: env.region.clone(), reason });
        }
    }
    for region in regions(&before.snapshot).union(&regions(&after.snapshot)) {
        let there = provider.observe_region(env, region).await.map_err(Error::Observe)?;
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
