//! Private Python environments with pinned packages, for programs that we bring along.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use billpay_model::hex::hex;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::program;

/// Error of creating an environment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Python 3.10 or newer is needed, and none of {tried} is one")]
    NoPython { tried: String },
    #[error("{what} failed:\n{output}")]
    Step { what: String, output: String },
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

impl Error {
    /// Returns hints for the user.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::NoPython { .. } => {
                "install it (Debian: apt install python3 python3-venv; macOS: brew install python), \
                 or name one in BILLPAY_PYTHON"
            }
            Error::Step { .. } => "put right what it says and run the command again: it starts over",
            Error::File { .. } => return vec![],
        };
        vec![hint.to_string()]
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |error| Error::File { path: path.display().to_string(), error }
}

/// Packages of an environment.
pub struct Packages {
    /// Display name of its purpose.
    pub purpose: &'static str,
    /// The packages, all pinned, with the digests of their files.
    pub requirements: &'static str,
}

impl Packages {
    /// The Python of the environment in `cache`, which is made when it isn't there (once).
    ///
    /// # Errors
    /// Fails if `cache` can't be written, there is no Python 3.10 or newer, or a package can't be installed.
    pub fn python(&self, cache: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf, Error> {
        let mut hash = Sha256::new();
        hash.update(self.requirements);
        let folder = cache.join(format!("python-{}", short(hash)));
        let (python, complete) = (folder.join("bin/python"), folder.join("complete"));
        if complete.exists() && python.exists() {
            return Ok(python);
        }
        // Several runs may come here at once: one installs, the others find it done.
        fs::create_dir_all(cache).map_err(at(cache))?;
        let path = cache.join("lock");
        let lock = fs::File::create(&path).map_err(at(&path))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| at(&path)(error.into()))?;
        if complete.exists() && python.exists() {
            return Ok(python);
        }
        say(&format!(
            "installing {} into a private Python environment (once, about half a minute) …",
            self.purpose
        ));
        let system = system_python()?;
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(at(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirements).map_err(at(&requirements))?;
        run("making the Python environment", call(&system).args(["-m", "venv"]).arg(&folder))?;
        run(
            &format!("installing {}", self.purpose),
            call(&python)
                // Wherever the user's settings have pip look for packages, what it finds there is the same.
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
                .args(["--require-hashes", "-r"])
                .arg(&requirements),
        )?;
        fs::write(&complete, "").map_err(at(&complete))?;
        Ok(python)
    }
}

/// The beginning of a digest, for names.
pub fn short(hash: Sha256) -> String {
    hex(&hash.finalize()[..6])
}

/// The first Python on the path that is new enough.
fn system_python() -> Result<PathBuf, Error> {
    let chosen = std::env::var("BILLPAY_PYTHON").ok();
    let names: Vec<String> = match chosen {
        Some(python) => vec![python],
        None => ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]
            .map(String::from)
            .into(),
    };
    let check = "import sys; sys.exit(sys.version_info < (3, 10))";
    let fits = |python: &PathBuf| {
        let status = call(python).args(["-c", check]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let tried = names.join(", ");
    let path = |name: String| match name.contains('/') {
        true => Some(PathBuf::from(name)),
        false => program::find(&name),
    };
    names.into_iter().filter_map(path).find(fits).ok_or(Error::NoPython { tried })
}

/// Returns a call of a Python that takes nothing from where it runs, and gets no credentials but a package index's.
fn call(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("-I").env_clear().envs(program::environment(&[program::NETWORK, &["PIP_"]].concat(), None));
    command
}

fn run(what: &str, command: &mut Command) -> Result<(), Error> {
    let fail = |output: String| Error::Step { what: what.to_string(), output };
    let output = command.output().map_err(|error| fail(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(fail(String::from_utf8_lossy(&text).trim().to_string()))
}
