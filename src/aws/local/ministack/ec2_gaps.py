"""EC2 calls that ministack lacks or answers otherwise than AWS.

Importing this puts all of them in front of ministack's: see `ec2_network`, `ec2_groups`,
`ec2_endpoints`, `ec2_interfaces` and `ec2_describes`. Here are tags, launch templates, the account, and dry runs.
"""

import ec2_describes  # noqa: F401  (imported for what it installs, like the next four)
import ec2_endpoints  # noqa: F401
import ec2_groups  # noqa: F401
import ec2_interfaces  # noqa: F401
import ec2_network  # noqa: F401
from ec2_base import Refused, action, answer, done, drop_tags, one, remember, replay, several, tag_set, there
from gap_kit import in_front_of, require
from ministack.services import ec2

require(ec2, "_guess_resource_type", "_glob_match", "_DEFAULT_VPC_ID")

# --- Tags --------------------------------------------------------------------------------

KINDS = {  # id prefix -> where it must be, and what EC2 calls its absence
    "vpc": ("_vpcs", "InvalidVpcID.NotFound", "vpc ID"),
    "subnet": ("_subnets", "InvalidSubnetID.NotFound", "subnet ID"),
    "igw": ("_internet_gateways", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    "eipalloc": ("_addresses", "InvalidAllocationID.NotFound", "allocation ID"),
    "nat": ("_nat_gateways", "NatGatewayNotFound", "NAT gateway"),
    "rtb": ("_route_tables", "InvalidRouteTableID.NotFound", "routeTable ID"),
    "sg": ("_security_groups", "InvalidGroup.NotFound", "security group"),
    "vpce": ("_vpc_endpoints", "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
    "lt": ("_launch_templates", "InvalidLaunchTemplateId.NotFound", "launch template"),
}


def check_taggable(params):
    for key in several(params, "ResourceId"):
        kind = KINDS.get(key.rpartition("-")[0])
        if kind:
            store, code, what = kind
            there(getattr(ec2, store), key, code, what)


@action("CreateTags")
def create_tags(theirs, params):
    check_taggable(params)
    response = theirs(params)
    follow_templates(params)
    return response


@action("DeleteTags")
def delete_tags(theirs, params):
    """A tag given with a value goes only if it has that value; without tags, all go."""
    check_taggable(params)
    number, unwanted = 1, {}
    while one(params, f"Tag.{number}.Key"):
        value = params.get(f"Tag.{number}.Value")
        unwanted[one(params, f"Tag.{number}.Key")] = None if value is None else one(params, f"Tag.{number}.Value")
        number += 1
    for key in several(params, "ResourceId"):
        ec2._tags[key] = [
            t
            for t in ec2._tags.get(key, [])
            if unwanted and not (t["Key"] in unwanted and unwanted[t["Key"]] in (None, t.get("Value", "")))
        ]
    follow_templates(params)
    return done("DeleteTags")


def follow_templates(params):
    """Launch templates carry a copy of their tags, which their describe call shows."""
    for key in several(params, "ResourceId"):
        if key in ec2._launch_templates:
            ec2._launch_templates[key]["Tags"] = ec2._tags.get(key, [])


@action("DescribeTags")
def describe_tags(theirs, params):
    wanted = ec2._parse_filters(params)
    found = []
    for resource_id, tags in ec2._tags.items():
        for tag in tags:
            shown = {
                "resourceId": resource_id,
                "resourceType": ec2._guess_resource_type(resource_id),
                "key": tag["Key"],
                "value": tag.get("Value", ""),
            }
            if all(tag_matches(shown, name, values) for name, values in wanted.items()):
                found.append(shown)
    return answer("DescribeTags", tagSet=found)


def tag_matches(shown, name, values):
    """`tag:<key>` filters by value; all other filters are members of the answer."""
    if name.startswith("tag:"):
        return shown["key"] == name[4:] and any(ec2._glob_match(v, shown["value"]) for v in values)
    member = {"resource-id": "resourceId", "resource-type": "resourceType"}.get(name, name)
    if member not in shown:
        raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    return any(ec2._glob_match(v, shown[member]) for v in values)


# --- Launch templates --------------------------------------------------------------------


@action("DescribeLaunchTemplates")
def describe_launch_templates(theirs, params):
    known = {t["LaunchTemplateName"] for t in ec2._launch_templates.values()}
    for key in several(params, "LaunchTemplateId"):
        if key not in ec2._launch_templates:
            raise Refused(
                "InvalidLaunchTemplateId.NotFound",
                f"The specified launch template, with template ID {key}, does not exist.",
            )
    for name in several(params, "LaunchTemplateName"):
        if name not in known:
            raise Refused(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )
    return theirs(params)


@action("CreateLaunchTemplate")
def create_launch_template(theirs, params):
    known = replay("CreateLaunchTemplate", params, ec2._launch_templates)
    if known:
        return describe_as_created(known)
    before = set(ec2._launch_templates)
    response = theirs(params)
    for made in set(ec2._launch_templates) - before:
        remember("CreateLaunchTemplate", params, made)
        return describe_as_created(ec2._launch_templates[made])
    return response


def describe_as_created(template):
    return answer(
        "CreateLaunchTemplate",
        launchTemplate={
            "launchTemplateId": template["LaunchTemplateId"],
            "launchTemplateName": template["LaunchTemplateName"],
            "createTime": template["CreateTime"],
            "createdBy": f"arn:aws:iam::{ec2.get_account_id()}:root",
            "defaultVersionNumber": template["DefaultVersionNumber"],
            "latestVersionNumber": template["LatestVersionNumber"],
            "tagSet": tag_set(template["LaunchTemplateId"]),
        },
    )


@action("DeleteLaunchTemplate")
def delete_launch_template(theirs, params):
    before = set(ec2._launch_templates)
    response = theirs(params)
    for gone in before - set(ec2._launch_templates):
        drop_tags(gone)
    return response


# --- The account -------------------------------------------------------------------------


@action("DescribeAccountAttributes", added=True)
def describe_account_attributes(theirs, params):
    attributes = {
        "supported-platforms": "VPC",
        "default-vpc": ec2._DEFAULT_VPC_ID,
        "max-instances": "20",
        "vpc-max-security-groups-per-interface": "5",
        "max-elastic-ips": "5",
        "vpc-max-elastic-ips": "5",
    }
    wanted = several(params, "AttributeName") or list(attributes)
    return answer(
        "DescribeAccountAttributes",
        accountAttributeSet=[
            {"attributeName": name, "attributeValueSet": [{"attributeValue": attributes[name]}]}
            for name in wanted
            if name in attributes
        ],
    )


# --- Dry runs ----------------------------------------------------------------------------


def dry_run(theirs, params):
    """A dry run does nothing; ministack would carry it out."""
    if one(params, "DryRun").lower() == "true":
        return ec2._error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    return theirs(params)


for name in list(ec2._ACTION_MAP):  # last, so that it is in front of everything above
    in_front_of(ec2._ACTION_MAP, name)(dry_run)
