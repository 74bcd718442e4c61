//! Projects from templates, as a person gets them: the real program, real folders, real Git.

mod adopt;
mod fetch;
mod hostile;
mod infrastructure;
mod kill;
mod new;
mod place;
mod rights;
mod secrets;
mod sources;
mod trust;
mod update;
