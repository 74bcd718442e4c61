//! Keeps the files of the local AWS, and the secret that its keys carry, to their owner.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use billpay_model::hex::hex;
use hmac::{Hmac, KeyInit, Mac};
use rustix::fs::OFlags;
use rustix::process::geteuid;
use sha2::Sha256;

use super::{Error, at};

/// Bits of a mode that let the group or others in.
const OPEN: u32 = 0o077;
/// Bits of a mode that let them put something there.
const WRITABLE: u32 = 0o022;
/// Characters of a secret: 256 bits in hexadecimal.
const SECRET_LENGTH: usize = 64;
/// Bytes that are read of a file.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Makes a directory that only the user can enter, and everything above it.
///
/// One that others can only look into is closed if it is known to be ours or nothing is in it. One that they can write
/// is refused: what is in it may be theirs.
pub fn directory(path: &Path, is_ours: bool) -> Result<(), Error> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(at(above))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(at(path)(error)),
        _ => {}
    }
    let facts = fs::metadata(path).map_err(at(path))?;
    let open = || Error::Open { path: path.display().to_string() };
    let link = fs::symlink_metadata(path).map_err(at(path))?;
    if [&facts, &link].iter().any(|facts| facts.uid() != geteuid().as_raw()) || !facts.is_dir() {
        return Err(open());
    }
    if facts.mode() & OPEN == 0 {
        return Ok(());
    }
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if facts.mode() & WRITABLE != 0 || (!is_ours && !is_empty()) {
        return Err(open());
    }
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(at(path))
}

/// Opens a file to be written anew that only the user can read, whatever it was before.
pub fn file(path: &Path) -> Result<fs::File, Error> {
    let file = open(path, OpenOptions::new().create(true).write(true))?;
    file.set_permissions(Permissions::from_mode(0o600)).and_then(|()| file.set_len(0)).map_err(at(path))?;
    Ok(file)
}

/// Opens a regular file of the user's own, and follows no link.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<fs::File, Error> {
    let strange = || Error::Strange { path: path.display().to_string() };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match options.mode(0o600).custom_flags(flags.bits() as i32).open(path) {
        Ok(file) => file,
        // The error for a link has other names on other systems.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|facts| !facts.is_file()) => return Err(strange()),
        Err(error) => return Err(at(path)(error)),
    };
    let facts = file.metadata().map_err(at(path))?;
    let is_ours = facts.is_file() && facts.nlink() == 1 && facts.uid() == geteuid().as_raw();
    if is_ours { Ok(file) } else { Err(strange()) }
}

/// Reads a small file of ours in the state directory; none if it isn't there, or others can write the directory.
pub fn read(state: &Path, name: &str) -> Option<String> {
    let facts = fs::metadata(state).ok()?;
    if facts.uid() != geteuid().as_raw() || facts.mode() & WRITABLE != 0 {
        return None;
    }
    let mut text = String::new();
    let file = open(&state.join(name), OpenOptions::new().read(true)).ok()?;
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The secret of one user, by which the local AWS tells its own user from all others.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Path of the secret's file in the state directory.
    pub fn path(state: &Path) -> PathBuf {
        state.join("secret")
    }

    /// Reads the secret; none if there is no whole one.
    pub fn read(state: &Path) -> Option<Secret> {
        let text = read(state, "secret")?;
        let text = text.trim();
        let is_whole = text.len() == SECRET_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_whole.then(|| Secret(text.to_string()))
    }

    /// Reads the secret, or makes it; the caller holds the lock.
    pub fn of(state: &Path) -> Result<Secret, Error> {
        let path = Secret::path(state);
        let secret = match Secret::read(state) {
            Some(secret) => secret,
            None => {
                let secret = Secret(random().map_err(at(&path))?);
                file(&path)?.write_all(secret.0.as_bytes()).map_err(at(&path))?;
                secret
            }
        };
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(at(&path))?;
        Ok(secret)
    }

    /// Returns the access key of an account: its number, then the secret.
    pub fn access_key(&self, account: &str) -> String {
        format!("{account}{}", self.0)
    }

    /// Returns what this user's server on `port` answers to `nonce`.
    pub fn proof(&self, port: u16, nonce: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("any length is a key");
        mac.update(format!("ready\0{port}\0{nonce}").as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// Returns 256 random bits in hexadecimal.
pub fn random() -> io::Result<String> {
    let mut bytes = [0; SECRET_LENGTH / 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_alone_and_what_was_open_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("above/state");
        directory(&state, false).unwrap();
        assert_eq!(mode(&state), 0o700);
        for (open, is_ours) in [(0o755, false), (0o750, true)] {
            fs::set_permissions(&state, Permissions::from_mode(open)).unwrap();
            directory(&state, is_ours).unwrap();
            assert_eq!(mode(&state), 0o700);
        }
        let log = state.join("log");
        fs::write(&log, "").unwrap();
        fs::set_permissions(&log, Permissions::from_mode(0o644)).unwrap();
        file(&log).unwrap();
        assert_eq!(mode(&log), 0o600);
    }

    #[test]
    fn a_directory_of_others_is_neither_used_nor_changed() {
        let folder = tempfile::tempdir().unwrap();
        for (open, files, is_ours) in
            [(0o777, 0, false), (0o755, 1, false), (0o777, 1, true), (0o770, 1, true)]
        {
            (0..files).for_each(|number| fs::write(folder.path().join(number.to_string()), "").unwrap());
            fs::set_permissions(folder.path(), Permissions::from_mode(open)).unwrap();
            let refused = directory(folder.path(), is_ours).unwrap_err();
            assert!(refused.to_string().contains("open to other users"), "{refused}");
            assert_eq!(mode(folder.path()), open);
        }
    }

    #[test]
    fn a_link_and_a_pipe_are_neither_written_nor_read() {
        let state = tempfile::tempdir().unwrap();
        let [precious, link, second] = ["precious", "link", "second"].map(|name| state.path().join(name));
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        fs::hard_link(&precious, &second).unwrap();
        for path in [&link, &second] {
            let refused = file(path).unwrap_err();
            assert!(refused.to_string().contains("is a link, or not a file of yours"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        assert!(read(state.path(), "link").is_none());
        fs::remove_file(&second).unwrap();
        assert_eq!(read(state.path(), "precious").unwrap(), "precious");
        fs::set_permissions(state.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(read(state.path(), "precious").is_none());
    }

    #[test]
    fn a_secret_is_made_once_and_a_broken_one_anew() {
        let state = tempfile::tempdir().unwrap();
        let first = Secret::of(state.path()).unwrap();
        assert_eq!(mode(&Secret::path(state.path())), 0o600);
        let key = first.access_key("123456789012");
        assert!(key.starts_with("123456789012") && key.len() == 76, "{}", key.len());
        assert_eq!(Secret::of(state.path()).unwrap().access_key("123456789012"), key);
        fs::write(Secret::path(state.path()), &first.0[..10]).unwrap();
        assert_ne!(Secret::of(state.path()).unwrap().access_key("123456789012"), key);
    }

    #[test]
    fn a_proof_is_good_for_one_nonce_on_one_port() {
        let secret = Secret("0".repeat(SECRET_LENGTH));
        let proof = secret.proof(4577, "a");
        assert_eq!(proof.len(), 64);
        assert_ne!(proof, secret.proof(4578, "a"));
        assert_ne!(proof, secret.proof(4577, "b"));
    }
}
