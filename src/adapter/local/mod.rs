//! A local AWS: ministack, in a private Python environment, on 127.0.0.1 only.
//!
//! This is the embedded default for people who have no AWS account at hand. Whoever uses
//! it gets an address; nothing else in the program knows that it is local.

mod install;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use etcetera::BaseStrategy;
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::adapter::python;

/// Port of the local AWS unless `BILLPAY_LOCAL_PORT` says another.
const PORT: u16 = 4577;
/// How long the server may take to answer after its start; it takes under a second here.
const PATIENCE: Duration = Duration::from_secs(60);

/// What keeps the local AWS from running.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Python(#[from] python::Error),
    #[error("port {port} is taken by another program")]
    PortTaken { port: u16 },
    #[error("it did not start; the last lines of {log}:\n{tail}")]
    NotStarted { log: String, tail: String },
    #[error("BILLPAY_LOCAL_PORT is `{0}`, which is not a port")]
    NotAPort(String),
    #[error("the user's home directory is not known")]
    NoHome,
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

impl Error {
    /// What to do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Python(error) => return error.hints(),
            Error::PortTaken { .. } => "stop that program, or choose another port in BILLPAY_LOCAL_PORT",
            Error::NotStarted { .. } => {
                "`billpay local reset` forgets its state, if that is what it trips over"
            }
            Error::NotAPort(_) => "use a number from 1 to 65535",
            Error::NoHome => "set HOME",
            Error::File { .. } => return vec![],
        };
        vec![hint.to_string()]
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |error| Error::File { path: path.display().to_string(), error }
}

/// A server that was started, as it is remembered between runs of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Server {
    pid: i32,
    port: u16,
    /// The launcher that it runs; another version of the program brings another.
    launcher: PathBuf,
}

/// How the local AWS is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalStatus {
    pub running: bool,
    pub url: String,
    pub pid: Option<i32>,
    /// Where it keeps its state.
    pub state: PathBuf,
    pub log: PathBuf,
}

/// The local AWS of one user: where it is installed, where its state is.
#[derive(Debug, Clone)]
pub struct LocalAws {
    cache: PathBuf,
    state: PathBuf,
    port: u16,
}

