//! The image of a container, named by its digest: what was tested, and nothing else.

use std::fmt;
use std::str::FromStr;

/// An image as `<registry>/<repository>@sha256:<digest>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    registry: String,
    repository: String,
    digest: String,
}

/// Text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no image that can be deployed: {why}", text.escape_debug())]
pub struct ImageError {
    pub text: String,
    pub why: &'static str,
}

const DIGEST: &str =
    "it must end in @sha256: and 64 lower-case hexadecimal digits; a tag may mean something else tomorrow";

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Image, ImageError> {
        let bad = |why| ImageError { text: text.to_owned(), why };
        let (name, digest) = text.split_once("@sha256:").ok_or_else(|| bad(DIGEST))?;
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if digest.len() != 64 || !digest.chars().all(hexadecimal) {
            return Err(bad(DIGEST));
        }
        if digest.chars().all(|c| c == '0') {
            return Err(bad("its digest is a placeholder"));
        }
        let (registry, repository) = name.split_once('/').ok_or_else(|| bad("it names no registry"))?;
        if !is_registry(registry) {
            return Err(bad(
                "its registry must be a host, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com",
            ));
        }
        if repository.contains(':') {
            return Err(bad("leave out the tag: the digest alone says which image it is"));
        }
        if !is_repository(repository) {
            return Err(bad(
                "its repository must be lower-case letters and digits, with single `-_./` between them",
            ));
        }
        Ok(Image {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            digest: digest.to_owned(),
        })
    }
}

/// Returns true if a text is a host, and maybe a port; one without a dot is taken for a part of the
/// repository by everybody, unless it is `localhost`.
fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let part = |part: &str| {
        let inner = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !part.is_empty() && inner && !part.starts_with('-') && !part.ends_with('-')
    };
    let named = host.split('.').all(part) && (host.contains('.') || host == "localhost" || port.is_some());
    named && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_repository(text: &str) -> bool {
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 255
        && text.split(['-', '_', '.', '/']).all(|part| !part.is_empty() && part.chars().all(lower))
}

impl Image {
    /// Returns the digest of the image: `sha256:…`.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.digest)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@sha256:{}", self.registry, self.repository, self.digest)
    }
}
