//! The environment as OpenTofu sees it: the inputs of its modules, and the tree of units.

pub mod inputs;
pub mod tree;
