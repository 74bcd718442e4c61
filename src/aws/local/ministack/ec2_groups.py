"""EC2 security groups: each rule with an id and a description of its own.

ministack keeps the permissions of a call together as one rule; AWS makes one rule of each
peer. Rules are split before ministack sees them, and gathered again where groups are shown.
"""

import json
import re
from xml.sax.saxutils import escape

from ec2_base import (
    Refused,
    action,
    answer,
    done,
    drop_tags,
    is_used_by_eks,
    one,
    several,
    succeeded,
    tag_set,
    there,
)
from gap_kit import in_front_of, require
from ministack.services import ec2

require(ec2, "_parse_ip_permissions", "_rules_match", "_sg_rule_id", "_sg_rule_description", "_security_group_arn")

PEERS = {  # request member -> record member
    "IpRanges": "IpRanges",
    "Ipv6Ranges": "Ipv6Ranges",
    "PrefixListIds": "PrefixListIds",
    "Groups": "UserIdGroupPairs",
}


def one_peer_each(params):
    """The request with every permission split to one peer, which is what AWS calls a rule."""
    pattern = re.compile(r"IpPermissions\.(\d+)\.(.+)")
    rest = {k: v for k, v in params.items() if not pattern.fullmatch(k)}
    permissions = {}
    for key, value in params.items():
        match = pattern.fullmatch(key)
        if match:
            permissions.setdefault(int(match.group(1)), {})[match.group(2)] = value
    number = 0
    for _, members in sorted(permissions.items()):
        common = {k: v for k, v in members.items() if k.partition(".")[0] not in PEERS}
        if one(common, "IpProtocol") == "-1":  # all protocols: AWS drops the ports
            common = {"IpProtocol": common["IpProtocol"]}
        peers = {}
        for key, value in members.items():
            kind, _, tail = key.partition(".")
            if kind in PEERS:
                index, _, member = tail.partition(".")
                peers.setdefault((kind, int(index)), {})[f"{kind}.1.{member}"] = value
        for _, peer in sorted(peers.items()) or [(None, {})]:
            number += 1
            rest.update({f"IpPermissions.{number}.{k}": v for k, v in {**common, **peer}.items()})
    return rest


def group_of(params):
    return there(ec2._security_groups, one(params, "GroupId"), "InvalidGroup.NotFound", "security group")


def authorize(member):
    def function(theirs, params):
        group = group_of(params)
        params = one_peer_each(params)
        for rule in ec2._parse_ip_permissions(params, "IpPermissions"):
            for pair in rule["UserIdGroupPairs"]:
                there(ec2._security_groups, pair.get("GroupId"), "InvalidGroup.NotFound", "security group")
            if any(ec2._rules_match(comparable(rule), comparable(r)) for r in group[member]):
                raise Refused(
                    "InvalidPermission.Duplicate",
                    'the specified rule "peer: ' + ", ".join(peer_names(rule)) + '" already exists',
                )
        response = theirs(params)
        for rule in group[member]:  # keep a rule's id once given: its description may change
            rule.setdefault("SecurityGroupRuleId", ec2._sg_rule_id(group["GroupId"], member.endswith("Egress"), rule))
        return response

    return function


def revoke(member):
    def function(theirs, params):
        group = group_of(params)
        if several(params, "SecurityGroupRuleId"):
            return theirs(params)
        params = one_peer_each(params)
        unwanted = [comparable(r) for r in ec2._parse_ip_permissions(params, "IpPermissions")]
        for rule in unwanted:
            if not any(ec2._rules_match(rule, comparable(r)) for r in group[member]):
                raise Refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
        for rule in [r for r in group[member] if any(ec2._rules_match(u, comparable(r)) for u in unwanted)]:
            group[member].remove(rule)
            drop_tags(rule.get("SecurityGroupRuleId"))
        return done("RevokeSecurityGroupEgress" if member.endswith("Egress") else "RevokeSecurityGroupIngress")

    return function


def comparable(rule):
    """A rule without what doesn't make it another: who owns a referenced group, and descriptions."""
    pairs = [{k: v for k, v in p.items() if k == "GroupId"} for p in rule.get("UserIdGroupPairs", [])]
    lists = [{k: v for k, v in p.items() if k == "PrefixListId"} for p in rule.get("PrefixListIds", [])]
    return {**rule, "UserIdGroupPairs": pairs, "PrefixListIds": lists}


def peer_names(rule):
    return [next(iter(peer.values())) for member in PEERS.values() for peer in rule.get(member, [])]


