//! Shared by the IAM kinds: reading the account in bulk, and policy documents.

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, Tag};
use billpay_model::access::normal;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::Tags;
use serde_json::Value;

use crate::Explain;
use crate::kinds::kind::Context;

/// Returns all roles and policies of the account, with documents and attachments, page by page: a handful of calls
/// however many there are. IAM has no filter by tag.
///
/// # Errors
/// Fails if a page can't be read.
pub async fn everything(cx: Context<'_>) -> Result<Vec<GetAccountAuthorizationDetailsOutput>, Failure> {
    let call = cx.aws.iam.get_account_authorization_details().max_items(1000);
    let call = call.filter(EntityType::Role).filter(EntityType::LocalManagedPolicy);
    let read =
        async { call.into_paginator().send().try_collect().await.at("iam:GetAccountAuthorizationDetails") };
    cx.once("roles and policies", read).await
}

/// The tags of something that was found.
pub fn tags(found: Option<Vec<Tag>>) -> Tags {
    found.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Tags for a call.
pub fn to_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<Tag>, _> = tags.iter().map(tag).collect();
    tags.map_err(|error| Failure::new(FailureClass::Invalid, "billpay", error.to_string()))
}

/// A policy document as IAM answers with it: URL-encoded JSON.
pub fn document(text: &str) -> Value {
    let decoded = if text.trim_start().starts_with('{') { text.to_string() } else { url_decode(text) };
    match serde_json::from_str(&decoded) {
        Ok(document) => normal(document),
        Err(_) => Value::String(decoded),
    }
}

fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_come_encoded_or_plain() {
        let expected = json!({"Version": "2012-10-17", "Statement": [{"Sid": "a+b é"}]});
        let plain = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a+b é"}]}"#;
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22a%2Bb%20%C3%A9%22%7D%5D%7D";
        assert_eq!(document(plain), expected);
        assert_eq!(document(encoded), expected);
        assert_eq!(document("not%20json%"), json!("not json%"));
    }
}
