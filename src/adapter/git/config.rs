//! A repository's own configuration, and what in it names a program.

use std::io;
use std::path::Path;

use super::{answer, bare_command, parts};

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
const SECTIONS: &[&str] =
    &["alias", "browser", "filter", "hook", "include", "includeif", "pager", "protocol"];

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

/// Reads a file of configuration; includes are not followed. No file, no settings.
pub fn read(file: &Path) -> io::Result<Vec<Setting>> {
    if !file.exists() {
        return Ok(vec![]);
    }
    let mut command = bare_command()?;
    command.args(["config", "--no-includes", "--null", "--list", "--file"]).arg(file);
    // Not the repository of wherever this runs.
    let output = answer(command.current_dir("/").env("GIT_DIR", "/dev/null"))?;
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
            ("lfs.repositoryformatversion", "0"),
        ] {
            assert!(!names_program(key, value), "{key}");
        }
    }
}
