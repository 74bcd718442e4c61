//! A proxy between a program and the local AWS that counts its calls, slows them down, and
//! breaks the n-th change in the ways that networks and AWS do.
//!
//! Requests and answers pass byte for byte: signatures, host names and bodies stay as they
//! were. Every connection has a thread of its own, so that calls never wait for one another.

mod http;
mod operation;
mod stale;

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use http::Message;
use operation::{Operation, Protocol};
use stale::Stale;

/// Fault of one changing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not carried out, and the program is killed.
    KillBefore,
    /// It is carried out; before it is answered, the program is killed.
    Kill,
    /// It is carried out; the connection closes without an answer.
    LoseAnswer,
    /// It is refused for now, as each service says so, and not carried out.
    Throttle,
    /// It fails inside AWS before anything was done.
    ErrorBefore,
    /// It is carried out, and the answer says that it failed.
    ErrorAfter,
}

/// A call that went through.
#[derive(Debug, Clone)]
pub struct Call {
    /// `ec2 CreateVpc`
    pub name: String,
    pub writes: bool,
    pub begun: Instant,
    pub ended: Instant,
    pub status: u16,
}

/// All calls since the last count.
#[derive(Debug, Clone, Default)]
pub struct Calls(pub Vec<Call>);

impl Calls {
    pub fn total(&self) -> usize {
        self.0.len()
    }

    pub fn reads(&self) -> usize {
        self.0.iter().filter(|call| !call.writes).count()
    }

    pub fn writes(&self) -> usize {
        self.0.iter().filter(|call| call.writes).count()
    }

