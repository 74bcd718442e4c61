//! Files for people's repositories: from what the spec says, and from project templates.

pub mod backstage;
pub mod infrastructure;
pub mod kubernetes;
pub mod project;
