//! A template in a Git repository, read out of its objects.
//!
//! Nothing is checked out, so that no filter, hook or submodule has anything to say.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

use billpay_host::program::in_ci;
use billpay_host::{file_owner, git};
use billpay_model::hex::hex;
use etcetera::{BaseStrategy, choose_base_strategy};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::{Budget, LocatedTemplate, SourceError, SourceOptions};
use crate::{Entry, GitOrigin, Origin, Surroundings, TemplateFile, TemplateFolder, without_credentials};

/// Characters that no name of a branch, tag or commit has.
pub(super) const FORBIDDEN_CHARS: &[char] = &[' ', '~', '^', ':', '?', '*', '[', '\\', '@'];

/// Maximum number of files of a repository to list.
const MAX_LISTED_FILES: u64 = 2_000_000;

pub(super) fn find(url: &str, at: SourceOptions<'_>) -> Result<LocatedTemplate, SourceError> {
    if let Some(reference) = at.reference
        && (reference.is_empty()
            || reference.starts_with('-')
            || reference.contains("..")
            || reference.contains(FORBIDDEN_CHARS)
            || reference.chars().any(char::is_control))
    {
        return Err(SourceError::BadReference(reference.to_string()));
    }
    let repository = Repository::open(url)?;
    let commit = repository.fetch(at.reference)?;
    let directory = at.directory.map(|directory| directory.trim_matches('/')).filter(|it| !it.is_empty());
    let name = match (url.trim_end_matches('/').rsplit(['/', ':']).next(), directory) {
        (_, Some(directory)) => directory.to_string(),
        (name, None) => name.unwrap_or(url).trim_end_matches(".git").to_string(),
    };
    let folder = repository.read(&commit, directory.unwrap_or_default(), name)?;
    if folder.entries.is_empty()
        && let Some(directory) = directory
    {
        return Err(SourceError::NoDirectory { directory: directory.to_string() });
    }
    let around = GitSurroundings {
        url: url.to_string(),
        commit: commit.clone(),
        directory: directory.unwrap_or_default().to_string(),
        reference: at.reference.map(str::to_string),
    };
    let origin = Origin::Git(GitOrigin {
        url: url.to_string(),
        directory: directory.map(str::to_string),
        reference: at.reference.map(str::to_string),
        commit,
    });
    Ok(LocatedTemplate { folder, origin, around: Some(Rc::new(around)) })
}

/// The repository that a template lies in, at the commit at hand.
#[derive(Debug)]
struct GitSurroundings {
    url: String,
    commit: String,
    directory: String,
    reference: Option<String>,
}

impl Surroundings for GitSurroundings {
    fn directory(&self) -> &str {
        &self.directory
    }

    fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    fn remotes(&self) -> Vec<String> {
        vec![self.url.clone()]
    }

    fn read(&self, path: &str) -> Result<TemplateFolder, String> {
        let read = || Repository::open(&self.url)?.at_path(&self.commit, path);
        read().map_err(|error: SourceError| error.to_string())
    }
}

/// The copy of a repository that is kept on this machine.
pub(super) struct Repository<'a> {
    url: &'a str,
    folder: PathBuf,
    /// Set if a server may send Git on to another place.
    redirects: bool,
    /// One at a time: Git's own locks only make the second one fail.
    _lock: fs::File,
}

