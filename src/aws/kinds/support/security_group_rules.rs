//! The rules of security groups: how they are compared and changed.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::Ref;
use serde::{Deserialize, Serialize};

use crate::kinds::kind::Context;
use crate::{Explain, Lagging, Optional};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Ingress,
    Egress,
}

/// One rule. The order of the fields is the order of rules in a list: what is known before
/// anything exists comes first, and the peer, which may be a group's id, last. So the same
/// rules are in the same order before and after their groups are made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    direction: Direction,
    /// `tcp`, `udp`, `icmp` or `all`.
    protocol: String,
    /// First port; none where the protocol has no ports.
    from: Option<i32>,
    /// Last port.
    to: Option<i32>,
    description: String,
    /// A range of addresses, a prefix list, a group, or `self`.
    pub peer: Ref,
}

impl Rule {
    pub fn tcp(direction: Direction, port: u16, peer: Ref, description: &str) -> Rule {
        let (protocol, port, description) = ("tcp".to_string(), Some(port.into()), description.to_string());
        Rule { direction, protocol, from: port, to: port, description, peer }
    }

    pub fn all(direction: Direction, peer: Ref, description: &str) -> Rule {
        let (protocol, description) = ("all".to_string(), description.to_string());
        Rule { direction, protocol, from: None, to: None, description, peer }
    }

    /// The rule that EC2 puts into every new group.
    pub fn made_by_aws() -> Rule {
        Rule::all(Direction::Egress, "0.0.0.0/0".into(), "")
    }

    /// Returns true if EC2 takes two rules for the same one: it looks past the description.
    fn is(&self, other: &Rule) -> bool {
        Rule { description: other.description.clone(), ..self.clone() } == *other
    }
}

/// The rules of a group that was found, sorted.
pub fn observed(cx: Context<'_>, group: &SecurityGroup) -> Vec<Rule> {
    let id = group.group_id.as_deref().unwrap_or_default();
    let sides =
        [(Direction::Ingress, &group.ip_permissions), (Direction::Egress, &group.ip_permissions_egress)];
    let mut rules = vec![];
    for (direction, permissions) in sides {
        for permission in permissions.iter().flatten() {
            rules.extend(split(permission, direction, id, &cx.env.account));
        }
    }
    rules.sort();
    rules
}

/// EC2 shows rules that differ only in their peer as one permission; here each is its own.
fn split(permission: &IpPermission, direction: Direction, own_id: &str, account: &str) -> Vec<Rule> {
    let protocol = match permission.ip_protocol.as_deref().unwrap_or("-1") {
        "-1" => "all",
        protocol => protocol,
    };
    let port = |port: Option<i32>| port.filter(|_| protocol != "all");
    let mut peers: Vec<(String, &Option<String>)> = vec![];
    for range in permission.ip_ranges.iter().flatten() {
        peers.push((range.cidr_ip.clone().unwrap_or_default(), &range.description));
    }
    for range in permission.ipv6_ranges.iter().flatten() {
        peers.push((range.cidr_ipv6.clone().unwrap_or_default(), &range.description));
    }
    for list in permission.prefix_list_ids.iter().flatten() {
        peers.push((list.prefix_list_id.clone().unwrap_or_default(), &list.description));
    }
    for pair in permission.user_id_group_pairs.iter().flatten() {
        let group = pair.group_id.clone().unwrap_or_default();
        let peer = match pair.user_id.as_deref() {
            _ if group == own_id => "self".to_string(),
            Some(other) if other != account => format!("{other}/{group}"),
            _ => group,
        };
        peers.push((peer, &pair.description));
    }
    let rule = |(peer, description): (String, &Option<String>)| Rule {
        direction,
        protocol: protocol.to_string(),
        from: port(permission.from_port),
        to: port(permission.to_port),
        description: description.clone().unwrap_or_default(),
        peer: peer.into(),
    };
    peers.into_iter().map(rule).collect()
}

