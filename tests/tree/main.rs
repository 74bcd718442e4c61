//! Rendered trees on disk, and how kind they are to what people do there.

mod bytes;
mod conflicts;
mod create;
mod history;
mod moves;
mod rules;
mod stops;
mod world;
