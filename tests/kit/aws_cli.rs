//! The AWS CLI, loaded once for all commands of a test binary (see `aws_cli.py`).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::install;

/// Output of a command of the CLI.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs a command of the CLI in an environment of its own.
pub fn run(args: &[&str], env: &BTreeMap<String, String>) -> Answer {
    static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
    SERVER.ask(args, env)
}

struct Server {
    socket: PathBuf,
    _folder: TempDir,
    /// Ends when its standard input is closed, so also when this process ends.
    _process: Child,
}

impl Server {
    fn start() -> Server {
        let folder = TempDir::new().expect("a folder for the socket");
        let socket = folder.path().join("aws");
        let mut process = Command::new(install::aws_cli().with_file_name("python"));
        process.args(["-c", include_str!("aws_cli.py")]).arg(&socket);
        process.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = process.spawn().expect("the AWS CLI can be run");
        let mut said = String::new();
        let output = process.stdout.as_mut().expect("its output");
        BufReader::new(output).read_line(&mut said).expect("its first line");
        assert_eq!(said, "ready\n", "the AWS CLI did not start; it said why above");
        Server { socket, _folder: folder, _process: process }
    }

    fn ask(&self, args: &[&str], env: &BTreeMap<String, String>) -> Answer {
        let mut stream = UnixStream::connect(&self.socket).expect("the AWS CLI is running");
        stream
            .write_all(json!({"args": args, "env": env}).to_string().as_bytes())
            .expect("a command is sent");
        stream.shutdown(Shutdown::Write).expect("the command is whole");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("aws {}: {error}: {text}", args.join(" ")))
    }
}
