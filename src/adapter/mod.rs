//! What touches the world: AWS, files, other programs.

pub mod aws;
pub mod cookiecutter;
pub mod jinja;
pub mod local;
pub mod specs;
pub mod templates;
pub mod tools;
pub mod tree;
