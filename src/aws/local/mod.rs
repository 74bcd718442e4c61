//! A local AWS: ministack, in a private Python environment, on 127.0.0.1 only.
//!
//! This is the embedded default for people who have no AWS account at hand. Whoever uses
//! it gets an address and a key; nothing else in the program knows that it is local.
//!
//! It answers only its own user, and runs no code: docs/decisions/0010-local-aws.md.

mod install;
mod private;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use billpay_host::python;
use billpay_model::connect::ConnectError;
use billpay_model::event::Observer;
use billpay_model::local::{LocalAccess, LocalStatus};
use etcetera::BaseStrategy;
use private::Secret;
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// Port of the local AWS unless `BILLPAY_LOCAL_PORT` says another.
const PORT: u16 = 4577;
/// Time for the server to answer after its start; it takes under a second here.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are read of an answer to whether it is up; the server's own has a fraction of that.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Reasons for which the local AWS does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Python(#[from] python::Error),
    #[error("port {port} is taken by another program")]
    PortTaken { port: u16 },
    #[error("it runs already, on port {port} and not on {asked}")]
    OtherPort { port: u16, asked: u16 },
    #[error("it did not start; the last lines of {log}:\n{tail}")]
    NotStarted { log: String, tail: String },
    #[error("BILLPAY_LOCAL_PORT is `{0}`, which is not a port")]
    NotAPort(String),
    #[error("the user's home directory is not known")]
    NoHome,
    #[error("the directory of its state, {path}, is open to other users")]
    Open { path: String },
    #[error("{path} is a link, or not a file of yours alone")]
    Strange { path: String },
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

