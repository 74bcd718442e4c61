//! Projects from templates, measured: the same files by billpay, Cookiecutter and Copier, and
//! how the time grows with the number of files.
//!
//! Files go to TMPDIR: a folder in memory shows the programs, one on a disk shows the disk too.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use billpay_testkit::install::python;

/// Number of times that each figure is taken; the middle one is shown.
const RUNS: usize = 5;

/// The middle times of a template of so many files.
pub struct Projects {
    pub files: usize,
    /// A Backstage template.
    pub backstage: Duration,
    /// The Cookiecutter template, by billpay.
    pub cookiecutter_by_us: Duration,
    /// The same template, by Cookiecutter; none where it would take too long.
    pub cookiecutter: Option<Duration>,
    /// The same files as a Copier template, by Copier.
    pub copier: Option<Duration>,
}

impl Projects {
    pub fn measure(files: usize) -> Projects {
        let place = templates(files);
        let with_peers = files <= 1000;
        // Never the same folder twice: some file systems are slow where much was just deleted.
        let mut runs = 0;
        let mut billpay = |template: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
            command.args(["scaffold", template, "--set", "name=pay", "--out"]);
            middle(&place, &mut runs, command)
        };
        let backstage = billpay("./backstage");
        let cookiecutter_by_us = billpay("./cookiecutter");
        let mut cookiecutter = || {
            let program = python("cookiecutter-2.7.1", &["cookiecutter==2.7.1"]).join("bin/cookiecutter");
            let mut command = Command::new(program);
            command.args(["--no-input", "./cookiecutter", "name=pay", "--output-dir"]);
            middle(&place, &mut runs, command)
        };
        let cookiecutter = with_peers.then(&mut cookiecutter);
        let mut copier = || {
            let program = python("copier-9.19.1", &["copier==9.19.1"]).join("bin/copier");
            let mut command = Command::new(program);
            command.args(["copy", "--quiet", "--defaults", "--data", "name=pay", "./copier"]);
            middle(&place, &mut runs, command)
        };
        let copier = with_peers.then(&mut copier);
        Projects { files, backstage, cookiecutter_by_us, cookiecutter, copier }
    }
}

/// The same files as a template for each of the three.
fn templates(files: usize) -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let write = |path: PathBuf, text: String| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let root = place.path();
    write(root.join("backstage/template.yaml"), BACKSTAGE.to_string());
    write(root.join("cookiecutter/cookiecutter.json"), r#"{"name": "pay"}"#.to_string());
    write(root.join("copier/copier.yml"), "_templates_suffix: \"\"\nname: {type: str}\n".to_string());
    for number in 0..files {
        let path = format!("folder{}/file{number}.txt", number / 50);
        let body = |variable: &str| {
            let lines = (0..20).map(|line| format!("line {line} of {number}: {variable}\n"));
            lines.collect::<String>()
        };
        write(root.join("backstage/skeleton").join(&path), body("${{ values.name }}"));
        write(root.join("cookiecutter/{{cookiecutter.name}}").join(&path), body("{{ cookiecutter.name }}"));
        write(root.join("copier").join(&path), body("{{ name }}"));
    }
    place
}

const BACKSTAGE: &str = "\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: { name: many }
spec:
  owner: platform-team
  type: service
  parameters:
    properties:
      name: { type: string }
  steps:
    - id: files
      action: fetch:template
      input:
        url: ./skeleton
        values:
          name: ${{ parameters.name }}
";

/// Runs a command, with a new folder for its last argument each time.
fn middle(place: &TempDir, runs: &mut usize, command: Command) -> Duration {
    let program = command.get_program().to_owned();
    let arguments: Vec<OsString> = command.get_args().map(OsString::from).collect();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            *runs += 1;
            let mut command = Command::new(&program);
            command.args(&arguments).arg(format!("out{runs}")).current_dir(place.path());
            command.env("HOME", place.path().join("home")).stdin(Stdio::null());
            let start = Instant::now();
            let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(ended.is_ok_and(|ended| ended.success()), "{command:?}");
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}
