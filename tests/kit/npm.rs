//! Programs of the tests that come from npm.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::install::{once, run};
use crate::project;

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

/// Packages of the portal's tests beside those that its backend names.
const PORTAL_TESTS: &[(&str, &str)] =
    &[("@backstage/catalog-model", "1.10.1"), ("@backstage/config-loader", "1.11.3"), ("esbuild", "0.28.2")];

/// Packages of the portal's pages: their schemas of the configuration, without all that they stand on.
const PORTAL_SCHEMAS: &[&str] = &["@backstage/core-app-api@1.20.5", "@backstage/frontend-app-api@0.16.8"];

/// A folder with what the generated portal's backend is made of in `node_modules`, at the versions that it names.
pub fn portal() -> PathBuf {
    let tree = project().join("templates/portal/tree");
    let mut packages: BTreeMap<String, String> =
        PORTAL_TESTS.iter().map(|(name, version)| (name.to_string(), version.to_string())).collect();
    for manifest in ["packages/backend", "plugins/scaffolder-backend-module-billpay"] {
        let text = fs::read_to_string(tree.join(manifest).join("package.json")).expect("a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("a manifest is JSON");
        for (name, version) in manifest["dependencies"].as_object().expect("dependencies") {
            let version = version.as_str().expect("a version");
            // `workspace:` and `link:` are the portal's own.
            if !version.contains(':') {
                packages.insert(name.clone(), version.to_string());
            }
        }
    }
    let manifest = json!({"private": true, "dependencies": packages}).to_string();
    let name = format!("portal-{}", digest(manifest.as_bytes()));
    // Its database is compiled there already.
    let compiled = backstage().join("node_modules/better-sqlite3/build");
    once(&name, "installing Backstage's backend", |folder| {
        fs::create_dir_all(folder).expect("a folder for the packages");
        fs::write(folder.join("package.json"), manifest).expect("the manifest is written");
        let npm = |arguments: &[&str]| run(Command::new("npm").args(arguments).current_dir(folder));
        npm(&["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run(Command::new("cp").arg("-r").arg(compiled).arg(folder.join("node_modules/better-sqlite3")));
        for (index, package) in PORTAL_SCHEMAS.iter().enumerate() {
            let into = folder.join(format!("schemas/{index}"));
            fs::create_dir_all(&into).expect("a folder for a schema");
            let archive = npm(&["pack", "--silent", package]);
            let archive = folder.join(archive.trim());
            run(Command::new("tar")
                .args(["-xzf"])
                .arg(&archive)
                .args(["--strip-components=1", "-C"])
                .arg(into));
            fs::remove_file(archive).expect("the archive goes");
        }
        // Stands for the pages, which nobody builds here: the backend says so and goes on.
        let pages = folder.join("node_modules/app");
        fs::create_dir_all(&pages).expect("a folder for the pages");
        fs::write(pages.join("package.json"), r#"{"name": "app", "version": "0.1.0"}"#)
            .expect("its manifest");
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
    once(&format!("{name}-{}", digest(manifest.as_bytes())), &format!("installing {name}"), |folder| {
        fs::create_dir_all(folder).expect("a folder for the packages");
        fs::write(folder.join("package.json"), &manifest).expect("the manifest is written");
        let flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(flags).current_dir(folder));
    })
}

/// Returns the first six bytes of a SHA-256 digest, in hexadecimal.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
