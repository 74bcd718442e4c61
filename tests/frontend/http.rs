//! A small web server: a thread for each connection, and one answer on each, as browsers open many
//! at once and keep them for later.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

pub struct Request {
    pub method: String,
    /// Without what follows a question mark.
    pub path: String,
    pub origin: Option<String>,
    pub body: String,
}

#[derive(Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// An address of this machine where nobody answers yet.
pub struct Origin {
    pub url: String,
    listener: TcpListener,
}

/// Answers until it is dropped.
pub struct Server {
    port: u16,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    pub fn new() -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        Origin { url: format!("http://localhost:{port}"), listener }
    }

    pub fn serve(self, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let port = self.listener.local_addr().expect("its number").port();
        let (ended, answer) = (Arc::new(AtomicBool::new(false)), Arc::new(answer));
        let until = ended.clone();
        let thread = std::thread::spawn(move || {
            for stream in self.listener.incoming().flatten() {
                if until.load(Ordering::SeqCst) {
                    return;
                }
                let answer = answer.clone();
                // A browser that goes away in between is none of our business.
                std::thread::spawn(move || drop(exchange(stream, answer.as_ref())));
            }
        });
        Server { port, ended, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn exchange(stream: TcpStream, answer: impl Fn(&Request) -> Answer) -> std::io::Result<()> {
    let mut from = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    from.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_string);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
    let (mut origin, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "origin" => origin = Some(value.to_string()),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    let path = target.split('?').next().unwrap_or_default().to_string();
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = answer(&Request { method, path, origin, body });
    let mut head = format!("HTTP/1.1 {} -\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    let mut to = stream;
    to.write_all(head.as_bytes())?;
    to.write_all(&answer.body)
}
