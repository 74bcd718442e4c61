//! The ECR repository of a backend service.

use async_trait::async_trait;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    Repository as Ecr, Tag,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Attachment, Goal};
use billpay_model::address::Address;
use billpay_model::environment::{Environment, Registry};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::Tags;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::addresses;
use super::support::named::{self, Built};
use super::support::owned::{self, TagChanges};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags};
use crate::{Explain, Lagging, Optional, expect_created};

pub struct Repository;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    scan_on_push: bool,
    tag_mutability: String,
    encryption: String,
    /// The lifecycle policy as a document, null for none.
    lifecycle: Value,
    tags: Tags,
}

#[async_trait]
impl Kind for Repository {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "repository",
        component: "ecr",
        aws_type: "AWS::ECR::Repository",
        immutable: &["encryption"],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: true,
        global: false,
        holds_data: true,
        gives_access: &[],
        usual: Usual::QUICK,
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::repository(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let mutability = match env.registry.immutable_tags {
            true => ImageTagMutability::Immutable,
            false => ImageTagMutability::Mutable,
        };
        let desire = |service: &String| {
            let (address, name) = (addresses::repository(service), names::repository(env, service));
            let attrs = Attrs {
                scan_on_push: env.registry.scan_on_push,
                tag_mutability: mutability.to_string(),
                encryption: EncryptionType::Aes256.to_string(),
                lifecycle: lifecycle(&env.registry),
                tags: tags(env, &address, &name),
                name,
            };
            Desire::new(address, attrs)
        };
        env.services.keys().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let listed = list(cx, &look).await?;
        let look = &look;
        named::details(listed, |repository| describe(cx, look, repository)).await
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        _own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        if cx.goal == Goal::Destroy {
            return Ok(vec![]);
        }
        let read = leaving.iter().map(|repository| async {
            let call = cx.aws.ecr.list_images().repository_name(&repository.id).max_results(1);
            let images = call.send().await.at("ecr:ListImages").optional()?;
            let image = images.and_then(|images| images.image_ids?.into_iter().next());
            Ok::<_, Failure>(image.map(|image| {
                let id = image.image_tag.or(image.image_digest).unwrap_or_default();
                attachment::<Repository>(&repository.id, id, "image, perhaps not the only one")
            }))
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let call = "ecr:CreateRepository";
        let attrs = new.attrs;
        let encryption = EncryptionConfiguration::builder()
            .encryption_type(EncryptionType::from(attrs.encryption.as_str()))
            .build()
            .built(call)?;
        let made = cx
            .aws
            .ecr
            .create_repository()
            .repository_name(&attrs.name)
            .image_tag_mutability(ImageTagMutability::from(attrs.tag_mutability.as_str()))
            .image_scanning_configuration(scanning(&attrs))
            .encryption_configuration(encryption)
            .set_tags(Some(ecr_tags(&attrs.tags)?))
            .send()
            .await
            .at(call)?;
        let repository = expect_created(made.repository, call)?;
        put_lifecycle(cx, &attrs).await.lagging()?;
        Ok(found(new.address, &repository, attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let (ecr, has) = (&cx.aws.ecr, &found.attrs);
        if has.tag_mutability != wanted.tag_mutability {
            let mutability = ImageTagMutability::from(wanted.tag_mutability.as_str());
            let call = ecr.put_image_tag_mutability().repository_name(&wanted.name);
            call.image_tag_mutability(mutability).send().await.at("ecr:PutImageTagMutability")?;
        }
        if has.scan_on_push != wanted.scan_on_push {
            let call = ecr.put_image_scanning_configuration().repository_name(&wanted.name);
            let call = call.image_scanning_configuration(scanning(wanted));
            call.send().await.at("ecr:PutImageScanningConfiguration")?;
        }
        if has.lifecycle != wanted.lifecycle {
            put_lifecycle(cx, wanted).await?;
        }
        let arn = found.arn();
        let set = async |set: Tags| {
            let call = ecr.tag_resource().resource_arn(arn).set_tags(Some(ecr_tags(&set)?));
            call.send().await.at("ecr:TagResource").map(drop)
        };
        let unset = async |unset| {
            let call = ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(unset));
            call.send().await.at("ecr:UntagResource").map(drop)
        };
        TagChanges::new(&has.tags, &wanted.tags).apply(set, unset).await?;
        Ok(Progress::Done)
    }

    /// Images go with the repository only when all of the environment goes, which a person
    /// confirms. A service that left the spec, or a repository that is replaced, must not
    /// take images along that a release may still need: then ECR itself refuses, so
    /// that an image pushed meanwhile is safe too.
    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let call = "ecr:DeleteRepository";
        let tags = read_tags(cx, found.arn()).await?;
        owned::prove_deletable(cx, &found.address, &found.id, &tags, permit, call)?;
        let force = cx.goal == Goal::Destroy;
        let request = cx.aws.ecr.delete_repository().repository_name(&found.id).force(force);
        match request.send().await.at(call) {
            Ok(_) => Ok(Progress::Done),
            Err(failure) if failure.class == FailureClass::InUse => Err(Failure {
                // Trying again doesn't help, so this is not `InUse`.
                class: FailureClass::Invalid,
                message: format!(
                    "{} still holds images, which don't go when a service leaves the spec: delete them \
                     yourself (`aws ecr delete-repository --force --repository-name {0}`), or put the \
                     service back",
                    found.id
                ),
                ..failure
            }),
            Err(failure) => Err(failure),
        }
    }
}

/// The repositories that could be the environment's, by their names.
async fn list(cx: Context<'_>, look: &Look<'_, Attrs>) -> Result<Vec<Ecr>, Failure> {
    let call = "ecr:DescribeRepositories";
    let request = cx.aws.ecr.describe_repositories();
    if let (Some(_), [(_, attrs)]) = (look.only, look.wanted) {
        let answer = request.repository_names(&attrs.name).send().await.at(call).optional()?;
        return Ok(answer.and_then(|answer| answer.repositories).unwrap_or_default());
    }
    let (prefix, suffix) = (format!("{}-", cx.env.project), names::repository_suffix(cx.env));
    let mut pages = request.into_paginator().page_size(1000).items().send();
    let mut listed = vec![];
    while let Some(repository) = pages.next().await {
        let repository = repository.at(call)?;
        let name = repository.repository_name().unwrap_or_default();
        if cx.is_thorough || (name.starts_with(&prefix) && name.ends_with(&suffix)) {
            listed.push(repository);
        }
    }
    Ok(listed)
}

/// Whose a repository is and how it is set up.
async fn describe(
    cx: Context<'_>,
    look: &Look<'_, Attrs>,
    repository: Ecr,
) -> Result<Vec<Found<Attrs>>, Failure> {
    let name = repository.repository_name().unwrap_or_default().to_string();
    let policy = async {
        let call = cx.aws.ecr.get_lifecycle_policy().repository_name(&name);
        call.send().await.at("ecr:GetLifecyclePolicy").optional()
    };
    let (tags, policy) =
        futures::try_join!(read_tags(cx, repository.repository_arn().unwrap_or_default()), policy)?;
    let wanted = look.wanted(|attrs| attrs.name == name).map(|(address, _)| address);
    let owners = cx.owned::<Repository>(&Identity::new(&name, &tags).named(&name), wanted, look.only);
    let attrs = Attrs {
        scan_on_push: repository.image_scanning_configuration().is_some_and(|scan| scan.scan_on_push()),
        tag_mutability: repository.image_tag_mutability().map(ToString::to_string).unwrap_or_default(),
        encryption: match repository.encryption_configuration() {
            Some(encryption) => encryption.encryption_type().to_string(),
            None => EncryptionType::Aes256.to_string(),
        },
        lifecycle: policy.and_then(|policy| policy.lifecycle_policy_text).map(parse).unwrap_or_default(),
        tags: cx.managed(tags),
        name,
    };
    let found = |(address, ownership)| found(address, &repository, attrs.clone()).owned(ownership);
    Ok(owners.into_iter().map(found).collect())
}

fn found(address: Address, repository: &Ecr, attrs: Attrs) -> Found<Attrs> {
    Found::new(address, attrs.name.clone(), attrs)
        .output("arn", repository.repository_arn().unwrap_or_default())
        .output("uri", repository.repository_uri().unwrap_or_default())
}

fn scanning(attrs: &Attrs) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(attrs.scan_on_push).build()
}

async fn read_tags(cx: Context<'_>, arn: &str) -> Result<Tags, Failure> {
    let call = "ecr:ListTagsForResource";
    let answer = cx.aws.ecr.list_tags_for_resource().resource_arn(arn).send().await.at(call)?;
    Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn ecr_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().built("ecr:TagResource");
    tags.iter().map(tag).collect()
}

async fn put_lifecycle(cx: Context<'_>, attrs: &Attrs) -> Result<(), Failure> {
    let text = attrs.lifecycle.to_string();
    let call = cx.aws.ecr.put_lifecycle_policy().repository_name(&attrs.name).lifecycle_policy_text(text);
    call.send().await.at("ecr:PutLifecyclePolicy")?;
    Ok(())
}

/// Untagged images are left-overs of pushes and go by age; of the tagged ones the newest stay.
fn lifecycle(registry: &Registry) -> Value {
    json!({"rules": [
        {
            "rulePriority": 1,
            "description": format!("Expire untagged images after {} days", registry.expire_untagged_days),
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": registry.expire_untagged_days,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": format!("Keep the newest {} tagged images", registry.keep_images),
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": registry.keep_images,
            },
            "action": {"type": "expire"},
        },
    ]})
}

/// A lifecycle policy as a document, its rules in the order of their priority, which is
/// all that their order means. What is no JSON shows as the text that it is.
fn parse(text: String) -> Value {
    let Ok(mut document) = serde_json::from_str::<Value>(&text) else { return Value::String(text) };
    if let Some(rules) = document.get_mut("rules").and_then(Value::as_array_mut) {
        rules.sort_by_key(|rule| rule.get("rulePriority").and_then(Value::as_i64));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_it_was_written_whatever_its_layout() {
        let registry =
            Registry { scan_on_push: true, immutable_tags: true, keep_images: 30, expire_untagged_days: 7 };
        let mut written = lifecycle(&registry);
        let wanted = written.clone();
        written["rules"].as_array_mut().unwrap().reverse();
        assert_eq!(parse(serde_json::to_string_pretty(&written).unwrap()), wanted);
        assert_eq!(parse("{".to_string()), json!("{"));
    }
}
