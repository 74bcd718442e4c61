//! URLs of files in repositories, as hosts show them in a browser.

use super::source::Source;

/// A URL taken apart: the repository, and what it names in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    /// The repository's URL, as Git takes it.
    pub url: String,
    pub location: Location,
}

/// A place in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A path at a branch, tag or commit; none for the default branch.
    At { reference: Option<String>, path: String },
    /// A branch, tag or commit and the path behind it; either may have slashes.
    Behind(String),
}

impl RepositoryUrl {
    /// Takes the URL of a file, a folder or all of a repository apart.
    ///
    /// # Errors
    /// Fails with the reason, in words, if the URL names no Git repository, no place in one, or
    /// has escapes that aren't UTF-8.
    pub fn parse(given: &str) -> Result<RepositoryUrl, String> {
        let source = Source::parse(given.trim()).map_err(|bad| bad.why.to_string())?;
        let Source::Git(url) = source else { return Err("it is no URL of a Git repository".to_string()) };
        let url = url.split('#').next().unwrap_or_default();
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let (root, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let path = rest.find('/').map_or(url.len(), |at| scheme.len() + "://".len() + at);
                url.split_at(path)
            }
            None => url.split_at(url.find(':').map_or(url.len(), |at| at + 1)),
        };
        let first = if path.starts_with('/') { "/" } else { "" };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let host = host(root);
        let (root, repository, location) = match host.as_str() {
            "raw.githubusercontent.com" if parts.len() > 3 => {
                let rest = parts.iter().skip(2).copied().collect::<Vec<_>>();
                ("https://github.com", parts[..2].join("/"), after_reference(&rest)?)
            }
            _ => {
                let (repository, location) = split(&parts, query, &host)?;
                (root, repository, location)
            }
        };
        if repository.is_empty() || repository.split('/').any(|part| part == "..") {
            return Err("it names no repository".to_string());
        }
        Ok(RepositoryUrl { url: format!("{root}{first}{repository}"), location })
    }
}

/// Splits a path into the repository's and the place in it.
fn split(parts: &[&str], query: &str, host: &str) -> Result<(String, Location), String> {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(known, value)| *known == name && !value.is_empty());
        value.map(|(_, value)| percent_decode(value)).transpose()
    };
    let clean = |path: String| path.trim_matches('/').to_string();
    let whole = Location::At { reference: None, path: String::new() };
    if let Some(at) = parts.iter().position(|part| *part == "_git") {
        let path = parameter("path")?.map(clean).unwrap_or_default();
        // GB is a branch, GT a tag, GC a commit.
        let reference = parameter("version")?.and_then(|version| version.get(2..).map(str::to_string));
        let repository = parts.get(..at + 2).ok_or("it names no repository")?.join("/");
        return Ok((repository, Location::At { reference, path }));
    }
    if let ["projects", project, "repos", repository, rest @ ..] = parts {
        let reference = parameter("at")?;
        let reference = reference.map(|name| name.trim_start_matches("refs/heads/").to_string());
        let path = rest.split_first().map(|(_, path)| percent_decode(&path.join("/"))).transpose()?;
        let path = path.unwrap_or_default();
        return Ok((format!("scm/{project}/{repository}.git"), Location::At { reference, path }));
    }
    let is_kind = |part: &str| matches!(part, "tree" | "blob" | "raw" | "edit" | "src");
    let named = parts.iter().position(|part| part.len() > 4 && part.ends_with(".git")).map(|at| at + 1);
    let dash = || parts.windows(2).position(|pair| pair[0] == "-" && is_kind(pair[1]));
    let kind = || parts.iter().skip(2).position(|part| is_kind(part)).map(|at| at + 2);
    let end = named.or_else(dash).or_else(kind).unwrap_or(parts.len());
    let (repository, rest) = parts.split_at(end);
    let rest = if let ["-", rest @ ..] = rest { rest } else { rest };
    let location = match rest {
        [] => whole,
        ["src", "branch" | "tag" | "commit", rest @ ..] => after_reference(rest)?,
        [kind, rest @ ..] if is_kind(kind) => after_reference(rest)?,
        _ => return Err("it names no file or folder of the repository".to_string()),
    };
    // These hosts have no groups in groups, so that anything longer is something else.
    let flat = matches!(host, "github.com" | "bitbucket.org");
    if flat && repository.len() != 2 {
        return Err("it names neither a repository nor files in one".to_string());
    }
    Ok((repository.join("/"), location))
}

