//! Sources of templates, as named on the command line and as recorded.

use std::fmt;

use billpay_model::hex::hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::{Entry, TemplateFolder};

/// A template as somebody names it on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One that billpay brings along.
    Named(String),
    /// A folder on this machine.
    Path(String),
    /// A Git repository.
    Git(String),
}

/// Origin of a project's template, exact enough to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The name of one that billpay brings along.
    Billpay(String),
    /// A folder, from the project's root where that leads there.
    Path(String),
    Git(GitOrigin),
}

/// A template in a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitOrigin {
    pub url: String,
    /// The folder in the repository that the template is in; none for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The branch or tag that was asked for; none for the repository's own default.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit that this was.
    pub commit: String,
}

/// Error of a source that can't be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` can't be a template: {why}", without_credentials(given).escape_debug())]
pub struct ParseSourceError {
    pub given: String,
    pub why: &'static str,
}

/// Short names of hosts, as Cookiecutter and Copier know them.
const HOSTS: &[(&str, &str)] =
    &[("gh:", "https://github.com/"), ("gl:", "https://gitlab.com/"), ("bb:", "https://bitbucket.org/")];

impl ParseSourceError {
    /// Returns true if it is refused for the credentials in it.
    pub fn has_credentials(&self) -> bool {
        self.why == CREDENTIALS
    }
}

/// Reason for which a URL with a password is refused.
const CREDENTIALS: &str = "it has a password or token, which would end in files and messages";

/// Allowed transports. Git has more, such as `ext::`, which runs programs.
const TRANSPORTS: &[&str] = &["https://", "ssh://", "file://", "git+https://", "git+ssh://", "git+file://"];

impl Source {
    /// Parses a name, a path or the URL of a Git repository.
    ///
    /// Text with a `/` or a leading dot is a path: `./name` is the folder, not the template.
    ///
    /// # Errors
    /// Fails if the text is empty, begins like an option, has a control character or a password, or is another
    /// URL than https, ssh or file.
    pub fn parse(source: &str) -> Result<Source, ParseSourceError> {
        let bad = |why| Err(ParseSourceError { given: source.to_string(), why });
        if source.trim().is_empty() {
            return bad("it is empty");
        }
        if source.starts_with('-') {
            return bad("it begins like an option");
        }
        if source.chars().any(char::is_control) {
            return bad("it has a control character");
        }
        if let Some((short, host)) = HOSTS.iter().find(|(short, _)| source.starts_with(short)) {
            return Ok(Source::Git(format!("{host}{}.git", source[short.len()..].trim_end_matches(".git"))));
        }
        if source.contains("::") {
            return bad("Git would run a program for it; give a https, ssh or file URL");
        }
        if TRANSPORTS.iter().any(|transport| source.starts_with(transport)) {
            let url = source.strip_prefix("git+").unwrap_or(source);
            let host = url.split("://").nth(1).unwrap_or_default();
            if host.starts_with('-') || host.is_empty() {
                return bad("the host begins like an option, or there is none");
            }
            return match userinfo(url) {
                Some((_, user)) if user.contains(':') => bad(CREDENTIALS),
                // A token may stand there as well as a name.
                Some((at, user)) if url.starts_with("https://") => {
                    Ok(Source::Git(format!("{}{}", &url[..at], &url[at + user.len() + 1..])))
                }
                _ => Ok(Source::Git(url.to_string())),
            };
        }
        if source.contains("://") {
            return bad("only https, ssh and file URLs are followed");
        }
        if is_scp(source) {
            return Ok(Source::Git(source.to_string()));
        }
        match source.contains('/') || source.starts_with('.') {
            true => Ok(Source::Path(source.to_string())),
            false => Ok(Source::Named(source.to_string())),
        }
    }
}

/// `git@github.com:billpay/templates.git`
fn is_scp(source: &str) -> bool {
    let Some((host, path)) = source.split_once(':') else { return false };
    let name = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match host.split_once('@') {
        Some((user, host)) => name(user) && name(host) && !path.is_empty(),
        None => false,
    }
}

