//! Files for people's repositories, rendered from what the spec says.

pub mod infrastructure;