    /// Counts the calls of each operation, the most frequent first.
    pub fn by_name(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        self.0.iter().for_each(|call| *counts.entry(&call.name).or_default() += 1);
        let mut counts: Vec<(String, usize)> =
            counts.into_iter().map(|(name, count)| (name.to_string(), count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// Faults that come at random.
struct Trouble {
    random: fastrand::Rng,
    one_in: u32,
}

impl Trouble {
    fn next(&mut self) -> Option<Fault> {
        let faults = [Fault::LoseAnswer, Fault::Throttle, Fault::ErrorBefore, Fault::ErrorAfter];
        let is_hit = self.random.u32(..self.one_in) == 0;
        is_hit.then(|| faults[self.random.usize(..faults.len())])
    }
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    delay_ms: AtomicU64,
    victim: AtomicU32,
    fault: Mutex<Option<(usize, Fault)>>,
    /// Changing calls seen since the fault was set.
    changes: AtomicUsize,
    struck: AtomicBool,
    busy: AtomicUsize,
    calls: Mutex<Vec<Call>>,
    trouble: Mutex<Option<Trouble>>,
    stale: Mutex<Stale>,
    closed: AtomicBool,
}

impl Proxy {
    /// Starts on a free port of 127.0.0.1, in front of `upstream` (`http://127.0.0.1:4577`).
    pub fn before(upstream: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port that was bound");
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").trim_end_matches('/').to_string(),
            delay_ms: AtomicU64::new(0),
            victim: AtomicU32::new(0),
            fault: Mutex::new(None),
            changes: AtomicUsize::new(0),
            struck: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            calls: Mutex::new(vec![]),
            trouble: Mutex::new(None),
            stale: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if serving.closed.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(client), serving) = (client, serving.clone()) else { continue };
                thread::spawn(move || {
                    // A connection that breaks is the client's business, not the proxy's.
                    let _ = serving.serve(&client);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Proxy { url: format!("http://{address}"), shared }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every call takes this much longer.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay_ms.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    /// Breaks the n-th changing call from now on; 1 is the next one.
    pub fn break_change(&self, nth: usize, fault: Fault) {
        *self.shared.fault.lock().unwrap() = Some((nth, fault));
        self.shared.changes.store(0, Ordering::SeqCst);
        self.shared.struck.store(false, Ordering::SeqCst);
        self.shared.victim.store(0, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn break_nothing(&self) {
        *self.shared.fault.lock().unwrap() = None;
    }

    /// Breaks one in so many changing calls from now on, in ways that a run makes good by itself; the same ones for one
    /// seed, as far as calls come in one order.
    pub fn trouble(&self, seed: u64, one_in: u32) {
        *self.shared.trouble.lock().unwrap() =
            Some(Trouble { random: fastrand::Rng::with_seed(seed), one_in });
    }

    /// Has reads of EC2 and IAM show changes only after this time, where they were asked before.
    pub fn lag(&self, lag: Duration) {
        self.shared.stale.lock().unwrap().lag = lag;
    }

    /// Has what EKS and EC2 make be on its way for this time.
    pub fn transitions(&self, time: Duration) {
        self.shared.stale.lock().unwrap().transition = time;
    }

    /// Ends all faults, lags and transitions.
    pub fn calm(&self) {
        self.break_nothing();
        *self.shared.trouble.lock().unwrap() = None;
        let mut stale = self.shared.stale.lock().unwrap();
        (stale.lag, stale.transition) = (Duration::ZERO, Duration::ZERO);
    }

    /// Names the process that [`Fault::Kill`] kills.
    pub fn victim(&self, pid: u32) {
        self.shared.victim.store(pid, Ordering::SeqCst);
    }

    /// Returns true if the fault has happened.
    pub fn struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// Returns the calls that have been answered since the last count.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Returns the calls since this was last asked, once none is under way any more.
    pub fn take_calls(&self) -> Calls {
        self.wait_until_idle();
        Calls(std::mem::take(&mut *self.shared.calls.lock().unwrap()))
    }

    /// Waits until AWS has carried out what was sent, also by a program that is dead by now.
    pub fn wait_until_idle(&self) {
        let begun = Instant::now();
        while self.shared.busy.load(Ordering::SeqCst) > 0 && begun.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Shared {
    /// Serves one connection until it closes or is to be broken.
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut reader = BufReader::new(client);
        while let Some(request) = Message::read_request(&mut reader, client)? {
            self.busy.fetch_add(1, Ordering::SeqCst);
            let go_on = self.pass(&request, client);
            self.busy.fetch_sub(1, Ordering::SeqCst);
            if !go_on? {
                break;
            }
        }
        Ok(())
    }

    /// Passes one call on; says whether the connection may go on.
    fn pass(&self, request: &Message, mut client: &TcpStream) -> io::Result<bool> {
        let begun = Instant::now();
        let operation = Operation::of(request);
        let fault = if operation.writes { self.strike() } else { None };
        thread::sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst)));
        if fault == Some(Fault::KillBefore) {
            self.kill();
            return Ok(false);
        }
        let answer = match fault {
            Some(Fault::Throttle) => Some(operation.protocol.throttled()),
            Some(Fault::ErrorBefore) => Some(operation.protocol.failed()),
            _ => None,
        };
        let answer = match answer {
            Some(answer) => answer,
            None => {
                let answer = self.forward(request)?;
                self.note(&operation, begun, answer.status());
                self.stale.lock().unwrap().seen(&operation, request, answer)
            }
        };
        match fault {
            Some(Fault::Kill) => {
                self.kill();
                return Ok(false);
            }
            Some(Fault::LoseAnswer) => return Ok(false),
            Some(Fault::ErrorAfter) => client.write_all(&operation.protocol.failed())?,
            _ => client.write_all(&answer)?,
        }
        Ok(true)
    }

    /// Returns the fault of this changing call.
    fn strike(&self) -> Option<Fault> {
        let this = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((nth, fault)) = *self.fault.lock().unwrap()
            && this == nth
        {
            self.struck.store(true, Ordering::SeqCst);
            return Some(fault);
        }
        self.trouble.lock().unwrap().as_mut().and_then(Trouble::next)
    }

    fn forward(&self, request: &Message) -> io::Result<Message> {
        let mut upstream = TcpStream::connect(&self.upstream)?;
        upstream.set_nodelay(true)?;
        upstream.write_all(&request.bytes)?;
        Message::read_answer(&mut BufReader::new(&upstream), request.method() == "HEAD")
    }

    fn note(&self, operation: &Operation, begun: Instant, status: u16) {
        let call = Call {
            name: operation.name.clone(),
            writes: operation.writes,
            begun,
            ended: Instant::now(),
            status,
        };
        self.calls.lock().unwrap().push(call);
    }

    /// Kills the program at once; it may have called before its process was named.
    fn kill(&self) {
        let begun = Instant::now();
        loop {
            let pid = self.victim.load(Ordering::SeqCst) as i32;
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a process to kill");
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "nobody said which process to kill");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Protocol {
    /// Returns the service's answer to too many calls.
    fn throttled(self) -> Vec<u8> {
        match self {
            Protocol::Ec2 => self.error(503, "RequestLimitExceeded", "Request limit exceeded."),
            Protocol::S3 => self.error(503, "SlowDown", "Please reduce your request rate."),
            Protocol::Query | Protocol::RestXml => self.error(400, "Throttling", "Rate exceeded"),
            Protocol::Json => self.error(400, "ThrottlingException", "Rate exceeded"),
            Protocol::RestJson => self.error(429, "TooManyRequestsException", "Too Many Requests"),
        }
    }

    /// Returns the service's answer when something broke inside of it.
    fn failed(self) -> Vec<u8> {
        let code = match self {
            Protocol::Ec2 | Protocol::S3 | Protocol::RestXml => "InternalError",
            Protocol::Query => "ServiceFailure",
            Protocol::Json | Protocol::RestJson => "ServerException",
        };
        self.error(500, code, "An internal error has occurred.")
    }

    fn error(self, status: u16, code: &str, message: &str) -> Vec<u8> {
        let (kind, body) = match self {
            Protocol::Ec2 => (
                "text/xml",
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>\
                     </Errors><RequestID>proxy</RequestID></Response>"
                ),
            ),
            Protocol::Query | Protocol::RestXml => (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code>\
                     <Message>{message}</Message></Error><RequestId>proxy</RequestId></ErrorResponse>"
                ),
            ),
            Protocol::S3 => {
                ("application/xml", format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
            }
            Protocol::Json | Protocol::RestJson => {
                ("application/x-amz-json-1.1", format!(r#"{{"__type":"{code}","message":"{message}"}}"#))
            }
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Error\r\ncontent-type: {kind}\r\nx-amzn-errortype: {code}\r\n\
             x-amzn-requestid: proxy\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