impl Repository<'_> {
    pub(super) fn open(url: &str) -> Result<Repository<'_>, SourceError> {
        let cache = choose_base_strategy().map_err(|_| SourceError::NoHome)?.cache_dir();
        let digest = hex(&Sha256::digest(url.as_bytes())[..12]);
        let folder = cache.join("billpay/templates").join(digest);
        let failed = |error| SourceError::Io { path: folder.clone(), error };
        fs::create_dir_all(&folder).map_err(failed)?;
        // Whoever can write the copy's configuration decides what Git runs in it.
        file_owner::check(&folder, &[&folder])?;
        let lock = fs::File::create(folder.join("billpay.lock")).map_err(failed)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        let repository = Repository { url, folder, redirects: true, _lock: lock };
        if !repository.folder.join("HEAD").is_file() {
            repository.git(&["init", "--quiet", "--bare"], None)?;
        }
        Ok(repository)
    }

    /// Gets a branch, tag or commit, or what the repository has by default; returns the commit.
    pub(super) fn fetch(&self, reference: Option<&str>) -> Result<String, SourceError> {
        let what = reference.unwrap_or("HEAD");
        let shallow =
            ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force", "--"];
        let error = match self.git(&[&shallow[..], &[self.url, what]].concat(), reference) {
            Ok(_) => return self.commit("FETCH_HEAD", reference),
            Err(error) => error,
        };
        // Not every server hands out a commit by its number; it does with everything.
        if !what.chars().all(|c| c.is_ascii_hexdigit()) || what.len() < 7 {
            return Err(error);
        }
        let all = ["fetch", "--quiet", "--tags", "--no-recurse-submodules", "--force"];
        let unshallow: &[&str] = match self.folder.join("shallow").is_file() {
            true => &["--unshallow"],
            false => &[],
        };
        let branches = ["--", self.url, "+refs/heads/*:refs/heads/*"];
        self.git(&[&all[..], unshallow, &branches[..]].concat(), reference)?;
        self.commit(what, reference)
    }

    /// Keeps to the place that the URL names.
    pub(super) fn without_redirects(self) -> Self {
        Repository { redirects: false, ..self }
    }

    /// Returns true if the copy has a commit already.
    pub(super) fn has(&self, commit: &str) -> bool {
        let object = format!("{commit}^{{commit}}");
        self.git(&["cat-file", "-e", &object], None).is_ok()
    }

    /// Returns the names of `references` (`refs/heads/main`) that the repository has now.
    pub(super) fn known(&self, references: &[String]) -> Result<Vec<String>, SourceError> {
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let listed = self.git(&[&["ls-remote", "--", self.url], references.as_slice()].concat(), None)?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        Ok(listed
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(_, name)| name.to_string())
            .collect())
    }

    fn commit(&self, what: &str, reference: Option<&str>) -> Result<String, SourceError> {
        let peeled = format!("{what}^{{commit}}");
        let said = self.git(&["rev-parse", "--quiet", "--verify", "--end-of-options", &peeled], reference)?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_string())
    }

    fn read(&self, commit: &str, directory: &str, name: String) -> Result<TemplateFolder, SourceError> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let entries = self.entries(commit, |path| path.starts_with(&prefix))?;
        let inner = |path: String| path.strip_prefix(&prefix).map(str::to_string);
        let entries = entries.into_iter().filter_map(|(path, entry)| Some((inner(path)?, entry)));
        Ok(TemplateFolder { name, entries: entries.collect() })
    }

    /// Reads what is at a path of a commit and below it, by whole paths, and what is in its way.
    pub(super) fn at_path(&self, commit: &str, path: &str) -> Result<TemplateFolder, SourceError> {
        let below =
            |other: &str, folder: &str| other.strip_prefix(folder).is_some_and(|it| it.starts_with('/'));
        let wanted =
            |known: &str| path.is_empty() || known == path || below(known, path) || below(path, known);
        Ok(TemplateFolder { name: String::new(), entries: self.entries(commit, wanted)? })
    }

    /// Reads the entries of a commit that are wanted, and the folders that they are in, by whole paths.
    fn entries(
        &self,
        commit: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Entry>, SourceError> {
        let mut entries = BTreeMap::new();
        let mut blobs: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut budget = Budget::default();
        self.list(commit, &mut |line| {
            let Ok(line) = std::str::from_utf8(line) else {
                let why = "a file's name in it is not UTF-8";
                return Err(SourceError::NotText { path: self.url.into(), why });
            };
            let Some((facts, path)) = line.split_once('\t') else { return Ok(()) };
            if !wanted(path) {
                return Ok(());
            }
            let mut facts = facts.split_whitespace();
            let (mode, sort) = (facts.next().unwrap_or_default(), facts.next().unwrap_or_default());
            let (blob, size) = (facts.next().unwrap_or_default(), facts.next().unwrap_or_default());
            budget.take(size.parse().unwrap_or(0))?;
            for (at, _) in path.match_indices('/') {
                entries.insert(path[..at].to_string(), Entry::Folder);
            }
            match sort {
                "blob" => drop(blobs.insert(path.to_string(), (mode.to_string(), blob.to_string()))),
                // A submodule: another repository, which nobody asked for.
                _ => drop(entries.insert(path.to_string(), Entry::Other)),
            }
            Ok(())
        })?;
        for ((path, (mode, _)), bytes) in blobs.iter().zip(self.blobs(&blobs)?) {
            let entry = match mode.as_str() {
                "120000" => Entry::Link(String::from_utf8_lossy(&bytes).into_owned()),
                mode => Entry::File(TemplateFile { bytes, executable: mode == "100755" }),
            };
            entries.insert(path.clone(), entry);
        }
        Ok(entries)
    }

    /// Lists the files of a commit as Git tells of them, and ends Git where `each` fails: a few folders that hold
    /// each other several times are more files than any machine can list.
    fn list(
        &self,
        commit: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let failed = |error| SourceError::Io { path: self.folder.clone(), error };
        let mut command = self.command(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit])?;
        let git = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut git = git.spawn().map_err(failed)?;
        let lines = git.stdout.take().map(|output| BufReader::new(output).split(0));
        let mut listed = 0;
        let result = lines.into_iter().flatten().try_for_each(|line| {
            listed += 1;
            if listed > MAX_LISTED_FILES {
                return Err(SourceError::TooBig { most: MAX_LISTED_FILES, what: "files in its repository" });
            }
            each(&line.map_err(failed)?)
        });
        if result.is_err() {
            // It may have ended by itself.
            let _ = git.kill();
        }
        let ended = git.wait().map_err(failed)?;
        result?;
        match ended.success() {
            true => Ok(()),
            false => Err(failed(ErrorKind::InvalidData.into())),
        }
    }

    /// The contents of files, all by one process.
    fn blobs(&self, blobs: &BTreeMap<String, (String, String)>) -> Result<Vec<Vec<u8>>, SourceError> {
        let failed = |error| SourceError::Io { path: self.folder.clone(), error };
        let short = || failed(ErrorKind::UnexpectedEof.into());
        let mut command = self.command(&["cat-file", "--batch"])?;
        let git = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut git = git.spawn().map_err(failed)?;
        let (Some(mut input), Some(mut output)) = (git.stdin.take(), git.stdout.take()) else {
            return Err(short());
        };
        let asked: String = blobs.values().map(|(_, blob)| format!("{blob}\n")).collect();
        // Git begins to answer before everything is asked.
        let asking = std::thread::spawn(move || input.write_all(asked.as_bytes()));
        let mut answer = vec![];
        output.read_to_end(&mut answer).map_err(failed)?;
        let asked = asking.join().map_err(|_| short())?;
        let ended = git.wait().map_err(failed)?;
        asked.map_err(failed)?;
        let mut contents = vec![];
        let mut rest = answer.as_slice();
        for _ in blobs {
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(short)?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size =
                head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()).ok_or_else(short)?;
            let bytes = rest.get(end + 1..end + 1 + size).ok_or_else(short)?;
            contents.push(bytes.to_vec());
            rest = rest.get(end + 2 + size..).unwrap_or_default();
        }
        match ended.success() {
            true => Ok(contents),
            false => Err(short()),
        }
    }

    fn git(&self, arguments: &[&str], reference: Option<&str>) -> Result<Output, SourceError> {
        let output = self.command(arguments)?.stdin(Stdio::null()).output();
        let output = output.map_err(|error| SourceError::Io { path: self.folder.clone(), error })?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let said = said.map(|line| line.trim_start_matches("fatal: ")).collect::<Vec<_>>().join("; ");
        let said = without_credentials(&said);
        let reference = reference.map(str::to_string);
        Err(SourceError::Git { url: self.url.to_string(), reference, said })
    }

    /// A call of Git in the copy, which can do nothing but what it is told.
    fn command(&self, arguments: &[&str]) -> Result<Command, SourceError> {
        let failed = |error: Error| match error.kind() {
            ErrorKind::NotFound => SourceError::NoGit,
            _ => SourceError::Io { path: self.folder.clone(), error },
        };
        let mut command = git::command(&self.folder).map_err(failed)?;
        // Only these ways to a repository: `ext` would run a program.
        for transport in ["https", "ssh", "file"] {
            command.args(["-c", &format!("protocol.{transport}.allow=always")]);
        }
        if !self.redirects {
            command.args(["-c", "http.followRedirects=false"]);
        }
        command.args(arguments).current_dir(&self.folder);
        command.env("GIT_TERMINAL_PROMPT", if in_ci() { "0" } else { "1" });
        Ok(command)
    }
}