/// A rule as EC2's calls take it.
fn permission(rule: &Rule, own_id: &str) -> IpPermission {
    let description = Some(rule.description.clone()).filter(|text| !text.is_empty());
    let protocol = if rule.protocol == "all" { "-1" } else { &rule.protocol };
    let new = IpPermission::builder().ip_protocol(protocol).set_from_port(rule.from).set_to_port(rule.to);
    let pair = |group: &str| UserIdGroupPair::builder().group_id(group).set_description(description.clone());
    let new = match rule.peer.text() {
        "self" => new.user_id_group_pairs(pair(own_id).build()),
        group if group.starts_with("sg-") => new.user_id_group_pairs(pair(group).build()),
        list if list.starts_with("pl-") => {
            let list = PrefixListId::builder().prefix_list_id(list);
            new.prefix_list_ids(list.set_description(description).build())
        }
        range if range.contains(':') => {
            new.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range).set_description(description).build())
        }
        other => match other.split_once("/sg-") {
            Some((account, _)) => {
                let group = &other[account.len() + 1..];
                new.user_id_group_pairs(pair(group).user_id(account).build())
            }
            None => new.ip_ranges(IpRange::builder().cidr_ip(other).set_description(description).build()),
        },
    };
    new.build()
}

/// Makes the rules of a group what is wanted: adds first and takes away last, so that what
/// is allowed before and after is allowed all the time.
pub async fn apply(cx: Context<'_>, id: &str, have: &[Rule], want: &[Rule]) -> Result<(), Failure> {
    let lacks = |rules: &[Rule], rule: &Rule| !rules.iter().any(|other| other.is(rule));
    let missing: Vec<Rule> = want.iter().filter(|rule| lacks(have, rule)).cloned().collect();
    let reworded: Vec<Rule> =
        want.iter().filter(|rule| !lacks(have, rule) && !have.contains(rule)).cloned().collect();
    let extra: Vec<Rule> = have.iter().filter(|rule| lacks(want, rule)).cloned().collect();
    each_way(cx, id, &missing, Change::Authorize).await?;
    each_way(cx, id, &reworded, Change::Describe).await?;
    each_way(cx, id, &extra, Change::Revoke).await.lagging()
}

/// Takes rules away from a group, which may have gone with them.
pub async fn revoke_all(cx: Context<'_>, id: &str, rules: &[Rule]) -> Result<(), Failure> {
    each_way(cx, id, rules, Change::Revoke).await.optional().map(drop)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Authorize,
    Describe,
    Revoke,
}

/// Changes rules with one call for each direction. EC2 refuses all of a call if one rule of
/// it is as it should be already (an earlier answer was lost, or somebody was faster): then
/// it is done rule by rule, past those.
async fn each_way(cx: Context<'_>, id: &str, rules: &[Rule], change: Change) -> Result<(), Failure> {
    for direction in [Direction::Ingress, Direction::Egress] {
        let rules = rules.iter().filter(|rule| rule.direction == direction);
        let permissions: Vec<IpPermission> = rules.map(|rule| permission(rule, id)).collect();
        if permissions.is_empty() {
            continue;
        }
        match send(cx, id, permissions.clone(), direction, change).await {
            Err(failure) if is_done(&failure, change) => {
                for permission in permissions {
                    match send(cx, id, vec![permission], direction, change).await {
                        Err(failure) if is_done(&failure, change) => {}
                        done => done?,
                    }
                }
            }
            done => done?,
        }
    }
    Ok(())
}

/// Returns true if a refusal says that a rule is as it should be.
fn is_done(failure: &Failure, change: Change) -> bool {
    match change {
        Change::Authorize => failure.class == FailureClass::Exists,
        Change::Describe => false,
        // Of a group that isn't there it says another code.
        Change::Revoke => failure.code == "InvalidPermission.NotFound",
    }
}

