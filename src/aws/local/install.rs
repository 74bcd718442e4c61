//! Installs the local AWS: a private Python environment with pinned packages, and our launcher.

use std::fs;
use std::path::{Path, PathBuf};

use billpay_host::python::{Packages, short};
use sha2::{Digest, Sha256};

use super::{Error, at};

/// The packages, all pinned.
const REQUIREMENTS: &str = include_str!("ministack/requirements.txt");

/// The launcher and the modules that it loads.
const MODULES: &[(&str, &str)] = &[
    ("cloudfront_gaps.py", include_str!("ministack/cloudfront_gaps.py")),
    ("cloudtrail_gaps.py", include_str!("ministack/cloudtrail_gaps.py")),
    ("cloudwatch_gaps.py", include_str!("ministack/cloudwatch_gaps.py")),
    ("confine.py", include_str!("ministack/confine.py")),
    ("credentials.py", include_str!("ministack/credentials.py")),
    ("durable.py", include_str!("ministack/durable.py")),
    ("ec2_base.py", include_str!("ministack/ec2_base.py")),
    ("ec2_describes.py", include_str!("ministack/ec2_describes.py")),
    ("ec2_endpoints.py", include_str!("ministack/ec2_endpoints.py")),
    ("ec2_gaps.py", include_str!("ministack/ec2_gaps.py")),
    ("ec2_groups.py", include_str!("ministack/ec2_groups.py")),
    ("ec2_interfaces.py", include_str!("ministack/ec2_interfaces.py")),
    ("ec2_network.py", include_str!("ministack/ec2_network.py")),
    ("ec2_offers.py", include_str!("ministack/ec2_offers.py")),
    ("ecr_gaps.py", include_str!("ministack/ecr_gaps.py")),
    ("eks_addons.py", include_str!("ministack/eks_addons.py")),
    ("eks_base.py", include_str!("ministack/eks_base.py")),
    ("eks_catalog.py", include_str!("ministack/eks_catalog.py")),
    ("eks_clusters.py", include_str!("ministack/eks_clusters.py")),
    ("eks_gaps.py", include_str!("ministack/eks_gaps.py")),
    ("eks_nodes.py", include_str!("ministack/eks_nodes.py")),
    ("eks_rollback.py", include_str!("ministack/eks_rollback.py")),
    ("eks_updates.py", include_str!("ministack/eks_updates.py")),
    ("gap_kit.py", include_str!("ministack/gap_kit.py")),
    ("guard.py", include_str!("ministack/guard.py")),
    ("iam_gaps.py", include_str!("ministack/iam_gaps.py")),
    ("lambda_policies.py", include_str!("ministack/lambda_policies.py")),
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

/// The Python of the private environment, which is made when it isn't there.
pub fn python(cache: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf, Error> {
    Ok(Packages { purpose: "the local AWS", requirements: REQUIREMENTS }.python(cache, say)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_beside_the_launcher_is_installed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("local/ministack");
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut python: Vec<String> = names.filter(|name| name.ends_with(".py")).collect();
        python.sort();
        let mut installed: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        installed.sort_unstable();
        assert_eq!(python, installed);
    }
}
