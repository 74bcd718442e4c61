//! Trees of Terragrunt units: rendered by our program or made by hand, and run against an
//! AWS account of one's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use billpay_testkit::programs::{Tofu, opentofu, terragrunt};
use billpay_testkit::{Run, Sandbox};

pub struct Tree {
    /// The account, the specs for it, and whatever else looks into it.
    pub sandbox: Sandbox,
}

impl Tree {
    /// An empty folder and an empty account.
    pub fn new() -> Tree {
        let tree = Tree { sandbox: Sandbox::new() };
        std::fs::create_dir(tree.path()).expect("a folder for the tree");
        tree
    }

    /// A tree of these files; `ACCOUNT` in them becomes the number of the account.
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let tree = Tree::new();
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    /// Runs `billpay scaffold infrastructure` on the specs of the account.
    pub fn scaffolded(args: &[&str]) -> Tree {
        let tree = Tree::new();
        tree.scaffold(args).exits(0);
        tree
    }

    /// Renders the tree from the specs as they are now.
    pub fn scaffold(&self, args: &[&str]) -> Run {
        let path = self.path();
        let fixed = ["scaffold", "infrastructure", "--out", &path.to_string_lossy()];
        self.sandbox.billpay(&[&fixed, args].concat())
    }

    pub fn path(&self) -> PathBuf {
        self.sandbox.path("tree")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("its folder")).expect("a folder");
        std::fs::write(path, text.replace("ACCOUNT", &self.sandbox.account)).expect("a file");
    }

    /// Changes a file as a person would, who sees what stands there.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let path = self.path().join(path);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{}: {text}", path.display());
        std::fs::write(path, text.replace(from, to)).expect("a file");
    }

    /// Makes what the units below a folder say, and the bucket for their state.
    pub fn apply(&self, below: &str) -> Run {
        self.run_all(below, &["--backend-bootstrap"], &["apply"]).exits(0)
    }

    /// The plan of the units below a folder: exits with 0 when nothing would change, and with 2
    /// when anything would.
    pub fn plan(&self, below: &str) -> Run {
        self.run_all(below, &[], &["plan", "-detailed-exitcode"])
    }

    pub fn destroy(&self, below: &str) -> Run {
        self.run_all(below, &[], &["destroy"]).exits(0)
    }

    /// Runs a command of OpenTofu in all units below a folder, in the order of their dependencies.
    pub fn run_all(&self, below: &str, options: &[&str], command: &[&str]) -> Run {
        let fixed = ["run", "--all", "--non-interactive"];
        self.terragrunt(below, &[&fixed, options, &["--"], command].concat())
    }

    /// Runs Terragrunt in a folder of the tree.
    pub fn terragrunt(&self, below: &str, args: &[&str]) -> Run {
        let mut command = self.command(terragrunt(), opentofu());
        command.env("TG_TF_PATH", &opentofu().program).env("TG_NO_COLOR", "true").env("TG_NO_TIPS", "true");
        // Providers come from a mirror or a cache of ours; in Terragrunt's own, units that begin at
        // once get in each other's way, and wait seconds until they try again.
        command.env("TG_NO_AUTO_PROVIDER_CACHE_DIR", "true");
        command.arg("--working-dir").arg(self.path().join(below)).args(args);
        ended(format!("terragrunt {} in {below}", args.join(" ")), command)
    }

    /// Runs OpenTofu or Terraform in a folder of the tree.
    pub fn tofu(&self, tofu: &Tofu, below: &str, args: &[&str]) -> Run {
        let mut command = self.command(&tofu.program, tofu);
        command.current_dir(self.path().join(below)).args(args);
        ended(format!("{} {} in {below}", tofu.name, args.join(" ")), command)
    }

    fn command(&self, program: &Path, tofu: &Tofu) -> Command {
        let mut command = self.sandbox.command(program);
        tofu.settle(&mut command);
        command
            .env("AWS_REGION", "us-east-1")
            // What an emulator doesn't have, it doesn't have at the second time either.
            .env("AWS_MAX_ATTEMPTS", "2")
            // Where Terragrunt keeps links to providers.
            .env("XDG_CACHE_HOME", self.sandbox.home().join("cache"));
        command
    }
}

/// Runs a command to its end, and says how long it took.
fn ended(what: String, mut command: Command) -> Run {
    let begun = Instant::now();
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    println!("{what}: {}, {:.1} s", output.status, begun.elapsed().as_secs_f64());
    Run { command: what, ..Run::new(&[], output) }
}
