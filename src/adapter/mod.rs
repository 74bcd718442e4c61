//! What touches the world: AWS, files, other programs.

pub mod aside;
pub mod aws;
pub mod backstage;
pub mod cookiecutter;
pub mod docs;
pub mod git;
pub mod limits;
pub mod local;
pub mod nunjucks;
pub mod ownership;
pub mod program;
pub mod python;
pub mod site;
pub mod source;
pub mod specs;
pub mod templates;
pub mod tools;
pub mod tree;
