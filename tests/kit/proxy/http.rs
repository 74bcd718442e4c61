//! One HTTP/1.1 message, whole and unchanged.

use std::io::{self, BufRead, Read, Write};

/// A request or an answer with its body, byte for byte as it came.
pub struct Message {
    pub bytes: Vec<u8>,
    /// Offset of the body.
    body: usize,
}

impl Message {
    /// The next request of a connection; none when it was closed.
    pub fn read_request(reader: &mut impl BufRead, mut client: impl Write) -> io::Result<Option<Message>> {
        let head = read_head(reader)?;
        if head.is_empty() {
            return Ok(None);
        }
        let mut message = Message { body: head.len(), bytes: head };
        if message.header("expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        message.read_body(reader, false)?;
        Ok(Some(message))
    }

    /// The answer to a request, without the interim ones before it.
    pub fn read_answer(reader: &mut impl BufRead, to_head: bool) -> io::Result<Message> {
        loop {
            let head = read_head(reader)?;
            if head.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed without an answer"));
            }
            let mut message = Message { body: head.len(), bytes: head };
            match message.status() {
                100..200 => continue,
                204 | 304 => {}
                _ if to_head => {}
                _ => message.read_body(reader, true)?,
            }
            return Ok(message);
        }
    }

    fn read_body(&mut self, reader: &mut impl BufRead, until_closed: bool) -> io::Result<()> {
        if self.header("transfer-encoding").is_some() {
            return self.read_chunks(reader);
        }
        match self.header("content-length").and_then(|length| length.parse::<u64>().ok()) {
            Some(length) => {
                let read = reader.take(length).read_to_end(&mut self.bytes)?;
                if read as u64 != length {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed inside a body"));
                }
            }
            None if until_closed => drop(reader.read_to_end(&mut self.bytes)?),
            None => {}
        }
        Ok(())
    }

    fn read_chunks(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        loop {
            let begin = self.bytes.len();
            reader.read_until(b'\n', &mut self.bytes)?;
            let line = String::from_utf8_lossy(&self.bytes[begin..]);
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            reader.take(size + 2).read_to_end(&mut self.bytes)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn head(&self) -> impl Iterator<Item = &str> {
        std::str::from_utf8(&self.bytes[..self.body]).unwrap_or_default().lines()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    fn word(&self, index: usize) -> &str {
        self.head().next().unwrap_or_default().split(' ').nth(index).unwrap_or_default()
    }

    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        self.word(1)
    }

    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    /// Returns the message with another body.
    pub fn with_body(&self, body: Vec<u8>) -> Vec<u8> {
        let is_length = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default();
            name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
        };
        let mut bytes = vec![];
        for line in self.head().filter(|line| !line.is_empty() && !is_length(line)) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend(body);
        bytes
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }
}

/// Everything up to and with the empty line; nothing when the connection was closed.
fn read_head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = vec![];
    loop {
        let begin = head.len();
        let read = reader.read_until(b'\n', &mut head)?;
        match &head[begin..] {
            b"\r\n" if begin > 0 => return Ok(head),
            _ if read == 0 && head.is_empty() => return Ok(head),
            _ if read == 0 => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed inside a head"));
            }
            _ => {}
        }
    }
}
