//! The lifecycle rules of a bucket, in the shape that they are compared in.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration,
};
use billpay_model::failure::Failure;
use serde::{Deserialize, Serialize};

use super::named::Built;

/// Lifecycle rule of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    id: String,
    enabled: bool,
    /// The keys it is about, empty for all.
    prefix: String,
    expire_old_versions_days: Option<i32>,
    abort_uploads_days: Option<i32>,
    remove_expired_delete_markers: bool,
    /// Effects that our rules never have; named so that they show as a difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<String>,
}

impl Rule {
    /// The one rule of our buckets: old versions go after some days, what was half
    /// uploaded after a week, and markers of deleted objects with their last version.
    pub fn tidy(old_versions_days: u32) -> Rule {
        Rule {
            id: "tidy".to_string(),
            enabled: true,
            prefix: String::new(),
            expire_old_versions_days: i32::try_from(old_versions_days).ok(),
            abort_uploads_days: Some(7),
            remove_expired_delete_markers: true,
            more: vec![],
        }
    }
}

/// The rules of a bucket as they are compared, sorted by id.
pub fn read(rules: Option<Vec<LifecycleRule>>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = rules.unwrap_or_default().into_iter().map(read_one).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

fn read_one(rule: LifecycleRule) -> Rule {
    let filter = rule.filter.as_ref();
    let expiration = rule.expiration.as_ref();
    let old = rule.noncurrent_version_expiration.as_ref();
    let more = [
        ("expires by age", expiration.is_some_and(|by| by.days.is_some_and(|days| days > 0))),
        ("expires by date", expiration.is_some_and(|by| by.date.is_some())),
        ("keeps a number of old versions", old.is_some_and(|old| old.newer_noncurrent_versions.is_some())),
        ("filters by tag", filter.is_some_and(|filter| filter.tag.is_some())),
        ("filters by several things", filter.is_some_and(|filter| filter.and.is_some())),
        (
            "filters by size",
            filter.is_some_and(|filter| {
                filter.object_size_greater_than.is_some() || filter.object_size_less_than.is_some()
            }),
        ),
        ("moves objects", rule.transitions.as_ref().is_some_and(|moves| !moves.is_empty())),
        (
            "moves old versions",
            rule.noncurrent_version_transitions.as_ref().is_some_and(|moves| !moves.is_empty()),
        ),
    ];
    // The first form of a rule had its prefix outside the filter.
    #[allow(deprecated)]
    let prefix = filter.and_then(|filter| filter.prefix.clone()).or_else(|| rule.prefix.clone());
    Rule {
        id: rule.id.clone().unwrap_or_default(),
        enabled: rule.status == ExpirationStatus::Enabled,
        prefix: prefix.unwrap_or_default(),
        expire_old_versions_days: old.and_then(|old| old.noncurrent_days),
        abort_uploads_days: rule
            .abort_incomplete_multipart_upload
            .as_ref()
            .and_then(|abort| abort.days_after_initiation),
        remove_expired_delete_markers: expiration
            .and_then(|by| by.expired_object_delete_marker)
            .unwrap_or(false),
        more: more.into_iter().filter(|(_, is)| *is).map(|(what, _)| what.to_string()).collect(),
    }
}

/// Rules of our own as S3 takes them.
pub fn write(rules: &[Rule]) -> Result<Vec<LifecycleRule>, Failure> {
    rules.iter().map(write_one).collect()
}

fn write_one(rule: &Rule) -> Result<LifecycleRule, Failure> {
    let old = |days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build();
    let abort = |days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build();
    let markers = || LifecycleExpiration::builder().expired_object_delete_marker(true).build();
    LifecycleRule::builder()
        .id(&rule.id)
        .status(if rule.enabled { ExpirationStatus::Enabled } else { ExpirationStatus::Disabled })
        .filter(LifecycleRuleFilter::builder().prefix(&rule.prefix).build())
        .set_noncurrent_version_expiration(rule.expire_old_versions_days.map(old))
        .set_abort_incomplete_multipart_upload(rule.abort_uploads_days.map(abort))
        .set_expiration(rule.remove_expired_delete_markers.then(markers))
        .build()
        .built("s3:PutLifecycleConfiguration")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::{Transition, TransitionStorageClass};

    #[test]
    fn our_rule_reads_back_as_it_was_written() {
        let rules = vec![Rule::tidy(30)];
        assert_eq!(read(Some(write(&rules).unwrap())), rules);
    }

    #[test]
    fn what_others_add_to_it_shows() {
        let mut rules = write(&[Rule::tidy(30)]).unwrap();
        let glacier = Transition::builder().days(1).storage_class(TransitionStorageClass::Glacier).build();
        rules[0].transitions = Some(vec![glacier]);
        assert_eq!(read(Some(rules))[0].more, ["moves objects"]);
    }
}
