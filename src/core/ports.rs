//! The ports that use cases are given, and the specs that all of them read.

use std::path::{Path, PathBuf};

use billpay_engine::NativeEngine;
use billpay_engine::cloud::Connector;
use billpay_engine::engine::Engine;
use billpay_host::file_owner::check as check_owner;
use billpay_host::program::in_ci;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::local::LocalCloud;
use billpay_model::site::SiteStores;
use billpay_model::store::StateStores;
use billpay_spec::LoadedEnvironment;
use billpay_spec::directory::{self, LoadedEnvironments, SpecDir, SpecError};
use jiff::Zoned;

/// The adapters that the composition root made from the options of a run.
pub struct Ports {
    pub connector: Box<dyn Connector>,
    pub sites: Box<dyn SiteStores>,
    pub local: Box<dyn LocalCloud>,
    pub state: Box<dyn StateStores>,
    /// Directory of the specs, where somebody named one.
    pub specs: Option<PathBuf>,
}

impl Ports {
    /// Opens the directory of the specs: as asked for, or `environments` here or above, in CI only here.
    ///
    /// # Errors
    /// Fails if there is none, or if one that was found, and not named, is not the user's own or leads out of the
    /// project.
    pub fn specs(&self) -> Result<SpecDir, SpecError> {
        if let Some(named) = &self.specs {
            return SpecDir::open(named);
        }
        let default = Path::new("environments");
        let Ok(here) = std::env::current_dir() else { return SpecDir::open(default) };
        let searched = here.ancestors().take(if in_ci() { 1 } else { usize::MAX });
        let found = searched.map(|folder| (folder, folder.join(default))).find(|(_, path)| path.is_dir());
        let Some((folder, found)) = found else { return SpecDir::open(default) };
        check_owner(folder, &[folder, &found])?;
        SpecDir::open_found(found.strip_prefix(&here).unwrap_or(&found), folder)
    }

    /// Reads and checks the spec of an environment.
    ///
    /// # Errors
    /// Fails if there is no such spec, or with everything that is wrong with it.
    pub fn load(&self, environment: &str) -> Result<LoadedEnvironment, SpecError> {
        self.specs()?.load(environment, Zoned::now().date())
    }

    /// Reads and checks the specs of several environments, or of all, and those of the others beside them.
    ///
    /// # Errors
    /// Fails if one of `names` is unknown or not valid.
    pub fn load_several(&self, names: Option<&[String]>) -> Result<LoadedEnvironments, SpecError> {
        self.specs()?.load_several(names, Zoned::now().date())
    }

    /// Connects to the cloud of an environment, and returns the engine that works on it.
    ///
    /// # Errors
    /// Fails if there is no such cloud here.
    pub async fn engine(
        &self,
        env: &Environment,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Engine>, ConnectError> {
        Ok(Box::new(NativeEngine::new(self.connector.connect(env, observer).await?)))
    }

    /// Checks a spec that is in no file as those in files are checked.
    ///
    /// # Errors
    /// Fails with everything that is wrong with it.
    pub fn check(&self, spec: &Environment) -> Result<LoadedEnvironment, SpecError> {
        directory::check(&format!("saved plan/{}.yaml", spec.environment), spec, Zoned::now().date())
    }
}
