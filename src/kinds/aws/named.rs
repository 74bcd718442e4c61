//! What the kinds share whose resources are found by a name or a mark, because AWS has no
//! list call that filters by tag: ECR, S3 and CloudFront.

use aws_smithy_types::error::operation::BuildError;

use crate::domain::address::Address;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Owner, Tags};
use crate::domain::spec::Environment;
use crate::kinds::Context;

/// How many calls about single resources of a kind are made at once.
pub const AT_ONCE: usize = 16;

/// Whose something is that was found, and at which addresses it has to be reported: ours
/// where its tags put it, somebody else's where the spec wants its name. It is both when
/// the spec moved a name to another address; then the old one has to go first.
pub fn claims(cx: Context<'_>, kind: &str, wanted: Option<&Address>, tags: &Tags) -> Vec<(Address, Owner)> {
    let ours = cx.address_of(tags).filter(|address| address.kind() == kind);
    let others = wanted.map(|address| (address.clone(), cx.owner(address, tags)));
    let others = others.filter(|(_, owner)| *owner != Owner::Ours);
    ours.map(|address| (address, Owner::Ours)).into_iter().chain(others).collect()
}

/// What a free text carries to show whose a resource without tags is:
/// `billpay:environment=dev billpay:address=s3-cloudfront/headers-policy.payment`.
pub fn mark(env: &Environment, address: &Address) -> String {
    format!("{ENVIRONMENT_TAG}={} {ADDRESS_TAG}={address}", env.environment)
}

/// The tags that a [`mark`] stands for.
pub fn read_mark(text: &str) -> Tags {
    let pairs = text.split_whitespace().filter_map(|word| word.split_once('='));
    pairs
        .filter(|(key, _)| [ENVIRONMENT_TAG, ADDRESS_TAG].contains(key))
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

/// [`claims`] on something that has no tags but a text with a [`mark`].
pub fn marked_claims(
    cx: Context<'_>,
    kind: &str,
    wanted: Option<&Address>,
    name: &str,
    text: &str,
) -> Vec<(Address, Owner)> {
    let mut claims = claims(cx, kind, wanted, &read_mark(text));
    for (address, owner) in &mut claims {
        if let Owner::Foreign { evidence } = owner {
            let mark = mark(cx.env, address);
            *evidence = format!("`{name}` is its name, and its description does not say `{mark}`");
        }
    }
    claims
}

/// Something that the SDK builds, or says which field is missing.
pub trait Built<T> {
    fn built(self, call: &str) -> Result<T, Failure>;
}

impl<T> Built<T> for Result<T, BuildError> {
    fn built(self, call: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(FailureClass::Invalid, call, error.to_string()))
    }
}

/// An answer that may be "there is none".
pub trait Absent<T> {
    fn absent(self) -> Result<Option<T>, Failure>;
}

impl<T> Absent<T> for Result<T, Failure> {
    fn absent(self) -> Result<Option<T>, Failure> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.class == FailureClass::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// A failure of a call about something that was made a moment ago: not seeing it is lag.
pub fn just_made(failure: Failure) -> Failure {
    match failure.class {
        FailureClass::NotFound => Failure { class: FailureClass::Lagging, ..failure },
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_tags_would() {
        let tags = read_mark("ours: billpay:environment=dev billpay:address=s3-cloudfront/bucket.a note=x");
        let expected = [(ENVIRONMENT_TAG, "dev"), (ADDRESS_TAG, "s3-cloudfront/bucket.a")];
        assert_eq!(tags, expected.map(|(key, value)| (key.to_string(), value.to_string())).into());
        assert!(read_mark("made by hand").is_empty());
    }
}
