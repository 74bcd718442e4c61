//! OpenTofu, Terragrunt and Terraform, and where they take the AWS provider from.
//!
//! Whoever works with the trees has these on the path. Else OpenTofu and Terragrunt are built
//! once from their Go modules; Terraform can't be had so, and tests say that they did without.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use super::install::{cache, lock, once, run};

/// The version of the AWS provider that the modules pin.
pub const AWS_PROVIDER: &str = "5.100.0";

/// A program written in Go, and how it is built.
struct GoProgram {
    name: &'static str,
    module: &'static str,
    version: &'static str,
    /// Text of `--version` for the versions that are as good: the same major and minor.
    says: &'static str,
    package: &'static str,
    /// A variable that the linker sets, so that the program knows its version.
    set: &'static str,
}

const OPENTOFU: GoProgram = GoProgram {
    name: "tofu",
    module: "github.com/opentofu/opentofu",
    version: "v1.12.6",
    says: "OpenTofu v1.12.",
    package: "./cmd/tofu",
    set: "github.com/opentofu/opentofu/version.dev=no",
};

const TERRAGRUNT: GoProgram = GoProgram {
    name: "terragrunt",
    module: "github.com/gruntwork-io/terragrunt",
    version: "v1.1.2",
    says: "terragrunt version v1.1.",
    package: ".",
    set: "github.com/gruntwork-io/terragrunt/internal/version.Version=v1.1.2",
};

pub fn terragrunt() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| TERRAGRUNT.get());
    &PROGRAM
}

/// OpenTofu or Terraform, with where it takes providers from.
pub struct Tofu {
    pub name: &'static str,
    pub program: PathBuf,
    /// None: the providers come from the registry.
    config: Option<PathBuf>,
}

pub fn opentofu() -> &'static Tofu {
    static PROGRAM: LazyLock<Tofu> = LazyLock::new(|| {
        let config = provider_mirror().map(|found| {
            let _lock = lock("providers");
            config("tofu", &opentofu_mirror(&found))
        });
        Tofu { name: "OpenTofu", program: OPENTOFU.get(), config }
    });
    &PROGRAM
}

/// Terraform on the path; else says why there is none.
pub fn terraform() -> Result<&'static Tofu, &'static str> {
    static PROGRAM: LazyLock<Result<Tofu, String>> = LazyLock::new(|| {
        let said = version("terraform").ok_or("there is no `terraform` on the path")?;
        if !said.contains("Terraform v1.11.") {
            return Err(format!("the `terraform` on the path is not 1.11: {}", said.trim()));
        }
        let config = provider_mirror().map(|found| {
            let _lock = lock("providers");
            config("terraform", &found)
        });
        Ok(Tofu { name: "Terraform", program: "terraform".into(), config })
    });
    PROGRAM.as_ref().map_err(String::as_str)
}

impl Tofu {
    /// A command in a folder, with nothing of the settings of whoever runs the tests.
    pub fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.settle(&mut command);
        command.current_dir(folder).args(args).stdin(Stdio::null());
        command
    }

    /// Makes `command`, which starts this program in one way or another, use our settings only.
    pub fn settle(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["TF_", "TG_", "TERRAGRUNT_", "TOFU_"].iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
        // A third of the time would go into collecting what the provider's schema leaves behind.
        command.env("GOGC", "400");
        match &self.config {
            Some(config) => command.env("TF_CLI_CONFIG_FILE", config),
            None => {
                let folder = cache().join("providers");
                fs::create_dir_all(&folder).expect("a folder for providers");
                command
                    .env("TF_PLUGIN_CACHE_DIR", folder)
                    .env("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "true")
            }
        };
    }

    /// Runs `init`; one at a time, as the folder that downloads are kept in needs it.
    pub fn init(&self, folder: &Path) -> Result<(), String> {
        let _lock = self.config.is_none().then(|| lock("providers"));
        self.say(folder, &["init", "-backend=false", "-no-color"]).map(drop)
    }

    /// Runs a command to its end; all it wrote is the result, or the error when it fails.
    pub fn say(&self, folder: &Path, args: &[&str]) -> Result<String, String> {
        let output =
            self.command(folder, args).output().map_err(|error| format!("{}: {error}", self.name))?;
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let failed = || format!("{} {} ({}):\n{said}", self.name, args.join(" "), output.status);
        if output.status.success() { Ok(said) } else { Err(failed()) }
    }
}

