//! Recognises URLs that lead into the template's own repository, whatever the transport and the host's way of
//! naming files.

use crate::{Surroundings, percent_decode};

/// A repository's host and path, without transport, user and port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    host: String,
    path: String,
    query: String,
}

/// Returns the path in the template's repository that an absolute URL leads to; `None` for other repositories.
pub(super) fn own_path(url: &str, around: &dyn Surroundings) -> Option<String> {
    let url = Address::read(url.trim())?;
    let remotes = around.remotes();
    let mut remotes = remotes.iter().filter_map(|remote| Address::read(remote));
    remotes.find_map(|remote| url.within(&remote, around.reference()))
}

impl Address {
    fn read(url: &str) -> Option<Address> {
        let url = url.strip_prefix("git+").unwrap_or(url);
        let (host, rest) = match url.split_once("://") {
            Some(("file", path)) => (String::new(), path.trim_start_matches("localhost")),
            Some((_, rest)) => {
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or_default();
                (host.split(':').next().unwrap_or_default().to_lowercase(), path)
            }
            None => {
                let (host, path) = url.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                (host.rsplit('@').next().unwrap_or_default().to_lowercase(), path)
            }
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = percent_decode(path).ok()?.trim_matches('/').to_string();
        let (host, path) = plain(host, path);
        Some(Address { host, path, query: query.to_string() })
    }

    /// Returns the path in a repository that this leads to.
    fn within(&self, repository: &Address, reference: Option<&str>) -> Option<String> {
        if self.host != repository.host {
            return None;
        }
        let root = repository.path.strip_suffix(".git").unwrap_or(&repository.path);
        let start = self.path.get(..root.len())?;
        // Hosts don't tell upper from lower case in names; file systems do.
        let same = if self.host.is_empty() { start == root } else { start.eq_ignore_ascii_case(root) };
        let rest = self.path.get(root.len()..).filter(|_| same && !root.is_empty())?;
        let rest = rest.strip_prefix(".git").unwrap_or(rest);
        if rest.is_empty() {
            return self.parameter("path").map_or(Some(String::new()), |path| percent_decode(path).ok());
        }
        let rest = rest.strip_prefix('/')?;
        let rest = rest.strip_prefix("-/").unwrap_or(rest);
        let (kind, rest) = rest.split_once('/').unwrap_or((rest, ""));
        match kind {
            "browse" => Some(rest.to_string()),
            "tree" | "blob" | "raw" | "edit" => Some(behind(rest, reference)),
            "src" => {
                let kinds = ["branch/", "tag/", "commit/"];
                Some(behind(kinds.iter().find_map(|kind| rest.strip_prefix(kind)).unwrap_or(rest), reference))
            }
            _ => None,
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// Returns what comes behind the branch: the one at hand, whatever slashes it has, or one of a single word.
fn behind(rest: &str, reference: Option<&str>) -> String {
    let rest = match reference.and_then(|reference| rest.strip_prefix(reference)) {
        Some(after) if after.is_empty() || after.starts_with('/') => after,
        _ => rest.split_once('/').map_or("", |(_, path)| path),
    };
    rest.trim_matches('/').to_string()
}

/// Makes one address of those that a host has for the same repository.
fn plain(host: String, path: String) -> (String, String) {
    let host = match host.strip_prefix("www.").unwrap_or(&host) {
        "ssh.github.com" => "github.com",
        "altssh.gitlab.com" => "gitlab.com",
        "altssh.bitbucket.org" => "bitbucket.org",
        host => host,
    };
    let parts: Vec<&str> = path.split('/').collect();
    let azure = |parts: &[&str]| ("dev.azure.com".to_string(), parts.join("/"));
    match (host, parts.as_slice()) {
        ("ssh.dev.azure.com" | "vs-ssh.visualstudio.com", ["v3", organization, project, repository]) => {
            azure(&[organization, project, "_git", repository])
        }
        (host, ["DefaultCollection", rest @ ..] | rest) if host.ends_with(".visualstudio.com") => {
            let organization = host.trim_end_matches(".visualstudio.com");
            azure(&[[organization].as_slice(), rest].concat())
        }
        // Bitbucket's own servers.
        (host, ["scm", project, rest @ ..]) => {
            (host.to_string(), [[*project].as_slice(), rest].concat().join("/"))
        }
        (host, ["projects", project, "repos", repository, rest @ ..]) => {
            (host.to_string(), [[*project, *repository].as_slice(), rest].concat().join("/"))
        }
        (host, _) => (host.to_string(), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str, remote: &str, reference: Option<&str>) -> Option<String> {
        Address::read(url)?.within(&Address::read(remote)?, reference)
    }

    #[test]
    fn a_repository_is_known_by_each_of_its_urls() {
        let same = [
            (
                "https://github.com/acme/templates/tree/main/skeletons/a",
                "git@github.com:acme/templates.git",
                "skeletons/a",
            ),
            (
                "https://github.com/Acme/Templates/blob/main/a.txt",
                "https://u:p@github.com/acme/templates",
                "a.txt",
            ),
            ("https://github.com/acme/templates", "ssh://git@ssh.github.com:443/acme/templates.git", ""),
            ("https://github.com/acme/templates.git", "git@github.com:acme/templates", ""),
            ("https://gitlab.com/a/b/c/-/tree/main/x/y/", "git@gitlab.com:a/b/c.git", "x/y"),
            ("https://git.acme.com/a/c/-/blob/main/x", "ssh://git@git.acme.com:2222/a/c.git", "x"),
            ("https://bitbucket.org/w/r/src/main/x", "git@bitbucket.org:w/r.git", "x"),
            ("https://code.acme.com/a/r/src/branch/main/x", "https://code.acme.com/a/r.git", "x"),
            (
                "https://bb.acme.com/projects/P/repos/r/browse/x/y?at=main",
                "ssh://git@bb.acme.com:7999/p/r.git",
                "x/y",
            ),
            ("https://bb.acme.com/projects/P/repos/r/browse", "https://bb.acme.com/scm/p/r.git", ""),
            (
                "https://dev.azure.com/o/my%20p/_git/r?path=%2Fx%2Fy&version=GBmain",
                "git@ssh.dev.azure.com:v3/o/my%20p/r",
                "/x/y",
            ),
            ("https://o.visualstudio.com/p/_git/r?path=/x", "https://o@dev.azure.com/o/p/_git/r", "/x"),
            ("file:///srv/t.git", "file:///srv/t", ""),
        ];
        for (url, remote, expected) in same {
            assert_eq!(path(url, remote, None).as_deref(), Some(expected), "{url} {remote}");
        }
        let url = "https://github.com/acme/t/tree/feature/x/skeletons";
        assert_eq!(path(url, "git@github.com:acme/t.git", Some("feature/x")).as_deref(), Some("skeletons"));
    }

    #[test]
    fn another_repository_is_another_one() {
        for (url, remote) in [
            ("https://github.com/acme/templates-2/tree/main/x", "git@github.com:acme/templates.git"),
            ("https://github.com/acme/templates/tree/main/x", "git@gitlab.com:acme/templates.git"),
            ("https://github.com/acme/templates/issues/1", "git@github.com:acme/templates.git"),
            ("https://github.com.evil.com/acme/templates", "git@github.com:acme/templates.git"),
            ("https://github.com@evil.com/acme/templates", "git@github.com:acme/templates.git"),
            ("https://github.com/", "https://github.com/"),
        ] {
            assert_eq!(path(url, remote, None), None, "{url}");
        }
    }
}
