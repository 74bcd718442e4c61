//! Chromium, which is told a line at a time what to look at (`browser.cjs`).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use billpay_testkit::debian::debian;

pub struct Browser {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Its profile and whatever it leaves behind.
    _temporary: TempDir,
}

impl Browser {
    /// With playwright-core of a `node_modules` folder.
    pub fn start(modules: &Path) -> Browser {
        let temporary = TempDir::new().expect("a folder for the profile");
        let mut child = Command::new("node")
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/frontend/browser.cjs"))
            .arg(modules)
            .arg(debian("chromium"))
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Browser { child, input, output, _temporary: temporary }
    }

    /// Does something, and returns what is then seen: `heading`, `title`, `url`, `focus`, `complaints`.
    #[track_caller]
    pub fn does(&mut self, what: &str, with: &str) -> Value {
        let input = self.input.as_mut().expect("its input");
        writeln!(input, "{}", json!([what, with])).expect("the browser listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the browser answers");
        let seen: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{what} {with}: `{line}`: {error}"));
        assert_eq!(seen["error"], Value::Null, "{what} {with}: {seen:#}");
        seen
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It closes Chromium at the end of its input.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
