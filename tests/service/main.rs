//! The generated `billpay-service`: its files (`files`), and in the full tier its tests, the running
//! service (`running`) and its image (`image`), built by Maven since no Gradle can be had here.

mod files;
mod image;
mod project;
mod running;
