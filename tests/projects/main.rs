//! Projects from templates, as a person gets them: the real program, real folders, real Git.

mod adopt;
mod hostile;
mod infrastructure;
mod kill;
mod new;
mod place;
mod sources;
mod trust;
mod update;
