//! The portal's way of saying where a repository is: `github.com?owner=o&repo=r`.

/// A host and what is asked of it, as a browser would read them after `https://`.
pub struct RepoUrl {
    pub host: String,
    parameters: Vec<(String, String)>,
}

impl RepoUrl {
    pub fn read(text: &str) -> Option<RepoUrl> {
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, rest) = text.split_at_checked(end)?;
        let host = authority.rsplit('@').next()?.to_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host).to_string();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(good) || text.contains(['\\', '\n', '\r', '\t']) {
            return None;
        }
        let rest = rest.split('#').next()?;
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        let parameters = query.split('&').filter(|part| !part.is_empty()).map(pair).collect();
        Some(RepoUrl { host, parameters })
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first that is missing of what the host's kind of forge needs.
    pub fn missing(&self) -> Option<&'static str> {
        let first = |names: &[&'static str]| {
            names.iter().copied().find(|name| self.parameter(name).unwrap_or_default().is_empty())
        };
        match self.host.as_str() {
            "bitbucket.org" => first(&["workspace", "project", "repo"]),
            "dev.azure.com" => first(&["project", "repo"]),
            "gitlab.com" if !self.parameter("project").unwrap_or_default().trim_matches('/').is_empty() => {
                None
            }
            "gitlab.com" => first(&["owner", "repo"]),
            "github.com" => first(&["repo", "owner"]),
            // The portal knows from its settings what it is; each kind needs this at least.
            _ => first(&["repo"]),
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match (first, byte.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
