//! The phases in the life of an environment.

use serde_json::{Value, json};

use billpay_testkit::Sandbox;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Provision,
    Update,
    Destroy,
}

impl Phase {
    pub const ALL: [Phase; 3] = [Phase::Provision, Phase::Update, Phase::Destroy];

    pub fn name(self) -> &'static str {
        match self {
            Phase::Provision => "provision",
            Phase::Update => "update",
            Phase::Destroy => "destroy",
        }
    }

    /// Returns the arguments of the command.
    pub fn args(self) -> &'static [&'static str] {
        match self {
            Phase::Provision | Phase::Update => &["provision", "--env", "dev", "--auto-approve"],
            Phase::Destroy => &["destroy", "--env", "dev", "--auto-approve"],
        }
    }

    /// Changes the spec before the command.
    pub fn prepare(self, sandbox: &Sandbox) {
        if self == Phase::Update {
            sandbox.edit("dev", change());
        }
    }
}

/// A change that touches every kind: tags, the node limit, one service more and one less,
/// and a setting of CloudFront.
fn change() -> Value {
    let service = json!({"replicas": 1, "max_replicas": 2, "cpu": "500m", "memory": "1Gi", "path": "/reports",
                         "port": 8080, "needs": [], "secrets": ["billpay/jwt/secret"]});
    json!({
        "tags": {"cost-center": "4711"},
        "cluster": {"nodes": {"billpay-nodes": {"max": 5}}},
        "services": {"reports-service": service, "admin-service": null},
        "frontends": {"payment": {"price_class": "200"}},
    })
}
