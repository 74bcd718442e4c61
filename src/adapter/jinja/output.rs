//! Output that has an end.

use std::io::{self, Write};

/// Takes what is rendered, up to so many bytes.
pub struct Limited {
    text: Vec<u8>,
    most: usize,
}

impl Limited {
    pub fn new(most: usize) -> Limited {
        Limited { text: vec![], most }
    }

    pub fn into_text(self) -> String {
        // The engine writes whole strings.
        String::from_utf8(self.text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            let told = format!("the output is longer than {} MB", self.most >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
