//! Frontends from the template: what is generated (`generated`), and that it works (`works`): a
//! shell and two remotes are built, tested, put into the buckets of an environment, and looked at
//! in Chromium as CloudFront would serve them. And what pages can do to the local AWS (`pages`).

mod browser;
mod edge;
mod generated;
mod http;
mod pages;
mod project;
mod works;
