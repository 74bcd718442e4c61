//! Trust policies and permissions of the environment's roles, as JSON
//! documents in the one way of writing them that [`normal`] defines.

mod boundary;
mod document;
mod permissions;
mod trust;

pub use boundary::boundary;
pub use document::{INLINE, MANAGED, TRUST, document, normal, size};
pub use permissions::{github, github_frontends, of_environment, service};
pub use trust::{STS_AUDIENCE, trust_fargate, trust_github, trust_pods, trust_service};
