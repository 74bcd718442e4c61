//! A repository's own configuration, and what in it names a program.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::geteuid;

use super::{bare_command, finished, parts};
use crate::reading;

/// One setting: its key as Git prints it, and its value.
pub type Setting = (String, String);

/// Keys of `core` that name no program and no other place.
const CORE: &[&str] = &[
    "abbrev",
    "autocrlf",
    "bare",
    "bigfilethreshold",
    "checkroundtripencoding",
    "checkstat",
    "commentchar",
    "commitgraph",
    "compression",
    "deltabasecachelimit",
    "eol",
    "excludesfile",
    "filemode",
    "fscache",
    "fsync",
    "fsyncmethod",
    "hidedotfiles",
    "hookspath",
    "ignorecase",
    "ignorestat",
    "logallrefupdates",
    "longpaths",
    "loosecompression",
    "maxtreedepth",
    "multipackindex",
    "packedgitlimit",
    "packedgitwindowsize",
    "precomposeunicode",
    "preloadindex",
    "protecthfs",
    "protectntfs",
    "quotepath",
    "repositoryformatversion",
    "safecrlf",
    "sharedrepository",
    "sparsecheckout",
    "sparsecheckoutcone",
    "splitindex",
    "symlinks",
    "trustctime",
    "untrackedcache",
    "usereplacerefs",
    "warnambiguousrefs",
    "whitespace",
    "worktree",
];

/// Extensions of a repository's format that name no program.
const EXTENSIONS: &[&str] = &[
    "compatobjectformat",
    "noop",
    "objectformat",
    "partialclone",
    "preciousobjects",
    "refstorage",
    "relativeworktrees",
    "worktreeconfig",
];

/// Sections in which everything is, or brings in, something to run or to go by.
const SECTIONS: &[&str] = &["browser", "filter", "hook", "include", "includeif", "pager", "protocol"];

/// Sections for commands that are never called: a status asks none of them.
const OTHER_COMMANDS: &[&str] = &["alias", "difftool", "guitool", "mergetool"];

/// Bits of a mode that let the group or others write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Maximum nesting depth of included files, as in Git.
const MAX_INCLUDES: usize = 10;

/// Last words of keys whose values are programs, in any section.
const PROGRAMS: &[&str] = &[
    "askpass",
    "clean",
    "cmd",
    "command",
    "driver",
    "editor",
    "external",
    "helper",
    "pager",
    "path",
    "process",
    "program",
    "proxycommand",
    "receivepack",
    "smudge",
    "sshcommand",
    "textconv",
    "uploadpack",
    "vcs",
];

/// Reads a file of configuration, and what it includes under any condition. No file, no settings.
///
/// An include stays among the settings if it is not followed: that of a file which others may change.
pub fn read(file: &Path) -> io::Result<Vec<Setting>> {
    followed(file, 0)
}

fn followed(file: &Path, depth: usize) -> io::Result<Vec<Setting>> {
    let mut settings = vec![];
    for (key, value) in plain(file)? {
        let is_include = key == "include.path" || (key.starts_with("includeif.") && key.ends_with(".path"));
        match place(file, &value).filter(|path| is_include && depth < MAX_INCLUDES && is_ours(path)) {
            Some(path) => settings.extend(followed(&path, depth + 1)?),
            None => settings.push((key, value)),
        }
    }
    Ok(settings)
}

/// Returns the place of a file that a setting names, if it is clear.
pub fn place(config: &Path, value: &str) -> Option<PathBuf> {
    match value.strip_prefix("~/") {
        Some(rest) => Some(PathBuf::from(std::env::var_os("HOME")?).join(rest)),
        None if value.starts_with(['~', '%']) => None,
        None => Some(config.parent()?.join(value)),
    }
}

