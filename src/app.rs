//! The composition root: the one place that sees every layer and wires them.

use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::adapter::aws::{Aws, Endpoint};
use crate::adapter::local::LocalAws;
use crate::adapter::specs::{Several, SpecDir};
use crate::adapter::templates::Embedded;
use crate::adapter::tools;
use crate::adapter::tree::Tree;
use crate::domain::plan::Kinds;
use crate::domain::port::{Check, TemplateError};
use crate::domain::resource::Desired;
use crate::domain::spec::{Environment, Loaded};
use crate::kinds::aws::{self, AwsProvider};

/// What the front ends may see of the adapters: why something is not there.
pub use crate::adapter::local::Error as LocalError;
pub use crate::adapter::specs::SpecError;
pub use crate::adapter::tree::TreeError;

/// How the program was asked to reach the world.
pub struct App {
    specs: Option<PathBuf>,
    local: bool,
}

impl App {
    pub fn new(specs: Option<PathBuf>, local: bool) -> App {
        App { specs, local }
    }

    /// The directory of the specs: as asked for, or `environments` here or above.
    pub fn specs(&self) -> Result<SpecDir, SpecError> {
        let default = Path::new("environments");
        let above = || {
            let here = std::env::current_dir().ok()?;
            let found = here.ancestors().map(|folder| folder.join(default)).find(|path| path.is_dir())?;
            Some(found.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(found))
        };
        SpecDir::open(self.specs.clone().or_else(above).unwrap_or_else(|| default.to_path_buf()))
    }

    /// The spec of an environment, read and checked.
    pub fn load(&self, environment: &str) -> Result<Loaded, SpecError> {
        self.specs()?.load(environment, Zoned::now().date())
    }

    /// The specs of several environments, or of all, read and checked; and the others beside them.
    pub fn load_several(&self, names: Option<&[String]>) -> Result<Several, SpecError> {
        self.specs()?.load_several(names, Zoned::now().date())
    }

    /// The templates that the program was built with.
    pub fn templates(&self) -> Result<Embedded, TemplateError> {
        Embedded::load()
    }

    /// A folder that rendered files go to.
    pub fn tree(&self, root: PathBuf) -> Tree {
        Tree::at(root)
    }

    /// The local AWS of this user.
    pub fn local_aws(&self) -> Result<LocalAws, LocalError> {
        LocalAws::of_this_user()
    }

    /// The programs of others that are there, and those that are not.
    pub fn tools(&self) -> Vec<Check> {
        tools::tools()
    }

    /// The facts about the kinds of resources that can be made; makes no call.
    pub fn kinds(&self) -> Kinds {
        aws::kinds()
    }

    /// Every resource that an environment should have; makes no call.
    pub fn desired(&self, env: &Environment) -> Vec<Desired> {
        aws::desire(env)
    }

    /// AWS, or the local one, which is started when it isn't running: `starting` is told so.
    pub async fn connect(
        &self,
        env: &Environment,
        starting: &(dyn Fn(&str) + Sync),
    ) -> Result<AwsProvider, LocalError> {
        Ok(AwsProvider::new(self.aws(env, starting).await?))
    }

    /// The AWS clients for an environment's account and region.
    pub async fn aws(&self, env: &Environment, starting: &(dyn Fn(&str) + Sync)) -> Result<Aws, LocalError> {
        let endpoint = if self.local {
            let url = self.local_aws()?.up(starting).await?;
            // The local AWS takes a 12-digit access key as the number of the account.
            Some(Endpoint { url, access_key: env.account.clone(), secret_key: "local".to_string() })
        } else {
            None
        };
        Ok(Aws::connect(&env.region, endpoint.as_ref()).await)
    }
}
