//! Emulated AWS, one server for a whole test binary; each test has an account of its own in it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{install, program};

pub struct Emulator {
    pub name: &'static str,
    pub url: String,
    /// Stops the server as soon as its standard input is closed: when this is dropped, and
    /// also when this process ends in whatever way.
    guard: Child,
    state: TempDir,
}

/// The secret that ministack's access keys carry, once it has been started.
static SECRET: OnceLock<String> = OnceLock::new();

/// An access key of an account: its number, which is all that moto takes, and what ministack's launcher checks.
pub fn access_key(account: &str) -> String {
    format!("{account}{}", SECRET.get().map(String::as_str).unwrap_or_default())
}

/// Runs `$START` (which prints nothing and returns when the server is up, or goes on in the
/// background), waits until nobody holds the other end of its input, and runs `$STOP`.
const GUARD: &str = r#"eval "$START" || exit 1; echo started; cat >/dev/null; eval "$STOP""#;

impl Emulator {
    /// ministack with our additions, as `billpay local up` starts it.
    pub fn ministack() -> &'static Emulator {
        static SHARED: LazyLock<Emulator> = LazyLock::new(|| {
            // The first start installs it; two at once would do it twice.
            let _lock = install::lock("ministack");
            let state = TempDir::new().expect("a folder for its state");
            let port = free_port();
            let mut guard = Command::new("sh");
            guard
                .env("BILLPAY", program())
                .env("BILLPAY_LOCAL_PORT", port.to_string())
                .env("BILLPAY_LOCAL_STATE", state.path())
                .env("START", r#""$BILLPAY" local up >/dev/null"#)
                .env("STOP", r#""$BILLPAY" local down 2>/dev/null; rm -rf "$BILLPAY_LOCAL_STATE""#);
            let folder = state.path().to_path_buf();
            let emulator = Emulator::start("ministack", port, guard, state, None);
            let mut env = Command::new(program());
            env.args(["local", "env", "--account", "000000000000", "--output", "json"]);
            env.env("BILLPAY_LOCAL_PORT", port.to_string()).env("BILLPAY_LOCAL_STATE", folder);
            let output = env.output().expect("billpay can be run").stdout;
            let env: Value = serde_json::from_slice(&output).expect("the variables of the local AWS");
            let key = env["env"]["AWS_ACCESS_KEY_ID"].as_str().expect("an access key");
            SECRET.set(key[12..].to_string()).expect("it is started once");
            emulator
        });
        &SHARED
    }

    /// moto, the second opinion.
    pub fn moto() -> &'static Emulator {
        static SHARED: LazyLock<Emulator> = LazyLock::new(|| {
            let state = TempDir::new().expect("a folder for its log");
            let port = free_port();
            let mut guard = Command::new("sh");
            guard
                .env("MOTO", install::moto_server())
                .env("LOG", state.path().join("log"))
                .env("MOTO_PORT", port.to_string())
                .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
                .env("START", r#"{ "$MOTO" -H 127.0.0.1 -p "$MOTO_PORT" </dev/null >"$LOG" 2>&1 & pid=$!; }"#)
                .env("STOP", r#"kill "$pid"; rm -rf "${LOG%/log}""#);
            Emulator::start("moto", port, guard, state, Some("/moto-api/"))
        });
        &SHARED
    }

    /// Starts a server; `ready` is what answers when it is up, unless it is then.
    fn start(
        name: &'static str,
        port: u16,
        mut guard: Command,
        state: TempDir,
        ready: Option<&str>,
    ) -> Emulator {
        // A group of its own: Ctrl-C on the test run ends the tests, and that ends the server.
        guard.args(["-c", GUARD]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = guard.spawn().expect("sh can be run");
        let mut said = [0; 8];
        let started = guard.stdout.as_mut().map(|out| out.read_exact(&mut said));
        assert!(matches!(started, Some(Ok(()))), "{name} did not start; it said why above");
        let begun = Instant::now();
        while ready.is_some_and(|path| !answers(port, path)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{name} does not answer on port {port}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Emulator { name, url: format!("http://127.0.0.1:{port}"), guard, state }
    }

    /// Directory of its state and its log.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The number of an account that nobody has used yet.
    pub fn fresh_account(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(200_000_000_001);
        NEXT.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn answers(port: u16, path: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).ok()?;
        Some(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}
