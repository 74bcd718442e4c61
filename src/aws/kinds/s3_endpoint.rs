//! The gateway endpoint of S3: image layers and backups reach S3 free of charge, not through NAT.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, State, VpcEndpointType};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Action, Change, Plan};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Ref, Status, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::support::ec2;
use super::{addresses, route_table};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, expect_created, refusal};

pub struct S3Endpoint;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    vpc: Ref,
    service: String,
    /// The route tables whose subnets reach S3 through it.
    route_tables: ec2::Refs,
    policy: Value,
    tags: Tags,
}

#[async_trait]
impl Kind for S3Endpoint {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "s3-endpoint",
        component: "network",
        aws_type: "AWS::EC2::VPCEndpoint",
        immutable: &["vpc", "service"],
        gives_access: &["policy"],
        stands_on: &[Base::held("vpc"), Base::used("route-table")],
        constraints: &[Constraint::Unique(&["service", "route_tables"])],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 5, update: 2, delete: 10 },
    };
    fn fits(env: &Environment, _: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, "s3-endpoint"))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        if !env.network.s3_endpoint {
            return vec![];
        }
        let address = addresses::s3_endpoint();
        let attrs = Attrs {
            vpc: Ref::id(&addresses::vpc()),
            service: format!("com.amazonaws.{}.s3", env.region),
            route_tables: ec2::refs(addresses::route_tables(env)),
            policy: full_access(),
            tags: tags(env, &address, &names::own(env, "s3-endpoint")),
        };
        vec![Desire::new(address, attrs)]
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let endpoints = async {
            let call = cx.aws.ec2.describe_vpc_endpoints().set_filters(Some(ec2::filters(cx, look.only)));
            call.into_paginator().items().send().try_collect().await.at("ec2:DescribeVpcEndpoints")
        };
        let (endpoints, keys) = try_join!(endpoints, route_table::keys(cx))?;
        let found = endpoints.into_iter().filter_map(|endpoint| {
            let status = status(endpoint.state.as_ref())?;
            let tags = ec2::tags(endpoint.tags);
            let id = endpoint.vpc_endpoint_id?;
            let (address, ownership) =
                cx.owner_of::<S3Endpoint>(&Identity::new(&id, &tags), None, look.only)?;
            let attrs = Attrs {
                vpc: endpoint.vpc_id.unwrap_or_default().into(),
                service: endpoint.service_name.unwrap_or_default(),
                route_tables: ec2::found_refs(endpoint.route_table_ids.unwrap_or_default(), &keys),
                policy: policy(endpoint.policy_document.as_deref()),
                tags: cx.managed(tags),
            };
            Some(Found::new(address, id, attrs).status(status).owned(ownership))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        for attempt in 0..ec2::ATTEMPTS {
            let route_tables = new.attrs.route_tables.values().map(|table| table.text().to_string());
            let call = cx
                .aws
                .ec2_once
                .create_vpc_endpoint()
                .vpc_endpoint_type(VpcEndpointType::Gateway)
                .vpc_id(new.attrs.vpc.text())
                .service_name(&new.attrs.service)
                .set_route_table_ids(Some(route_tables.collect()))
                .policy_document(new.attrs.policy.to_string())
                .client_token(ec2::token(&new, attempt))
                .tag_specifications(ec2::tag_specification(ResourceType::VpcEndpoint, &new.attrs.tags));
            let made = call.send().await.at("ec2:CreateVpcEndpoint").lagging()?.vpc_endpoint;
            let endpoint = expect_created(made, "ec2:CreateVpcEndpoint")?;
            match status(endpoint.state.as_ref()) {
                None | Some(Status::Deleting | Status::Failed) => continue,
                Some(status) => {
                    let id = expect_created(endpoint.vpc_endpoint_id, "ec2:CreateVpcEndpoint")?;
                    ec2::write_id(cx, &id, &new.attrs.tags).await?;
                    return Ok(Found::new(new.address, id, new.attrs).status(status));
                }
            }
        }
        Err(ec2::spent("ec2:CreateVpcEndpoint"))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let have = &found.attrs;
        let add = ec2::beyond(&wanted.route_tables, &have.route_tables);
        let remove = ec2::beyond(&have.route_tables, &wanted.route_tables);
        let policy = (have.policy != wanted.policy).then(|| wanted.policy.to_string());
        if !add.is_empty() || !remove.is_empty() || policy.is_some() {
            let owned = |ids: Vec<&str>| {
                (!ids.is_empty()).then(|| ids.into_iter().map(str::to_string).collect::<Vec<_>>())
            };
            cx.aws
                .ec2
                .modify_vpc_endpoint()
                .vpc_endpoint_id(&found.id)
                .set_add_route_table_ids(owned(add))
                .set_remove_route_table_ids(owned(remove))
                .set_policy_document(policy)
                .send()
                .await
                .at("ec2:ModifyVpcEndpoint")
                .lagging()?;
        }
        ec2::retag(cx, found, &have.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let call = cx.aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&found.id);
        let refused = call.send().await.at("ec2:DeleteVpcEndpoints")?.unsuccessful.unwrap_or_default();
        match refused.into_iter().find_map(|item| item.error) {
            Some(error) => {
                let (code, message) = (error.code.unwrap_or_default(), error.message.unwrap_or_default());
                Err(refusal("ec2:DeleteVpcEndpoints", &code, &message))
            }
            None => Ok(Progress::Underway),
        }
    }
}