/// Returns true if only the user and root may change or create a file.
fn is_ours(path: &Path) -> bool {
    let user = geteuid().as_raw();
    let owners = [0, user];
    let mut is_there = true;
    for (depth, path) in path.ancestors().enumerate() {
        match path.metadata() {
            // A file of ours stays ours in a directory that is sticky, as /tmp is.
            Ok(facts) if depth > 0 => {
                let is_closed =
                    facts.mode() & WRITABLE_BY_OTHERS == 0 || (is_there && facts.mode() & 0o1000 != 0);
                return owners.contains(&facts.uid()) && is_closed;
            }
            Ok(facts) if !owners.contains(&facts.uid()) || facts.mode() & WRITABLE_BY_OTHERS != 0 => {
                return false;
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                is_there = false;
            }
            Err(_) => return false,
        }
    }
    false
}

fn plain(file: &Path) -> io::Result<Vec<Setting>> {
    let input = match reading::open(file) {
        Ok(input) => input,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(vec![]);
        }
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
    };
    let mut command = bare_command()?;
    command.args(["config", "--no-includes", "--null", "--list", "--file", "-"]);
    // Not the repository of wherever this runs.
    command.current_dir("/").env("GIT_DIR", "/dev/null").stdin(Stdio::from(input));
    let output = finished(&mut command)?;
    let setting = |part: String| match part.split_once('\n') {
        Some((key, value)) => (key.to_string(), value.to_string()),
        None => (part, "true".to_string()),
    };
    Ok(parts(&output.stdout).into_iter().map(setting).collect())
}

/// Returns the key of the first setting that names a program, or that may bring one in.
pub fn program(settings: &[Setting]) -> Option<&str> {
    settings.iter().find(|(key, value)| names_program(key, value)).map(|(key, _)| key.as_str())
}

fn names_program(key: &str, value: &str) -> bool {
    let section = key.split('.').next().unwrap_or_default();
    let last = key.rsplit('.').next().unwrap_or_default();
    match section {
        // Switched on, it is a part of Git itself.
        "core" if last == "fsmonitor" => {
            !["true", "false", "yes", "no", "on", "off", "1", "0", ""].contains(&value)
        }
        "core" => !CORE.contains(&last),
        "extensions" => !EXTENSIONS.contains(&last),
        _ if OTHER_COMMANDS.contains(&section) => false,
        _ => SECTIONS.contains(&section) || PROGRAMS.contains(&last) || value.trim_start().starts_with('!'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_may_bring_in_a_program_are_found() {
        for key in [
            "core.fsmonitor",
            "core.sshcommand",
            "core.gitproxy",
            "core.attributesfile",
            "core.alternaterefscommand",
            "core.editor",
            "filter.lfs.clean",
            "filter.x.y.process",
            "diff.external",
            "diff.x.textconv",
            "include.path",
            "includeif.gitdir:/a/.path",
            "credential.https://x.helper",
            "remote.origin.uploadpack",
            "remote.origin.vcs",
            "protocol.ext.allow",
            "hook.x.command",
            "gpg.program",
            "gpg.ssh.program",
            "merge.x.driver",
            "extensions.unheardof",
            "core.unheardof",
        ] {
            assert!(names_program(key, "/tmp/x"), "{key}");
        }
        assert!(names_program("submodule.x.update", "!touch x"));
        for (key, value) in [
            ("core.repositoryformatversion", "1"),
            ("core.fsmonitor", "true"),
            ("core.hookspath", ".husky"),
            ("core.worktree", "../../../x"),
            ("remote.origin.url", "git@github.com:a/b"),
            ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
            ("remote.origin.promisor", "true"),
            ("branch.main.merge", "refs/heads/main"),
            ("user.email", "ada@example.com"),
            ("extensions.worktreeconfig", "true"),
            ("http.https://github.com/.extraheader", "AUTHORIZATION: basic x"),
            ("submodule.a.url", "../a"),
            ("submodule.a.active", "true"),
            ("core.excludesfile", "/tmp/x"),
            ("alias.st", "!touch x"),
            ("difftool.x.cmd", "touch x"),
            ("mergetool.x.path", "/tmp/x"),
            ("lfs.repositoryformatversion", "0"),
        ] {
            assert!(!names_program(key, value), "{key}");
        }
    }
}