impl Error {
    /// Advice on what to do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Python(error) => return error.hints(),
            Error::PortTaken { .. } => "stop that program, or choose another port in BILLPAY_LOCAL_PORT",
            Error::OtherPort { port, .. } => {
                return vec![format!(
                    "`billpay local down` first, or BILLPAY_LOCAL_PORT={port}; a second one needs a BILLPAY_LOCAL_STATE of its own"
                )];
            }
            Error::NotStarted { .. } => {
                "do what it says; only if all else fails, `billpay local reset` starts over, and forgets everything that was made in it"
            }
            Error::NotAPort(_) => "use a number from 1 to 65535",
            Error::NoHome => "set HOME",
            Error::Open { .. } => {
                "if everything in it is yours, close it with chmod 700; else name another in BILLPAY_LOCAL_STATE"
            }
            Error::Strange { .. } => "look who put it there, and remove it",
            Error::File { .. } => return vec![],
        };
        vec![hint.to_string()]
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> ConnectError {
        ConnectError { message: error.to_string(), hints: error.hints() }
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
    ///
    /// # Errors
    /// Fails if the user has no home directory, or `BILLPAY_LOCAL_PORT` is no port.
    pub fn of_this_user() -> Result<LocalAws, Error> {
        let base = etcetera::choose_base_strategy().map_err(|_| Error::NoHome)?;
        let port = match std::env::var("BILLPAY_LOCAL_PORT") {
            Ok(text) => text.parse().ok().filter(|port| *port > 0).ok_or(Error::NotAPort(text))?,
            Err(_) => PORT,
        };
        let state = match std::env::var_os("BILLPAY_LOCAL_STATE") {
            // The server has another working directory.
            Some(path) => std::path::absolute(path).map_err(at(Path::new("BILLPAY_LOCAL_STATE")))?,
            None => base.state_dir().unwrap_or_else(|| base.data_dir()).join("billpay/local"),
        };
        Ok(LocalAws { cache: base.cache_dir().join("billpay/local"), state, port })
    }

    /// Returns the directory of facts about runs on it, which are forgotten with it.
    pub fn runs_directory(&self) -> PathBuf {
        self.state.join("runs")
    }

    fn url(&self) -> String {
        url(self.port)
    }

    /// Makes sure that it runs and returns its address.
    ///
    /// # Errors
    /// Fails if the server can't be installed or started, something else answers on the port, or the state is
    /// another user's or has a server on another port.
    pub async fn up(&self, observer: &dyn Observer) -> Result<String, Error> {
        let _lock = self.lock()?;
        let secret = Secret::of(&self.state)?;
        let launcher = install::launcher(&self.cache)?;
        if let Some(server) = self.server_on_the_port()? {
            if server.launcher == launcher && is_ready(self.port, &secret).await {
                observer.note(format!("using the local AWS at {} (not a real account)", self.url()));
                return Ok(self.url());
            }
            self.stop(&server).await;
        }
        if self.is_taken().await {
            return Err(Error::PortTaken { port: self.port });
        }
        let python = install::python(&self.cache, &|what| observer.note(what))?;
        self.start(&python, launcher, &secret).await?;
        observer.note(format!(
            "started the local AWS at {} (not a real account; `billpay local down` stops it)",
            self.url()
        ));
        Ok(self.url())
    }

    /// Returns the address and the keys of an account.
    ///
    /// # Errors
    /// Fails if something else is on the port, which would be given the key, or the state is another user's or
    /// has a server on another port.
    pub async fn access(&self, account: &str) -> Result<LocalAccess, Error> {
        let _lock = self.lock()?;
        let secret = Secret::of(&self.state)?;
        self.server_on_the_port()?;
        let running = is_ready(self.port, &secret).await;
        if !running && self.is_taken().await {
            return Err(Error::PortTaken { port: self.port });
        }
        let access_key = secret.access_key(account);
        // The secret is in the access key; this one is not looked at.
        Ok(LocalAccess { url: self.url(), access_key, secret_key: "local".to_string(), running })
    }

    /// Stops it; its state is kept. Says whether it ran.
    ///
    /// # Errors
    /// Fails if the state's directory or lock can't be used.
    pub async fn down(&self) -> Result<bool, Error> {
        let _lock = self.lock()?;
        let Some(server) = self.server() else { return Ok(false) };
        let ran = is_alive(&server);
        self.stop(&server).await;
        Ok(ran)
    }

    /// Forgets everything that was made in it, and the secret: keys of before no longer count.
    ///
    /// # Errors
    /// Fails if the state can't be locked or deleted.
    pub async fn reset(&self) -> Result<(), Error> {
        self.down().await?;
        let _lock = self.lock()?;
        for folder in [self.state.join("services"), self.state.join("objects"), self.runs_directory()] {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&folder)(error)),
                _ => {}
            }
        }
        let secret = Secret::path(&self.state);
        match fs::remove_file(&secret) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&secret)(error)),
            _ => Ok(()),
        }
    }

    pub async fn status(&self) -> LocalStatus {
        let server = self.server().filter(is_alive);
        let running = match (&server, Secret::read(&self.state)) {
            (Some(server), Some(secret)) => is_ready(server.port, &secret).await,
            _ => false,
        };
        LocalStatus {
            running,
            port_taken: !running && server.is_none() && self.is_taken().await,
            url: url(server.as_ref().map_or(self.port, |server| server.port)),
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
        let path = self.state.join("lock");
        private::directory(&self.state, path.exists())?;
        let file = private::open(&path, OpenOptions::new().create(true).truncate(false).write(true))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|error| at(&path)(error.into()))?;
        Ok(file)
    }

    fn server(&self) -> Option<Server> {
        serde_json::from_str(&private::read(&self.state, "server.json")?).ok()
    }

    /// Returns the server that was started.
    ///
    /// # Errors
    /// Fails if it runs on another port, since a state has one server.
    fn server_on_the_port(&self) -> Result<Option<Server>, Error> {
        match self.server() {
            Some(Server { port, .. }) if port == self.port => Ok(self.server()),
            Some(server) if is_alive(&server) => {
                Err(Error::OtherPort { port: server.port, asked: self.port })
            }
            _ => Ok(None),
        }
    }

    async fn start(&self, python: &Path, launcher: PathBuf, secret: &Secret) -> Result<(), Error> {
        let log = self.log();
        let output = private::file(&log)?;
        let errors = output.try_clone().map_err(at(&log))?;
        let temporary = self.state.join("tmp");
        private::directory(&temporary, true)?;
        let mut child = Command::new(python)
            .args(["-I", "-X", "utf8"])
            .arg(&launcher)
            // Nothing of the user's: neither tokens nor what Python and ministack would be told.
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("TMPDIR", temporary)
            .env("GATEWAY_PORT", self.port.to_string())
            .env("STATE_DIR", self.state.join("services"))
            .env("S3_DATA_DIR", self.state.join("objects"))
            .env("BILLPAY_LOCAL_SECRET", Secret::path(&self.state))
            .current_dir(&self.state)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C is for the program, not for the server.
            .process_group(0)
            .spawn()
            .map_err(at(python))?;
        let server = Server { pid: child.id() as i32, port: self.port, launcher };
        let record = self.state.join("server.json");
        let text = serde_json::to_vec(&server).unwrap_or_default();
        private::file(&record)?.write_all(&text).map_err(at(&record))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if is_ready(self.port, secret).await {
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

    /// Tells if anything listens on the port.
    async fn is_taken(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Tells if this user's server answers on a port: nobody else knows the secret.
async fn is_ready(port: u16, secret: &Secret) -> bool {
    let Ok(nonce) = private::random() else { return false };
    let request = format!("GET /_billpay/ready?nonce={nonce} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some(head.split(' ').nth(1) == Some("200") && body == secret.proof(port, &nonce))
    };
    matches!(timeout(Duration::from_secs(2), ask).await, Ok(Some(true)))
}

/// Returns whether the process is there and is the server: process numbers are used again.
fn is_alive(server: &Server) -> bool {
    let Some(pid) = Pid::from_raw(server.pid) else { return false };
    if test_kill_process(pid).is_err() {
        return false;
    }
    match fs::read(format!("/proc/{}/cmdline", server.pid)) {
        // A process that has ended and was not waited for has an empty command line.
        Ok(line) => {
            let launcher = server.launcher.as_os_str().as_bytes();
            !launcher.is_empty() && line.split(|byte| *byte == 0).any(|argument| argument == launcher)
        }
        Err(_) => !Path::new("/proc/self").exists(),
    }
}
