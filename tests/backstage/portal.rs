//! The portal's scaffolder as a program that is asked a line at a time.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use billpay_testkit::npm;

pub struct Portal {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Dry runs leave their folders behind; they go with this one.
    _temporary: TempDir,
}

impl Portal {
    pub fn start() -> Portal {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backstage/portal.cjs");
        let temporary = TempDir::new().expect("a folder for its dry runs");
        let mut child = Command::new("node")
            .env("TMPDIR", temporary.path())
            .arg(program)
            .arg(npm::backstage())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut portal = Portal { child, input, output, _temporary: temporary };
        assert_eq!(portal.hear()["ready"], true);
        portal
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.input, "{request}").expect("the portal listens");
        self.hear()
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the portal answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the portal said `{line}`: {error}"))
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
