//! The machine that billpay runs on: its files, its programs, Git and Python.

pub mod file_owner;
pub mod git;
pub mod pipeline;
pub mod process;
pub mod program;
pub mod python;
pub mod reading;
pub mod temporary;
pub mod tools;
