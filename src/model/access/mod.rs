//! Trust policies and permissions of the environment's roles, as JSON
//! documents in the one way of writing them that [`normal`] defines.

mod document;
mod permissions;
mod templates;
mod trust;

pub use document::{INLINE, MANAGED, TRUST, document, normal, size};
pub use permissions::{github, github_frontends, service};
pub use templates::{boundary, load_balancer_controller};
pub use trust::{STS_AUDIENCE, trust_fargate, trust_github, trust_pods, trust_service};
