//! Shows the resources of an environment and what needs what.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::{Error, Ports};

/// The resources that an environment should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphReport {
    pub environment: String,
    /// Sorted by address.
    pub nodes: Vec<Node>,
}

impl Report for GraphReport {
    const SCHEMA: &str = "billpay/graph/v1";
}

/// A resource, and what must be there before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    pub address: Address,
    pub needs: BTreeSet<Address>,
}

/// Works out the resources of an environment; makes no call.
///
/// # Errors
/// Fails if the spec is wrong.
pub fn graph(ports: &Ports, environment: &str) -> Result<GraphReport, Error> {
    let env = ports.load(environment)?.environment;
    let desired = ports.connector.desire(&env);
    let nodes = desired.iter().map(|want| Node { address: want.address.clone(), needs: want.needs() });
    Ok(GraphReport { environment: env.environment.clone(), nodes: nodes.collect() })
}
