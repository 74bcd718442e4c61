//! Input that means harm: bombs of a few kilobytes, and whatever else a reader could panic at.
//!
//! `bombs` runs the program on each with a limit of memory; `corpus` holds the readers to small files that were
//! written for them, and `campaign` to new ones, made of those by chance.

mod bombs;
mod campaign;
mod corpus;
mod languages;
mod targets;
