//! Checks from outside for a run that fails: region, clock, quotas.

use aws_sdk_ec2::types::AccountAttributeName;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use billpay_model::check::{Check, Health};
use billpay_model::environment::Environment;
use billpay_model::names;
use futures::join;

use super::{Aws, Explain};

/// Clock skew beyond which AWS refuses signed requests, seconds (5 minutes,
/// Signature Version 4), with a margin.
const SKEW: i64 = 240;

impl Aws {
    /// Checks the region and its zones, the clock, and the quotas that EC2 tells.
    pub async fn diagnose(&self, env: &Environment) -> Vec<Check> {
        let (region, clock, addresses) = join!(self.zones(env), self.clock(), self.addresses());
        [region, clock, addresses].into_iter().flatten().collect()
    }

    async fn zones(&self, env: &Environment) -> Option<Check> {
        let zones = self.ec2.describe_availability_zones().send().await.at("ec2:DescribeAvailabilityZones");
        let names: Vec<String> = match zones {
            Ok(zones) => {
                zones.availability_zones.unwrap_or_default().into_iter().filter_map(|z| z.zone_name).collect()
            }
            Err(failure) => return Some(Check::new("region", Health::Bad, failure.to_string())),
        };
        let wanted = (0..usize::from(env.network.zones))
            .map(|index| format!("{}{}", env.region, names::zone_letter(env, index)));
        let missing: Vec<String> = wanted.filter(|zone| !names.contains(zone)).collect();
        Some(if missing.is_empty() {
            Check::new("region", Health::Good, format!("{} with {} zones", env.region, names.len()))
        } else {
            let detail = format!(
                "{} has no {}; choose others in network.zone_letters",
                env.region,
                missing.join(", ")
            );
            Check::new("region", Health::Bad, detail)
        })
    }

    async fn clock(&self) -> Option<Check> {
        let answer = self.sts.get_caller_identity();
        let before = DateTime::from(std::time::SystemTime::now()).secs();
        let server = match answer.send().await {
            Ok(_) => before,
            Err(error) => {
                let date = error.raw_response()?.headers().get("date")?.to_string();
                DateTime::from_str(&date, Format::HttpDate).ok()?.secs()
            }
        };
        let skew = (server - before).abs();
        let health = if skew > SKEW { Health::Bad } else { Health::Good };
        let detail = if skew > SKEW {
            format!("{skew} s off AWS's: requests are refused from 300 s on; set the clock")
        } else {
            "AWS accepts signatures made with it".to_string()
        };
        Some(Check::new("clock", health, detail))
    }

    async fn addresses(&self) -> Option<Check> {
        let name = AccountAttributeName::from("vpc-max-elastic-ips");
        let (limit, used) = join!(
            self.ec2.describe_account_attributes().attribute_names(name).send(),
            self.ec2.describe_addresses().send()
        );
        let limit = limit.ok()?.account_attributes?.into_iter().find_map(|attribute| {
            attribute.attribute_values?.into_iter().next()?.attribute_value?.parse::<usize>().ok()
        })?;
        let used = used.ok()?.addresses.unwrap_or_default().len();
        let health = if used < limit { Health::Good } else { Health::Note };
        Some(Check::new("elastic addresses", health, format!("{used} of {limit} used")))
    }
}
