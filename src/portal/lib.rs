//! The developer portal: its catalog, and Backstage as a project.

pub mod catalog;
pub mod tree;