fn after_reference(rest: &[&str]) -> Result<Location, String> {
    let rest = if let ["refs", "heads" | "tags", rest @ ..] = rest { rest } else { rest };
    match rest {
        [] => Err("it names no branch".to_string()),
        rest => Ok(Location::Behind(percent_decode(&rest.join("/"))?)),
    }
}

/// Returns the host of a URL's beginning, without user and port.
fn host(root: &str) -> String {
    let authority = root.split_once("://").map_or(root, |(_, authority)| authority);
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// Returns a text without its `%20`.
///
/// # Errors
/// Fails with the reason, in words, if the result isn't UTF-8.
pub fn percent_decode(text: &str) -> Result<String, String> {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "what is encoded in it is no text".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_the_urls_of_every_host() {
        let after_reference = |rest: &str| Location::Behind(rest.to_string());
        let at = |reference: Option<&str>, path: &str| Location::At {
            reference: reference.map(str::to_string),
            path: path.to_string(),
        };
        for (url, repository, location) in [
            ("https://github.com/a/b", "https://github.com/a/b", at(None, "")),
            ("https://github.com/a/b/", "https://github.com/a/b", at(None, "")),
            ("https://github.com/a/b.git", "https://github.com/a/b.git", at(None, "")),
            ("https://github.com/a/b/tree/main/x/y/", "https://github.com/a/b", after_reference("main/x/y")),
            (
                "https://github.com/a/b/blob/f/x/a%20b.txt#L1",
                "https://github.com/a/b",
                after_reference("f/x/a b.txt"),
            ),
            ("https://github.com/a/tree/tree/main", "https://github.com/a/tree", after_reference("main")),
            (
                "https://raw.githubusercontent.com/a/b/main/x",
                "https://github.com/a/b",
                after_reference("main/x"),
            ),
            ("https://gitlab.com/a/b/c/-/tree/main/x", "https://gitlab.com/a/b/c", after_reference("main/x")),
            (
                "https://gitlab.com/a/b/c/-/raw/v1/x?inline=false",
                "https://gitlab.com/a/b/c",
                after_reference("v1/x"),
            ),
            ("https://gitlab.com/a/b/c/d.git", "https://gitlab.com/a/b/c/d.git", at(None, "")),
            ("https://bitbucket.org/w/r/src/main/x", "https://bitbucket.org/w/r", after_reference("main/x")),
            (
                "https://code.acme.com/a/r/src/branch/main/x",
                "https://code.acme.com/a/r",
                after_reference("main/x"),
            ),
            (
                "https://bb.acme.com/projects/P/repos/r/browse/x/y?at=refs/heads/f/z",
                "https://bb.acme.com/scm/P/r.git",
                at(Some("f/z"), "x/y"),
            ),
            (
                "https://dev.azure.com/o/my%20p/_git/r?path=%2Fx%2Fy&version=GBmain",
                "https://dev.azure.com/o/my%20p/_git/r",
                at(Some("main"), "x/y"),
            ),
            ("https://o@dev.azure.com/o/p/_git/r", "https://dev.azure.com/o/p/_git/r", at(None, "")),
            ("git@github.com:a/b.git", "git@github.com:a/b.git", at(None, "")),
            ("ssh://git@h:2222/a/b.git/tree/main/x", "ssh://git@h:2222/a/b.git", after_reference("main/x")),
            ("file:///srv/x/y.git/tree/main/z", "file:///srv/x/y.git", after_reference("main/z")),
        ] {
            let expected = RepositoryUrl { url: repository.to_string(), location };
            assert_eq!(RepositoryUrl::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_is_no_repository_is_refused_before_git_hears_of_it() {
        for url in [
            "http://github.com/a/b",
            "git://github.com/a/b",
            "ext::sh -c id",
            "https://user:password@github.com/a/b",
            "ssh://-oProxyCommand=id/a/b",
            "https://github.com/",
            "https://github.com/a",
            "https://github.com/a/b/issues/1",
            "https://github.com/a/b.git/issues/1",
            "https://git.acme.com/../x.git",
            "data:text/plain,x",
            "./x",
        ] {
            assert!(RepositoryUrl::parse(url).is_err(), "{url}");
        }
    }
}