/// Returns why an endpoint of a plan can't be on its route tables: one that the environment did not make is there
/// for the same service. Makes a call only where an endpoint meets route tables that it is not on today.
pub async fn refusals(cx: Context<'_>, plan: &Plan) -> Result<Vec<(Address, String)>, Failure> {
    let address = addresses::s3_endpoint();
    let is_new = |change: &&Change| match change.action {
        Action::Create | Action::Replace => true,
        Action::Update => change.fields.iter().any(|field| field.path.starts_with("route_tables")),
        Action::NoOp | Action::Delete => false,
    };
    let stays = |change: &&Change| matches!(change.action, Action::NoOp | Action::Update);
    let stay = |kind: &'static str| {
        plan.changes.iter().filter(move |one| one.address.kind() == kind).filter(stays).filter_map(Change::id)
    };
    let tables: BTreeSet<&str> = stay("route-table").collect();
    let vpc = stay("vpc").next();
    let change = plan.changes.iter().filter(|change| change.address == address).find(is_new);
    let (Some(_), Some(vpc), false) = (change, vpc, tables.is_empty()) else { return Ok(vec![]) };
    let own: BTreeSet<&str> = plan.changes.iter().filter_map(Change::id).collect();
    let service = ec2::filter("service-name", &format!("com.amazonaws.{}.s3", cx.env.region));
    let call = cx.aws.ec2.describe_vpc_endpoints().filters(ec2::filter("vpc-id", vpc)).filters(service);
    let mut pages = call.into_paginator().items().send();
    let mut refused = vec![];
    while let Some(endpoint) = pages.next().await {
        let endpoint = endpoint.at("ec2:DescribeVpcEndpoints")?;
        let id = endpoint.vpc_endpoint_id.unwrap_or_default();
        let on = endpoint.route_table_ids.unwrap_or_default();
        let met = on.iter().find(|table| tables.contains(table.as_str()));
        if let Some(table) = met.filter(|_| !own.contains(id.as_str())) {
            let why = format!(
                "it can't be on {table}: {id}, an endpoint that the environment did not make, leads to S3 there. \
                 Delete that endpoint, or set `network.s3_endpoint` to false"
            );
            refused.push((address.clone(), why));
        }
    }
    Ok(refused)
}

/// Returns the status of an endpoint; none where it is no more. AWS writes the states in small
/// letters, its documentation in capitals.
fn status(state: Option<&State>) -> Option<Status> {
    match state.map(State::as_str).unwrap_or_default().to_ascii_lowercase().as_str() {
        "deleted" => None,
        "deleting" => Some(Status::Deleting),
        "failed" | "rejected" | "expired" => Some(Status::Failed),
        "pending" | "pendingacceptance" => Some(Status::Pending),
        _ => Some(Status::Ready),
    }
}

/// Returns the policy that AWS writes where none is given: access is up to IAM and to the buckets.
fn full_access() -> Value {
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    json!({"Version": "2008-10-17", "Statement": [statement]})
}

/// A policy as an attribute shows it. None at all, or the same in other words, is full access.
fn policy(document: Option<&str>) -> Value {
    let Some(document) = document.filter(|text| !text.is_empty()) else { return full_access() };
    let Ok(policy) = serde_json::from_str::<Value>(document) else { return document.into() };
    let statements = match &policy["Statement"] {
        Value::Array(several) => several.iter().map(normal).collect(),
        one => vec![normal(one)],
    };
    if Value::Array(statements) == full_access()["Statement"] { full_access() } else { policy }
}

/// A statement in the shortest of the wordings that IAM allows for the same thing.
fn normal(statement: &Value) -> Value {
    let fields = statement.as_object().into_iter().flatten().filter(|(name, _)| *name != "Sid");
    let fields = fields.map(|(name, value)| {
        let value = value.get("AWS").filter(|_| name == "Principal").unwrap_or(value);
        let value = match value.as_array().map(Vec::as_slice) {
            Some([only]) => only,
            _ => value,
        };
        (name.clone(), value.clone())
    });
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_access_is_known_in_every_wording() {
        for document in [
            None,
            Some(""),
            Some(
                r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
            ),
            Some(
                r#"{"Version":"2012-10-17","Statement":{"Sid":"all","Effect":"Allow","Principal":{"AWS":"*"},"Action":["*"],"Resource":["*"]}}"#,
            ),
        ] {
            assert_eq!(policy(document), full_access(), "{document:?}");
        }
    }

    #[test]
    fn another_policy_is_a_difference() {
        let narrow =
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}"#;
        assert_ne!(policy(Some(narrow)), full_access());
        assert_eq!(policy(Some("not json")), json!("not json"));
    }

    #[test]
    fn states_are_known_in_either_case() {
        assert_eq!(status(Some(&State::from("available"))), Some(Status::Ready));
        assert_eq!(status(Some(&State::Deleting)), Some(Status::Deleting));
        assert_eq!(status(Some(&State::from("deleted"))), None);
    }
}
