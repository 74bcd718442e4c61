//! Reading of files and other input up to a size.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a regular file; pipes, which may block for ever, and devices are refused.
///
/// # Errors
/// Fails if the file can't be opened, or is neither a regular file nor a directory.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    let kind = file.metadata()?.file_type();
    // To read a directory fails by itself.
    if kind.is_file() || kind.is_dir() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// Reads a regular text file of at most `limit` bytes.
///
/// # Errors
/// Fails if the file can't be opened or read, is no regular file, is larger than `limit`, or isn't UTF-8.
pub fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    read_input(open(path)?, limit)
}

/// Reads text of at most `limit` bytes.
///
/// # Errors
/// Fails if the input can't be read, is larger than `limit`, or isn't UTF-8.
pub fn read_input(input: impl Read, limit: usize) -> io::Result<String> {
    let bytes = read_bytes(input, limit)?;
    if bytes.len() > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {}", limit_message(limit)),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8: byte {at} is no part of a text"))
    })
}

/// Reads at most one byte more than a limit, so that the caller can detect an excess.
///
/// # Errors
/// Fails if the input can't be read.
pub fn read_bytes(input: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn limit_message(limit: usize) -> String {
    match limit >> 20 {
        0 => format!("{} KiB", limit >> 10),
        megabytes => format!("{megabytes} MB"),
    }
}
