//! The elastic IPs: the addresses that the NAT gateways show to the world.

use async_trait::async_trait;
use aws_sdk_ec2::types::{DomainType, ResourceType};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::Tags;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::support::ec2;
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, expect_created};

pub struct ElasticIp;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    tags: Tags,
}

impl ec2::TaggedAttrs for Attrs {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[async_trait]
impl Kind for ElasticIp {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "elastic-ip",
        component: "network",
        aws_type: "AWS::EC2::EIP",
        immutable: &[],
        gives_access: &[],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |zone: &String| {
            let address = addresses::elastic_ip(zone);
            let attrs = Attrs { tags: tags(env, &address, &names::own(env, address.key())) };
            Desire::new(address, attrs)
        };
        addresses::nat_zones(env).iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let call = cx.aws.ec2.describe_addresses().set_filters(Some(ec2::filters(cx, look.only)));
        let addresses = call.send().await.at("ec2:DescribeAddresses")?.addresses.unwrap_or_default();
        let found = addresses.into_iter().filter_map(|ip| {
            let tags = ec2::tags(ip.tags);
            let id = ip.allocation_id?;
            let (address, ownership) =
                cx.owner_of::<ElasticIp>(&Identity::new(&id, &tags), None, look.only)?;
            let found = Found::new(address, id, Attrs { tags: cx.managed(tags) }).owned(ownership);
            Some(found.output("public_ip", ip.public_ip.unwrap_or_default()))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(ec2::attempt_specification(ResourceType::ElasticIp, &new))
            .send()
            .await
            .at("ec2:AllocateAddress")?;
        let id = expect_created(made.allocation_id, "ec2:AllocateAddress")?;
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs).output("public_ip", made.public_ip.unwrap_or_default()))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let released = cx.aws.ec2.release_address().allocation_id(&found.id).send().await;
        released.at("ec2:ReleaseAddress").map_err(held_address_is_in_use)?;
        Ok(Progress::Done)
    }
}

/// EC2 says that we may not touch an address for as long as something of AWS's, such as a
/// NAT gateway just deleted, holds it. Wrong credentials have the same code, not the same words.
fn held_address_is_in_use(failure: Failure) -> Failure {
    let held = failure.code == "AuthFailure" && failure.message.contains("the specified resource");
    if held { Failure { class: FailureClass::InUse, ..failure } } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal;

    #[test]
    fn an_address_that_aws_holds_is_in_use() {
        let held = "You do not have permission to access the specified resource.";
        let failure = refusal("ec2:ReleaseAddress", "AuthFailure", held);
        assert_eq!(held_address_is_in_use(failure).class, FailureClass::InUse);
        let wrong = "AWS was not able to validate the provided access credentials";
        let failure = refusal("ec2:ReleaseAddress", "AuthFailure", wrong);
        assert_eq!(held_address_is_in_use(failure).class, FailureClass::Credentials);
    }
}
