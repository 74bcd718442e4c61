//! Installs the local AWS: a private Python environment with pinned packages, and our launcher.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::{Error, at};

/// The packages, all pinned.
const REQUIREMENTS: &str = include_str!("ministack/requirements.txt");

/// The launcher and the modules that it loads.
const MODULES: &[(&str, &str)] = &[
    ("cloudfront_gaps.py", include_str!("ministack/cloudfront_gaps.py")),
    ("cloudtrail_gaps.py", include_str!("ministack/cloudtrail_gaps.py")),
    ("cloudwatch_gaps.py", include_str!("ministack/cloudwatch_gaps.py")),
    ("durable.py", include_str!("ministack/durable.py")),
    ("ec2_base.py", include_str!("ministack/ec2_base.py")),
    ("ec2_describes.py", include_str!("ministack/ec2_describes.py")),
    ("ec2_endpoints.py", include_str!("ministack/ec2_endpoints.py")),
    ("ec2_gaps.py", include_str!("ministack/ec2_gaps.py")),
    ("ec2_groups.py", include_str!("ministack/ec2_groups.py")),
    ("ec2_network.py", include_str!("ministack/ec2_network.py")),
    ("ecr_gaps.py", include_str!("ministack/ecr_gaps.py")),
    ("eks_addons.py", include_str!("ministack/eks_addons.py")),
    ("eks_base.py", include_str!("ministack/eks_base.py")),
    ("eks_catalog.py", include_str!("ministack/eks_catalog.py")),
    ("eks_clusters.py", include_str!("ministack/eks_clusters.py")),
    ("eks_gaps.py", include_str!("ministack/eks_gaps.py")),
    ("eks_nodes.py", include_str!("ministack/eks_nodes.py")),
    ("eks_updates.py", include_str!("ministack/eks_updates.py")),
    ("gap_kit.py", include_str!("ministack/gap_kit.py")),
    ("iam_gaps.py", include_str!("ministack/iam_gaps.py")),
    ("launcher.py", include_str!("ministack/launcher.py")),
    ("s3_gaps.py", include_str!("ministack/s3_gaps.py")),
    ("secretsmanager_gaps.py", include_str!("ministack/secretsmanager_gaps.py")),
    ("xray_gaps.py", include_str!("ministack/xray_gaps.py")),
];

/// Writes the launcher into the cache and returns its path, which names its content.
pub fn launcher(cache: &Path) -> Result<PathBuf, Error> {
    let mut hash = Sha256::new();
    MODULES.iter().for_each(|(name, text)| hash.update(format!("{name}\0{text}\0")));
    let folder = cache.join(format!("launcher-{}", short(hash)));
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    for (name, text) in MODULES {
        let path = folder.join(name);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(&path, text).map_err(at(&path))?;
        }
    }
    Ok(folder.join("launcher.py"))
}

/// The Python of the private environment, which is made when it isn't there (half a minute, once).
pub fn python(cache: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf, Error> {
    let mut hash = Sha256::new();
    hash.update(REQUIREMENTS);
    let folder = cache.join(format!("python-{}", short(hash)));
    let (python, complete) = (folder.join("bin/python"), folder.join("complete"));
    if complete.exists() && python.exists() {
        return Ok(python);
    }
    // Several runs may come here at once: one installs, the others find it done.
    let path = cache.join("lock");
    let lock = fs::File::create(&path).map_err(at(&path))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| at(&path)(error.into()))?;
    if complete.exists() && python.exists() {
        return Ok(python);
    }
    say("installing the local AWS into a private Python environment (once, about half a minute) …");
    let system = system_python()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(at(&requirements))?;
    run("making the Python environment", Command::new(&system).args(["-m", "venv"]).arg(&folder))?;
    run(
        "installing ministack",
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"])
            .arg(&requirements),
    )?;
    fs::write(&complete, "").map_err(at(&complete))?;
    Ok(python)
}

fn short(hash: Sha256) -> String {
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The first Python on the path that is new enough.
fn system_python() -> Result<String, Error> {
    let chosen = std::env::var("BILLPAY_PYTHON").ok();
    let candidates: Vec<String> = match chosen {
        Some(python) => vec![python],
        None => ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]
            .map(String::from)
            .into(),
    };
    let check = "import sys; sys.exit(sys.version_info < (3, 10))";
    let fits = |python: &&String| {
        let status = Command::new(python).args(["-c", check]).stderr(std::process::Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let tried = candidates.join(", ");
    candidates.iter().find(fits).cloned().ok_or(Error::NoPython { tried })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_beside_the_launcher_is_installed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapter/local/ministack");
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut python: Vec<String> = names.filter(|name| name.ends_with(".py")).collect();
        python.sort();
        let mut installed: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        installed.sort_unstable();
        assert_eq!(python, installed);
    }
}
