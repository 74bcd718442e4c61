//! The walk that the README shows, from nothing to a service in an environment, done again
//! command by command: what the README says comes out is what comes out.

mod transcript;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use transcript::{Step, steps};

/// A home of its own, with a local AWS of its own, which is stopped at the end.
struct Walker {
    folder: TempDir,
    here: PathBuf,
    port: String,
}

impl Walker {
    fn new() -> Walker {
        let folder = TempDir::new().expect("a folder to walk in");
        let here = folder.path().join("work");
        std::fs::create_dir(&here).expect("a folder to work in");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port().to_string();
        Walker { folder, here, port }
    }

    fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_billpay")).parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if ["AWS_", "BILLPAY_", "GITHUB_"].iter().any(|prefix| name.starts_with(prefix)) || name == "CI" {
                command.env_remove(&*name);
            }
        }
        command
            // Both outputs as they come, as a terminal shows them.
            .args(["-euo", "pipefail", "-c", &format!("exec 2>&1\n{line}")])
            .current_dir(&self.here)
            .stdin(Stdio::null())
            .env("PATH", format!("{}:{path}", program.display()))
            .env("HOME", self.folder.path())
            // Where the local AWS is installed already, it is taken from.
            .env("XDG_CACHE_HOME", billpay_testkit::install::cache().ancestors().nth(2).expect("the cache"))
            .env("BILLPAY_LOCAL_STATE", self.folder.path().join("aws"))
            .env("BILLPAY_LOCAL_PORT", &self.port)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "110");
        command
    }

    /// Runs one command of the transcript; `cd` is the one that lasts.
    fn run(&mut self, step: &Step) -> String {
        if let Some(folder) = step.command.strip_prefix("cd ") {
            self.here = self.here.join(folder);
            assert!(self.here.is_dir(), "`{}`: there is no such folder", step.command);
            return String::new();
        }
        let output = self.command(&step.command).output().expect("bash can be run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "`{}` ({}):\n{said}", step.command, output.status);
        said
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        let _ = self.command("billpay local down").output();
    }
}

#[test]
#[ignore = "full tier: needs the local AWS"]
fn the_walk_of_the_readme_goes_as_it_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let steps = steps(&readme, "walk");
    assert!(steps.len() >= 5, "the README has lost its walk");
    let _one_at_a_time = billpay_testkit::install::lock("ministack");
    let mut walker = Walker::new();
    for step in steps {
        let said = walker.run(&step);
        if let Err(why) = step.fits(&said) {
            panic!("`{}` says something else than the README:\n{why}\nIt said:\n{said}", step.command);
        }
        println!("$ {}", step.command);
    }
}
