//! Documentation sites: what gets to MkDocs (`config`, `hostile`, `included`, `picture`), what gets to the bucket and in
//! which order (`order`), what templates begin with (`generated`), the same sites and objects as
//! techdocs-cli's (`peers`), and published again, interrupted, refused (`publish`).

mod catalog;
mod config;
mod generated;
mod hostile;
mod included;
mod order;
mod peers;
mod picture;
mod project;
mod publish;
