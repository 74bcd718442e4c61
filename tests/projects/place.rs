//! A home of one's own, with templates and projects in it, and the real program run there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use billpay_testkit::reports::check_report;
use serde_json::Value;
use tempfile::TempDir;

pub struct Place {
    folder: TempDir,
}

/// Output of the program, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn exits(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    /// Exits with 1 and says all of this.
    #[track_caller]
    pub fn fails_with(self, words: &[&str]) {
        let said = self.exits(1);
        for word in words {
            assert!(said.err.contains(word), "`{word}` is not in:\n{}", said.err);
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let report = serde_json::from_str(&self.out);
        let report = report.unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err));
        check_report(&report);
        report
    }
}

impl Place {
    pub fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(place.path("home")).expect("a home");
        let git = "[user]\nname = Ada\nemail = ada@example.com\n[init]\ndefaultBranch = main\n[commit]\ngpgsign = false\n";
        fs::write(place.path("home/.gitconfig"), git).expect("a configuration");
        place
    }

    /// Returns a path in the place; an absolute one would lead out of it.
    pub fn path(&self, path: &str) -> PathBuf {
        assert!(!path.starts_with('/'), "{path} is no path in the place");
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, path: &str) -> String {
        let full = self.path(path);
        fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("it was there");
    }

    pub fn is_there(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    pub fn make_executable(&self, path: &str) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// The program, in a folder of the place.
    pub fn command(&self, folder: &str, args: &[&str]) -> Command {
        let mut command = self.command_of(env!("CARGO_BIN_EXE_billpay"), folder);
        command.args(args);
        command
    }

    /// Another program, in a folder of the place.
    pub fn command_of(&self, program: impl AsRef<OsStr>, folder: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).stdin(Stdio::null());
        self.alone(&mut command);
        command
    }

    /// Runs the program in the place's top folder.
    pub fn say(&self, args: &[&str]) -> Said {
        self.say_in("", args)
    }

    pub fn say_in(&self, folder: &str, args: &[&str]) -> Said {
        let output = self.command(folder, args).output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    pub fn git(&self, folder: &str, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.path(folder));
        self.alone(&mut command);
        let output = command.output().expect("git is there");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// Puts everything in a folder into Git.
    pub fn commit(&self, folder: &str) {
        if !self.path(folder).join(".git").exists() {
            self.git(folder, &["init", "--quiet"]);
        }
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--allow-empty", "--message", "as it is"]);
    }

    /// A command line in the place's top folder that has a terminal.
    pub fn on_a_terminal(&self, line: &str) -> Command {
        let mut command = Command::new("script");
        command.args(["-qec", line, "/dev/null"]).current_dir(self.path("")).env_remove("CI");
        self.alone(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn alone(&self, command: &mut Command) {
        command.env("HOME", self.path("home")).env("XDG_CACHE_HOME", self.path("home/.cache"));
        command.env("XDG_CONFIG_HOME", self.path("home/.config")).env("GIT_CONFIG_NOSYSTEM", "1");
        for name in
            ["BILLPAY_ENV", "BILLPAY_SPECS", "BILLPAY_LOCAL", "BILLPAY_OUTPUT", "GITHUB_ACTIONS", "GIT_DIR"]
        {
            command.env_remove(name);
        }
    }

    /// Every file below a folder, with its mode's run bit, but what Git and billpay keep.
    pub fn files(&self, folder: &str) -> BTreeMap<String, (bool, Vec<u8>)> {
        let root = self.path(folder);
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files);
        files
    }

    /// The names of those files.
    pub fn names(&self, folder: &str) -> Vec<String> {
        self.files(folder).into_keys().collect()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, (bool, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below it").display().to_string();
        if path.is_dir() && !path.is_symlink() {
            if name != ".git" && name != ".billpay" {
                collect(root, &path, files);
            }
            continue;
        }
        let mode = path.symlink_metadata().expect("it is there").permissions().mode();
        // A pipe would be waited for.
        let bytes = if path.is_file() { fs::read(&path).unwrap_or_default() } else { vec![] };
        files.insert(name, (mode & 0o111 != 0, bytes));
    }
}

/// A small Backstage template: a service with a name, an owner and a port.
pub const TEMPLATE: &str = r#"apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: service
  title: Service
  description: A small service
spec:
  owner: platform-team
  type: service
  parameters:
    - title: About
      required: [name]
      properties:
        name: { title: Name, type: string, pattern: "^[a-z-]+$", description: What it is called }
        owner: { title: Owner, type: string, enum: [payments, platform], default: payments }
        port: { title: Port, type: integer, minimum: 1, default: 8080 }
  steps:
    - id: files
      name: The files
      action: fetch:template
      input:
        url: ./skeleton
        values:
          name: ${{ parameters.name }}
          owner: ${{ parameters.owner }}
          port: ${{ parameters.port }}
    - id: publish
      name: Publish it
      action: publish:github
      input:
        repoUrl: github.com?owner=billpay&repo=${{ parameters.name }}
"#;

/// The second version of it asks for one thing more.
pub fn second_version() -> String {
    TEMPLATE
        .replace(
            "        port: {",
            "        tier: { title: Tier, type: string, enum: [gold, silver], default: silver }\n        port: {",
        )
        .replace("          port: $", "          tier: ${{ parameters.tier }}\n          port: $")
}

impl Place {
    /// The first version of the template, in a folder.
    pub fn service_template(&self, folder: &str) {
        self.write(&format!("{folder}/template.yaml"), TEMPLATE);
        let lines = (1..=20).map(|line| format!("line {line}\n")).collect::<String>();
        self.write(&format!("{folder}/skeleton/README.md"), format!("# ${{{{ values.name }}}}\n\n{lines}"));
        self.write(
            &format!("{folder}/skeleton/src/${{{{ values.name }}}}.txt"),
            "port ${{ values.port }}\nowner ${{ values.owner }}\n",
        );
        self.write(&format!("{folder}/skeleton/run.sh"), "#!/bin/sh\necho ${{ values.name }}\n");
        self.make_executable(&format!("{folder}/skeleton/run.sh"));
        self.write(&format!("{folder}/skeleton/logo.png"), b"\x89PNG\x00\x01${{ values.name }}\xff");
        self.write(&format!("{folder}/skeleton/windows.txt"), "a\r\n${{ values.name }}\r\n");
        self.write(&format!("{folder}/skeleton/empty"), "");
        self.write(&format!("{folder}/skeleton/old.txt"), "to be removed\n");
    }

    /// The second version in its place: a line changed, one file gone, one new.
    pub fn second_service_template(&self, folder: &str) {
        self.write(&format!("{folder}/template.yaml"), second_version());
        let path = format!("{folder}/skeleton/README.md");
        self.write(&path, self.read(&path).replace("line 3\n", "line 3, better\n"));
        self.write(&format!("{folder}/skeleton/TIER.md"), "${{ values.tier }}\n");
        self.remove(&format!("{folder}/skeleton/old.txt"));
    }
}
