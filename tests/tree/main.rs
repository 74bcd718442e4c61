//! Rendered trees on disk, and how kind they are to what people do there.

mod history;
mod rules;
mod stops;
mod world;
