//! Terraform with the AWS provider, measured on a tree of the same resources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::billpay::Measured;
use billpay_testkit::proxy::Proxy;
use billpay_testkit::{Emulator, access_key, programs};

/// Terraform, and the source of its AWS provider.
pub struct Terraform {
    mirror: PathBuf,
}

/// The life of the tree.
pub struct Life {
    pub resources: usize,
    pub apply: Measured,
    pub no_op_plan: Measured,
    pub destroy: Measured,
}

impl Terraform {
    /// Terraform on the path, and a filesystem mirror of providers. Else says what is missing.
    pub fn find() -> Result<Terraform, String> {
        programs::terraform()?;
        let mirror = programs::provider_mirror();
        let mirror =
            mirror.ok_or("no folder `tf-plugins` holds the AWS provider 5.100.0 (set TF_PLUGINS)")?;
        Ok(Terraform { mirror })
    }

    /// Applies, plans again and destroys, with nothing slowed down.
    pub fn life(&self) -> Result<Life, String> {
        let tree = Tree::new(self, Duration::ZERO);
        let apply = tree.measure(&["apply", "-auto-approve"])?;
        let resources = tree.resources();
        // Fails when there is a difference: then it would not be a plan without changes.
        let no_op_plan = tree.measure(&["plan", "-detailed-exitcode"])?;
        let destroy = tree.measure(&["destroy", "-auto-approve"])?;
        Ok(Life { resources, apply, no_op_plan, destroy })
    }

    /// Applies, with each call so much slower.
    pub fn apply(&self, delay: Duration) -> Result<Measured, String> {
        Tree::new(self, delay).measure(&["apply", "-auto-approve"])
    }
}

/// A copy of the tree with an account of its own.
struct Tree {
    folder: TempDir,
    proxy: Proxy,
    account: String,
}

impl Tree {
    fn new(terraform: &Terraform, delay: Duration) -> Tree {
        let folder = TempDir::new().expect("a temporary folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/terraform");
        for entry in std::fs::read_dir(source).expect("the tree") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|kind| kind == "tf") {
                let name = path.file_name().expect("a name");
                std::fs::copy(&path, folder.path().join(name)).expect("a file that can be copied");
            }
        }
        let mirror = terraform.mirror.display();
        let config = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"
        );
        std::fs::write(folder.path().join("cli.tfrc"), config).expect("a file that can be written");
        let emulator = Emulator::ministack();
        let proxy = Proxy::before(&emulator.url);
        let tree = Tree { folder, proxy, account: emulator.fresh_account() };
        let init = tree.command(&["init"]).output().expect("terraform can be run");
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        tree.proxy.delay(delay);
        tree
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        let aws = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_"));
        for (name, _) in aws {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.tfrc"))
            .env("TF_VAR_endpoint", self.proxy.url())
            .env("TF_VAR_account", &self.account)
            .env("TF_VAR_access_key", access_key(&self.account));
        command
    }

    fn measure(&self, args: &[&str]) -> Result<Measured, String> {
        Measured::of(self.command(args), &self.proxy)
    }

    fn resources(&self) -> usize {
        let mut list = self.command(&["state", "list"]);
        let output = list.env_remove("TF_CLI_ARGS").output().expect("terraform can be run");
        String::from_utf8_lossy(&output.stdout).lines().count()
    }
}
