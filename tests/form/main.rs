//! The questions of templates: the form against the portal's (`peer`, over the cases of
//! corpus.yaml and `generated` ones), and what people are told (`faults`).

mod faults;
mod generated;
mod peer;