def describe_rule(member):
    """Change descriptions in place: of the rules named by id, or that match the permissions."""

    def function(theirs, params):
        group = group_of(params)
        number = 1
        while one(params, f"SecurityGroupRuleDescription.{number}.SecurityGroupRuleId"):
            prefix = f"SecurityGroupRuleDescription.{number}"
            rule_id = one(params, f"{prefix}.SecurityGroupRuleId")
            found = [r for r in group[member] if r.get("SecurityGroupRuleId") == rule_id]
            if not found:
                raise Refused(
                    "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist"
                )
            set_description(found[0], one(params, f"{prefix}.Description"))
            number += 1
        for wanted in ec2._parse_ip_permissions(one_peer_each(params), "IpPermissions"):
            found = [r for r in group[member] if ec2._rules_match(comparable(wanted), comparable(r))]
            if not found:
                raise Refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
            set_description(found[0], ec2._sg_rule_description(wanted))
        direction = "Egress" if member.endswith("Egress") else "Ingress"
        return done(f"UpdateSecurityGroupRuleDescriptions{direction}")

    return function


def set_description(rule, description):
    rule.pop("Description", None)
    for member in PEERS.values():
        for peer in rule.get(member, []):
            peer.pop("Description", None)
            if description:
                peer["Description"] = description


@in_front_of(ec2, "_sg_xml")
def show_security_group(theirs, group):
    """As AWS shows it: rules of one protocol and port range gathered into one permission."""
    shown = {**group, "Description": escape(group["Description"]), "GroupName": escape(group["GroupName"])}
    for member in ("IpPermissions", "IpPermissionsEgress"):
        gathered = {}
        for rule in group.get(member, []):
            key = (rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort"))
            into = gathered.setdefault(key, {**rule, **{m: [] for m in PEERS.values()}})
            for peers in PEERS.values():
                into[peers] += rule.get(peers, [])
        shown[member] = list(gathered.values())
    return theirs(shown)


@action("CreateSecurityGroup")
def create_security_group(theirs, params):
    if one(params, "VpcId") and one(params, "VpcId") not in ec2._vpcs:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{one(params, 'VpcId')}' does not exist")
    response = theirs(params)
    made = re.search(rb"<groupId>(sg-[0-9a-f]+)</groupId>", response[2])
    if not succeeded(response) or not made:
        return response
    group_id = made.group(1).decode()
    return answer(
        "CreateSecurityGroup",
        groupId=group_id,
        tagSet=tag_set(group_id),
        securityGroupArn=ec2._security_group_arn(group_id),
        **{"return": True},
    )


@action("DeleteSecurityGroup")
def delete_security_group(theirs, params):
    group_id = one(params, "GroupId")
    for other in ec2._security_groups.values():
        rules = other.get("IpPermissions", []) + other.get("IpPermissionsEgress", [])
        if other["GroupId"] != group_id and any(
            p.get("GroupId") == group_id for r in rules for p in r.get("UserIdGroupPairs", [])
        ):
            raise Refused("DependencyViolation", f"resource {group_id} has a dependent object")
    interfaces = ec2._network_interfaces.values()
    if is_used_by_eks(group_id) or any(group_id in json.dumps(e, default=str) for e in interfaces):
        raise Refused("DependencyViolation", f"resource {group_id} has a dependent object")
    group = ec2._security_groups.get(group_id, {})
    response = theirs(params)
    if succeeded(response):
        drop_tags(group_id)
        for rule in group.get("IpPermissions", []) + group.get("IpPermissionsEgress", []):
            drop_tags(rule.get("SecurityGroupRuleId"))
    return response


@action("DescribeSecurityGroupRules")
def describe_security_group_rules(theirs, params):
    """ministack knows the ids; the filters by tag are ours."""
    response = theirs(params)
    wanted = ec2._parse_filters(params)
    if not any(name.startswith("tag") for name in wanted) or not succeeded(response):
        return response
    items = re.findall(
        r"<item>\s*<securityGroupRuleId>.*?</item>(?=\s*(?:<item>\s*<securityGroupRuleId>|</securityGroupRuleSet>))",
        response[2].decode(),
        re.DOTALL,
    )
    kept = [
        i
        for i in items
        if ec2._resource_matches_tag_filters(re.search(r"<securityGroupRuleId>(.*?)<", i).group(1), wanted)
    ]
    return ec2._xml(
        200, "DescribeSecurityGroupRulesResponse", f"<securityGroupRuleSet>{''.join(kept)}</securityGroupRuleSet>"
    )


for direction, rules in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):
    action(f"AuthorizeSecurityGroup{direction}")(authorize(rules))
    action(f"RevokeSecurityGroup{direction}")(revoke(rules))
    action(f"UpdateSecurityGroupRuleDescriptions{direction}", added=True)(describe_rule(rules))