impl LocalAws {
    /// The local AWS of the user who runs the program. `BILLPAY_LOCAL_PORT` and
    /// `BILLPAY_LOCAL_STATE` allow several beside one another.
    pub fn of_this_user() -> Result<LocalAws, Error> {
        let base = etcetera::choose_base_strategy().map_err(|_| Error::NoHome)?;
        let port = match std::env::var("BILLPAY_LOCAL_PORT") {
            Ok(text) => text.parse().ok().filter(|port| *port > 0).ok_or(Error::NotAPort(text))?,
            Err(_) => PORT,
        };
        let state = match std::env::var_os("BILLPAY_LOCAL_STATE") {
            Some(path) => PathBuf::from(path),
            None => base.state_dir().unwrap_or_else(|| base.data_dir()).join("billpay/local"),
        };
        Ok(LocalAws { cache: base.cache_dir().join("billpay/local"), state, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes sure that it runs and returns its address; `say` is told what takes a moment.
    pub async fn up(&self, say: &(dyn Fn(&str) + Sync)) -> Result<String, Error> {
        let _lock = self.lock()?;
        let launcher = install::launcher(&self.cache)?;
        if let Some(server) = self.server().filter(|server| server.port == self.port) {
            if server.launcher == launcher && self.is_ready().await {
                say(&format!("using the local AWS at {} (not a real account)", self.url()));
                return Ok(self.url());
            }
            self.stop(&server).await;
        }
        if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
            return Err(Error::PortTaken { port: self.port });
        }
        let python = install::python(&self.cache, say)?;
        self.start(&python, launcher).await?;
        say(&format!(
            "started the local AWS at {} (not a real account; `billpay local down` stops it)",
            self.url()
        ));
        Ok(self.url())
    }

    /// Stops it; its state is kept. Says whether it ran.
    pub async fn down(&self) -> Result<bool, Error> {
        let _lock = self.lock()?;
        let Some(server) = self.server() else { return Ok(false) };
        let ran = is_alive(&server);
        self.stop(&server).await;
        Ok(ran)
    }

    /// Forgets everything that was made in it.
    pub async fn reset(&self) -> Result<(), Error> {
        self.down().await?;
        let _lock = self.lock()?;
        for folder in [self.state.join("services"), self.state.join("objects")] {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&folder)(error)),
                _ => {}
            }
        }
        Ok(())
    }

    pub async fn status(&self) -> LocalStatus {
        let server = self.server().filter(is_alive);
        LocalStatus {
            running: server.is_some() && self.is_ready().await,
            url: self.url(),
            pid: server.map(|server| server.pid),
            state: self.state.clone(),
            log: self.log(),
        }
    }

    fn log(&self) -> PathBuf {
        self.state.join("server.log")
    }

    /// Two runs of the program must not start two servers: whoever comes second waits.
    fn lock(&self) -> Result<File, Error> {
        fs::create_dir_all(&self.state).map_err(at(&self.state))?;
        let path = self.state.join("lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|error| at(&path)(error.into()))?;
        Ok(file)
    }

    fn server(&self) -> Option<Server> {
        serde_json::from_slice(&fs::read(self.state.join("server.json")).ok()?).ok()
    }

    async fn start(&self, python: &Path, launcher: PathBuf) -> Result<(), Error> {
        let log = self.log();
        let output = File::create(&log).map_err(at(&log))?;
        let errors = output.try_clone().map_err(at(&log))?;
        let mut child = Command::new(python)
            .arg(&launcher)
            .env("GATEWAY_PORT", self.port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("PERSIST_STATE", "1")
            .env("S3_PERSIST", "1")
            .env("STATE_DIR", self.state.join("services"))
            .env("S3_DATA_DIR", self.state.join("objects"))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C is for the program, not for the server.
            .process_group(0)
            .spawn()
            .map_err(at(python))?;
        let server = Server { pid: child.id() as i32, port: self.port, launcher };
        let record = self.state.join("server.json");
        fs::write(&record, serde_json::to_vec(&server).unwrap_or_default()).map_err(at(&record))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.is_ready().await {
                return Ok(());
            }
            if child.try_wait().map_err(at(python))?.is_some() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(10)..].join("\n");
        Err(Error::NotStarted { log: log.display().to_string(), tail })
    }

    async fn stop(&self, server: &Server) {
        let pid = Pid::from_raw(server.pid).filter(|_| is_alive(server));
        for signal in [Signal::TERM, Signal::KILL] {
            let Some(pid) = pid else { break };
            // An error means that it is gone, which is what was asked for.
            let _ = kill_process(pid, signal);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) && is_alive(server) {
                sleep(Duration::from_millis(50)).await;
            }
        }
        let _ = fs::remove_file(self.state.join("server.json"));
    }

    async fn is_ready(&self) -> bool {
        let ask = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
            stream.write_all(b"GET /_ministack/ready HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").await.ok()?;
            let mut answer = [0; 16];
            stream.read_exact(&mut answer[..12]).await.ok()?;
            Some(answer[8..12] == *b" 200")
        };
        matches!(timeout(Duration::from_secs(2), ask).await, Ok(Some(true)))
    }
}

/// Whether the process is there and is the server: process numbers are used again.
fn is_alive(server: &Server) -> bool {
    let Some(pid) = Pid::from_raw(server.pid) else { return false };
    if test_kill_process(pid).is_err() {
        return false;
    }
    match fs::read(format!("/proc/{}/cmdline", server.pid)) {
        // A process that has ended and was not waited for has an empty command line.
        Ok(line) => String::from_utf8_lossy(&line).contains(&*server.launcher.to_string_lossy()),
        Err(_) => !Path::new("/proc/self").exists(),
    }
}