async fn send(
    cx: Context<'_>,
    id: &str,
    permissions: Vec<IpPermission>,
    direction: Direction,
    change: Change,
) -> Result<(), Failure> {
    use Change::*;
    use Direction::*;
    let (ec2, permissions) = (&cx.aws.ec2, Some(permissions));
    match (change, direction) {
        (Authorize, Ingress) => {
            let call = ec2.authorize_security_group_ingress().group_id(id).set_ip_permissions(permissions);
            call.send().await.at("ec2:AuthorizeSecurityGroupIngress").lagging().map(drop)
        }
        (Authorize, Egress) => {
            let call = ec2.authorize_security_group_egress().group_id(id).set_ip_permissions(permissions);
            call.send().await.at("ec2:AuthorizeSecurityGroupEgress").lagging().map(drop)
        }
        (Describe, Ingress) => {
            let call = ec2.update_security_group_rule_descriptions_ingress().group_id(id);
            let call = call.set_ip_permissions(permissions).send().await;
            call.at("ec2:UpdateSecurityGroupRuleDescriptionsIngress").lagging().map(drop)
        }
        (Describe, Egress) => {
            let call = ec2.update_security_group_rule_descriptions_egress().group_id(id);
            let call = call.set_ip_permissions(permissions).send().await;
            call.at("ec2:UpdateSecurityGroupRuleDescriptionsEgress").lagging().map(drop)
        }
        (Revoke, Ingress) => {
            let call = ec2.revoke_security_group_ingress().group_id(id).set_ip_permissions(permissions);
            call.send().await.at("ec2:RevokeSecurityGroupIngress").map(drop)
        }
        (Revoke, Egress) => {
            let call = ec2.revoke_security_group_egress().group_id(id).set_ip_permissions(permissions);
            call.send().await.at("ec2:RevokeSecurityGroupEgress").map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn groups(group: &str, account: &str) -> IpPermission {
        let pair = UserIdGroupPair::builder().group_id(group).user_id(account).description("x").build();
        IpPermission::builder().ip_protocol("-1").from_port(-1).user_id_group_pairs(pair).build()
    }

    #[test]
    fn shows_each_peer_as_a_rule_and_itself_as_self() {
        let peers = |permission: &IpPermission| -> Vec<String> {
            let rules = split(permission, Direction::Ingress, "sg-own", "111111111111");
            rules.iter().map(|rule| rule.peer.text().to_string()).collect()
        };
        assert_eq!(peers(&groups("sg-own", "111111111111")), ["self"]);
        assert_eq!(peers(&groups("sg-2", "111111111111")), ["sg-2"]);
        assert_eq!(peers(&groups("sg-2", "222222222222")), ["222222222222/sg-2"]);
        let ranges = ["10.0.0.0/16", "10.1.0.0/16"].map(|cidr| IpRange::builder().cidr_ip(cidr).build());
        let two = IpPermission::builder().ip_protocol("tcp").set_ip_ranges(Some(ranges.into())).build();
        assert_eq!(peers(&two), ["10.0.0.0/16", "10.1.0.0/16"]);
    }

    #[test]
    fn sends_what_it_shows() {
        for peer in ["self", "sg-2", "222222222222/sg-2", "10.0.0.0/16", "::/0", "pl-1"] {
            let rule = Rule::tcp(Direction::Ingress, 443, peer.into(), "why");
            let shown = split(&permission(&rule, "sg-own"), Direction::Ingress, "sg-own", "111111111111");
            assert_eq!(shown, [rule]);
        }
        let all = Rule::made_by_aws();
        assert_eq!(split(&permission(&all, "sg-own"), Direction::Egress, "sg-own", ""), [all]);
    }

    #[test]
    fn the_order_of_rules_does_not_depend_on_ids() {
        let link = Ref::from("sg-f");
        let mut rules = vec![
            Rule::tcp(Direction::Ingress, 80, link, "a"),
            Rule::tcp(Direction::Ingress, 80, "sg-0".into(), "b"),
        ];
        let before = rules.clone();
        rules.sort();
        assert_eq!(rules, before);
    }

    #[test]
    fn a_rule_without_ports_shows_none() {
        let rule = serde_json::to_value(Rule::made_by_aws()).unwrap();
        assert_eq!(rule["from"], json!(null));
    }
}
