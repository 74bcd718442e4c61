//! Rendered trees, measured: one environment and two hundred, beside what Terragrunt needs to
//! read the same tree.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use billpay_testkit::programs::{opentofu, terragrunt};

/// Number of times that each figure is taken; the middle one is shown.
const RUNS: usize = 5;

/// The middle times of a tree of so many environments.
pub struct Trees {
    pub environments: usize,
    pub files: usize,
    /// From nothing.
    pub create: Duration,
    /// Nothing has changed.
    pub again: Duration,
    /// A value that all environments have has changed.
    pub change: Duration,
    /// `terragrunt hcl validate` of the same tree.
    pub terragrunt: Duration,
}

impl Trees {
    pub fn measure(environments: usize) -> Trees {
        let place = specs(environments);
        let tree = place.path().join("infrastructure");
        let scaffold = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
            command.current_dir(place.path()).args(["scaffold", "infrastructure", "--all"]);
            time(command)
        };
        let create = middle(|| {
            let _ = fs::remove_dir_all(&tree);
            scaffold()
        });
        let again = middle(scaffold);
        let mut images = 30;
        let change = middle(|| {
            let shared = place.path().join("environments/shared.yaml");
            let text = fs::read_to_string(&shared).expect("a spec");
            let (from, to) = (format!("keep_images: {images}"), format!("keep_images: {}", images + 1));
            images += 1;
            fs::write(&shared, text.replace(&from, &to)).expect("a spec");
            scaffold()
        });
        let terragrunt = middle(|| {
            let mut command = Command::new(terragrunt());
            command.env("TG_TF_PATH", &opentofu().program).env("HOME", place.path());
            command.current_dir(&tree).args(["hcl", "validate"]);
            // Without an account, outputs of other units can't be asked for, and needn't be.
            command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
            command.env("AWS_ACCESS_KEY_ID", "123456789012").env("AWS_SECRET_ACCESS_KEY", "test");
            time(command)
        });
        Trees { environments, files: count(&tree), create, again, change, terragrunt }
    }
}

/// A folder with specs of so many environments, each like dev.
fn specs(environments: usize) -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let specs = place.path().join("environments");
    fs::create_dir(&specs).expect("a folder");
    fs::copy(ours.join("shared.yaml"), specs.join("shared.yaml")).expect("a copy");
    let dev = fs::read_to_string(ours.join("dev.yaml")).expect("a spec");
    for number in 0..environments {
        let name = format!("e{number:03}");
        let text = dev.replace("environment: dev", &format!("environment: {name}"));
        fs::write(specs.join(format!("{name}.yaml")), text).expect("a spec");
    }
    place
}

fn time(mut command: Command) -> Duration {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("a program that can be run");
    let taken = begun.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    taken
}

fn middle(run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = std::iter::repeat_with(run).take(RUNS).collect();
    times.sort();
    times[RUNS / 2]
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .filter(|entry| entry.file_name() != ".billpay")
        .map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 })
        .sum()
}
