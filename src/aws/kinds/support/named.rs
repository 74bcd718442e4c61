//! Shared by the kinds whose resources are found by a name or a mark, because AWS has no
//! list call that filters by tag: ECR, EKS, S3 and CloudFront.

use aws_smithy_types::error::operation::BuildError;
use billpay_engine::ownership::{Identity, Ownership};
use billpay_model::address::Address;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Owner, PROJECT_TAG, REGION_TAG, Tags};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::Optional;
use crate::kinds::kind::{Context, Kind};

/// Calls about single resources of a kind at the same time.
pub const AT_ONCE: usize = 16;

/// Reads the details of everything that was listed, many at a time. What went away since is left out.
pub async fn details<I, R, F>(
    listed: impl IntoIterator<Item = I>,
    read: impl Fn(I) -> F,
) -> Result<Vec<R::Item>, Failure>
where
    R: IntoIterator,
    F: Future<Output = Result<R, Failure>>,
{
    let reads: Vec<F> = listed.into_iter().map(read).collect();
    let reads = stream::iter(reads).map(|read| async { read.await.optional() });
    let details: Vec<Option<R>> = reads.buffered(AT_ONCE).try_collect().await?;
    Ok(details.into_iter().flatten().flatten().collect())
}

/// Returns the tags that a [`names::mark`] stands for, also one of version 0.1
/// (`billpay:environment=dev billpay:address=…`).
pub fn read_mark(text: &str) -> Tags {
    let mut tags = Tags::new();
    for (key, value) in text.split_whitespace().filter_map(|word| word.split_once('=')) {
        match key {
            names::OWNER_MARK => {
                let parts: Vec<&str> = value.split('/').collect();
                if let [project, environment, region] = parts.as_slice() {
                    let owner =
                        [(PROJECT_TAG, project), (ENVIRONMENT_TAG, environment), (REGION_TAG, region)];
                    tags.extend(owner.map(|(key, value)| (key.to_string(), value.to_string())));
                }
            }
            ENVIRONMENT_TAG | ADDRESS_TAG => {
                tags.insert(key.to_string(), value.to_string());
            }
            _ => {}
        }
    }
    tags
}

/// Returns the owners of a resource that has no tags but a text with a [`names::mark`].
pub fn marked_owners<K: Kind>(
    cx: Context<'_>,
    id: &str,
    name: &str,
    text: &str,
    wanted: Option<&Address>,
    only: Option<&Address>,
) -> Vec<(Address, Ownership)> {
    let tags = read_mark(text);
    let mut owners = cx.owned::<K>(&Identity::new(id, &tags).named(name), wanted, only);
    for (address, ownership) in &mut owners {
        if let Owner::Foreign { evidence } = &mut ownership.owner
            && tags.is_empty()
        {
            let mark = names::mark(cx.env, address);
            *evidence = format!("`{name}` is its name, and its description does not say `{mark}`");
        }
    }
    owners
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_tags_would() {
        let tags = read_mark("ours: billpay:environment=dev billpay:address=s3-cloudfront/bucket.a note=x");
        let expected = [(ENVIRONMENT_TAG, "dev"), (ADDRESS_TAG, "s3-cloudfront/bucket.a")];
        assert_eq!(tags, expected.map(|(key, value)| (key.to_string(), value.to_string())).into());
        assert!(read_mark("made by hand").is_empty());
        let tags = read_mark("billpay:owner=billpay/dev/us-east-1 billpay:address=s3-cloudfront/bucket.a");
        let expected = [
            (PROJECT_TAG, "billpay"),
            (ENVIRONMENT_TAG, "dev"),
            (REGION_TAG, "us-east-1"),
            (ADDRESS_TAG, "s3-cloudfront/bucket.a"),
        ];
        assert_eq!(tags, expected.map(|(key, value)| (key.to_string(), value.to_string())).into());
        assert!(read_mark("billpay:owner=billpay/dev").is_empty());
    }
}
