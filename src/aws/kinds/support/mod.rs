//! Parts that several kinds of one AWS service share, and the large parts of single kinds.

pub mod bucket_contents;
pub mod bucket_lifecycle;
pub mod cluster_calls;
pub mod distribution_config;
pub mod ec2;
pub mod eks;
pub mod iam;
pub mod interfaces;
pub mod named;
pub mod offers;
pub mod owned;
pub mod reads;
pub mod rollback;
pub mod s3;
pub mod security_group_rules;
pub mod tagging;
pub mod vpc_contents;