/// A folder `tf-plugins` that holds the AWS provider as Terraform lays it out: where
/// `TF_PLUGINS` says, or in a usual place.
pub fn provider_mirror() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("tf-plugins"));
    let usual = ["/opt/tf-plugins", "/usr/local/share/tf-plugins", "/usr/share/tf-plugins"];
    let holds =
        |place: &PathBuf| place.join("registry.terraform.io/hashicorp/aws").join(AWS_PROVIDER).is_dir();
    if let Some(named) = std::env::var_os("TF_PLUGINS").map(PathBuf::from) {
        assert!(holds(&named), "TF_PLUGINS={} holds no AWS provider {AWS_PROVIDER}", named.display());
        return Some(named);
    }
    home.into_iter().chain(usual.map(PathBuf::from)).find(holds)
}

/// The same provider where OpenTofu looks for it. It doesn't follow links to folders, but
/// for the last one, which names the platform.
fn opentofu_mirror(found: &Path) -> PathBuf {
    let ours = cache().join("tofu-plugins");
    let provider = Path::new("hashicorp/aws").join(AWS_PROVIDER);
    let folder = ours.join("registry.opentofu.org").join(&provider);
    fs::create_dir_all(&folder).expect("a folder of the mirror");
    let platforms = found.join("registry.terraform.io").join(&provider);
    for platform in fs::read_dir(&platforms).expect("the provider's platforms") {
        let platform = platform.expect("a platform").path();
        let link = folder.join(platform.file_name().expect("its name"));
        if fs::read_link(&link).ok().as_ref() != Some(&platform) {
            let _ = fs::remove_file(&link);
            symlink(&platform, &link).expect("a link to the provider");
        }
    }
    ours
}

/// A configuration file that takes providers from a mirror, and from nowhere else.
fn config(name: &str, mirror: &Path) -> PathBuf {
    let path = cache().join(format!("{name}.tfrc"));
    let mirror = mirror.display();
    let text =
        format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n");
    // Not written anew under a program that reads it just now.
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::write(&path, text).expect("a configuration file");
    }
    path
}

/// Returns the version of a program on the path; none where there is no such program.
fn version(program: &str) -> Option<String> {
    let mut command = Command::new(program);
    let output =
        command.arg("--version").env("CHECKPOINT_DISABLE", "1").stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl GoProgram {
    fn get(&self) -> PathBuf {
        if version(self.name).is_some_and(|said| said.contains(self.says)) {
            return self.name.into();
        }
        let GoProgram { name, module, version, package, set, .. } = self;
        let what = format!("building {name} {version}, which takes some minutes,");
        let folder = once(&format!("{name}-{version}"), &what, |folder| {
            // As the main module, so that its `replace` lines and its sums count.
            let sources = self.sources();
            let mut go = go();
            go.current_dir(sources).env("CGO_ENABLED", "0").args(["build", "-trimpath", "-buildvcs=false"]);
            run(go.args(["-ldflags", &format!("-s -w -X {set}"), "-o"]).arg(folder.join(name)).arg(package));
            let said = self::version(&folder.join(name).to_string_lossy()).unwrap_or_default();
            assert!(said.contains(self.says), "{module} was built and says that it is {said:?}");
        });
        folder.join(name)
    }

    /// The sources in Go's module cache.
    fn sources(&self) -> PathBuf {
        let GoProgram { name, module, version, .. } = self;
        let there = go().arg("version").output().is_ok_and(|output| output.status.success());
        assert!(there, "{name} {version} is not on the path, and without Go it can't be built: install one");
        let wanted = format!("{module}@{version}");
        let said = run(go().args(["mod", "download", "-json", &wanted]));
        let said: Value = serde_json::from_str(&said).expect("what Go says about a module");
        PathBuf::from(said["Dir"].as_str().expect("the module's folder"))
    }
}

fn go() -> Command {
    let mut go = Command::new("go");
    go.env_remove("GOFLAGS").env("GOWORK", "off").stdin(Stdio::null());
    go
}