/// Returns where a URL's user begins, and the user with what is said of the password.
fn userinfo(url: &str) -> Option<(usize, &str)> {
    let at = url.find("://")? + "://".len();
    let authority = url.get(at..)?.split(['/', '?', '#']).next()?;
    Some((at, authority.rsplit_once('@')?.0))
}

/// Returns a text in which no URL has credentials.
pub fn without_credentials(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        clean += before;
        let end = after.find(|c: char| "/?#\"'`<>".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        let authority = &after[..end];
        let is_ssh = before.ends_with("ssh://");
        clean += match authority.rsplit_once('@') {
            Some((user, _)) if is_ssh && !user.contains(':') => authority,
            Some((_, host)) => host,
            None => authority,
        };
        rest = &after[end..];
    }
    clean + rest
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Billpay(name) => write!(f, "{name} (built in)"),
            Origin::Path(path) => write!(f, "{path}"),
            Origin::Git(git) => {
                let reference = git.reference.as_deref().unwrap_or("the default branch");
                let commit = git.commit.get(..10).unwrap_or(&git.commit);
                let directory = git.directory.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
                write!(f, "{}{directory} at {reference} ({commit})", git.url)
            }
        }
    }
}

/// Returns the version of a template of which more was read than its own folder.
pub fn version(digest: &str, shared: Option<&str>) -> String {
    let Some(shared) = shared else { return digest.to_string() };
    let hash = Sha256::digest(format!("{digest}+{shared}"));
    hex(&hash[..8])
}

impl TemplateFolder {
    /// Returns the digest of all files, which identifies a version of the template.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        for (path, entry) in &self.entries {
            match entry {
                Entry::File(file) => {
                    part(path.as_bytes());
                    part(if file.executable { b"run" } else { b"file" });
                    part(&file.bytes);
                }
                Entry::Link(to) => {
                    part(path.as_bytes());
                    part(to.as_bytes());
                }
                // Git knows no folders, and the same template has to be the same from there.
                Entry::Folder | Entry::Other => {}
            }
        }
        hex(&hash.finalize()[..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_path_and_a_repository_are_told_apart() {
        let git = |url: &str| Source::Git(url.to_string());
        let cases = [
            ("billpay-service", Source::Named("billpay-service".into())),
            ("./billpay-service", Source::Path("./billpay-service".into())),
            ("..", Source::Path("..".into())),
            ("templates/x", Source::Path("templates/x".into())),
            ("/srv/x", Source::Path("/srv/x".into())),
            ("gh:billpay/templates", git("https://github.com/billpay/templates.git")),
            ("gl:a/b.git", git("https://gitlab.com/a/b.git")),
            ("https://example.com/a/b", git("https://example.com/a/b")),
            ("git+https://example.com/a/b", git("https://example.com/a/b")),
            ("file:///srv/x.git", git("file:///srv/x.git")),
            ("git@github.com:a/b.git", git("git@github.com:a/b.git")),
            ("https://token@example.com/a", git("https://example.com/a")),
            ("ssh://git@example.com/a", git("ssh://git@example.com/a")),
        ];
        for (source, expected) in cases {
            assert_eq!(Source::parse(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_git_would_take_for_an_option_or_a_program_is_refused() {
        for source in [
            "",
            "-x",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c touch% /tmp/x",
            "https://-oProxyCommand=x/y",
            "ssh://-oProxyCommand=x/y",
            "http://example.com/x",
            "git://example.com/x",
            "x\ny",
            "https://user:password@example.com/x",
            "ssh://user:password@example.com/x",
        ] {
            assert!(Source::parse(source).is_err(), "{source}");
        }
        // What looks like neither is a path, which Git never sees.
        assert_eq!(
            Source::parse("git@-oProxyCommand:x/y"),
            Ok(Source::Path("git@-oProxyCommand:x/y".into()))
        );
    }
}
