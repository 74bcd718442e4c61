//! Programs of the tests that come from npm.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::install::{once, run};

/// The portal's own scaffolder, and what its tests start it with.
const BACKSTAGE: &[(&str, &str)] = &[
    ("@backstage/backend-test-utils", "1.11.7"),
    ("@backstage/plugin-scaffolder-backend", "4.2.0"),
    ("better-sqlite3", "12.11.1"),
    ("nunjitsu", "0.6.2"),
    ("yaml", "2.9.1"),
];

/// A folder with the portal's packages in `node_modules`.
pub fn backstage() -> PathBuf {
    once("backstage-4.2.0", "installing Backstage's scaffolder", |folder| {
        fs::create_dir_all(folder).expect("a folder for the packages");
        let packages: Vec<String> =
            BACKSTAGE.iter().map(|(name, version)| format!("{name:?}: {version:?}")).collect();
        let manifest = format!("{{\"private\": true, \"dependencies\": {{{}}}}}\n", packages.join(", "));
        fs::write(folder.join("package.json"), manifest).expect("the manifest is written");
        let npm = |arguments: &[&str]| run(Command::new("npm").args(arguments).current_dir(folder));
        // No package's own scripts: only the database is compiled.
        npm(&["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm(&["rebuild", "better-sqlite3", "--foreground-scripts"]);
    })
}

/// The portal's own builder and publisher of documentation sites.
pub fn techdocs() -> PathBuf {
    let wanted = json!({"@techdocs/cli": "1.8.15", "@backstage/plugin-techdocs-node": "1.15.5"});
    packages("techdocs-cli", &json!({"private": true, "dependencies": wanted}))
}

/// A folder with the packages of a manifest in `node_modules`, installed once for each manifest.
pub fn packages(name: &str, manifest: &Value) -> PathBuf {
    let manifest = format!("{manifest:#}\n");
    let digest: String = Sha256::digest(&manifest).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    once(&format!("{name}-{digest}"), &format!("installing {name}"), |folder| {
        fs::create_dir_all(folder).expect("a folder for the packages");
        fs::write(folder.join("package.json"), &manifest).expect("the manifest is written");
        let flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(flags).current_dir(folder));
    })
}
