"""EC2's filters. ministack answers as if a filter that it doesn't know weren't there.

To a program that deletes what a describe call answers, that is the worst of answers. So the
records are chosen here, and ministack shows them; a filter that isn't known here either is
refused.
"""

from ec2_base import action, chosen, several
from ministack.services import ec2


def member(*path):
    """Reads a value of a record, or the values when a step on the way is a list."""

    def read(record):
        values = [record]
        for step in path:
            values = [v.get(step) for v in values if isinstance(v, dict)]
            values = [i for v in values for i in (v if isinstance(v, list) else [v])]
        return [str(v).lower() if isinstance(v, bool) else v for v in values]

    return read


def has_main(table):
    return str(any(a.get("Main") for a in table.get("Associations", []))).lower()


# action: (store, id parameter, error code, what it is, the answer's set, filters)
DESCRIBES = {
    "DescribeVpcs": (
        "_vpcs",
        "VpcId",
        "InvalidVpcID.NotFound",
        "vpc ID",
        "vpcSet",
        {
            "cidr": member("CidrBlock"),
            "is-default": member("IsDefault"),
            "owner-id": member("OwnerId"),
            "state": member("State"),
            "vpc-id": member("VpcId"),
        },
    ),
    "DescribeSubnets": (
        "_subnets",
        "SubnetId",
        "InvalidSubnetID.NotFound",
        "subnet ID",
        "subnetSet",
        {
            "availability-zone": member("AvailabilityZone"),
            "cidr-block": member("CidrBlock"),
            "default-for-az": member("DefaultForAz"),
            "map-public-ip-on-launch": member("MapPublicIpOnLaunch"),
            "state": member("State"),
            "subnet-id": member("SubnetId"),
            "vpc-id": member("VpcId"),
        },
    ),
    "DescribeInternetGateways": (
        "_internet_gateways",
        "InternetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
        "internetGatewaySet",
        {
            "attachment.state": member("Attachments", "State"),
            "attachment.vpc-id": member("Attachments", "VpcId"),
            "internet-gateway-id": member("InternetGatewayId"),
            "owner-id": member("OwnerId"),
        },
    ),
    "DescribeRouteTables": (
        "_route_tables",
        "RouteTableId",
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
        "routeTableSet",
        {
            "association.main": has_main,
            "association.route-table-association-id": member("Associations", "RouteTableAssociationId"),
            "association.route-table-id": member("Associations", "RouteTableId"),
            "association.subnet-id": member("Associations", "SubnetId"),
            "route.destination-cidr-block": member("Routes", "DestinationCidrBlock"),
            "route.gateway-id": member("Routes", "GatewayId"),
            "route.nat-gateway-id": member("Routes", "NatGatewayId"),
            "route-table-id": member("RouteTableId"),
            "vpc-id": member("VpcId"),
        },
    ),
    "DescribeSecurityGroups": (
        "_security_groups",
        "GroupId",
        "InvalidGroup.NotFound",
        "security group",
        "securityGroupInfo",
        {
            "description": member("Description"),
            "group-id": member("GroupId"),
            "group-name": member("GroupName"),
            "egress.ip-permission.group-id": member("IpPermissionsEgress", "UserIdGroupPairs", "GroupId"),
            "ip-permission.group-id": member("IpPermissions", "UserIdGroupPairs", "GroupId"),
            "owner-id": member("OwnerId"),
            "vpc-id": member("VpcId"),
        },
    ),
    "DescribeNetworkInterfaces": (
        "_network_interfaces",
        "NetworkInterfaceId",
        "InvalidNetworkInterfaceID.NotFound",
        "networkInterface ID",
        "networkInterfaceSet",
        {
            "attachment.instance-id": member("Attachment", "InstanceId"),
            "description": member("Description"),
            "group-id": member("Groups", "GroupId"),
            "network-interface-id": member("NetworkInterfaceId"),
            "status": member("Status"),
            "subnet-id": member("SubnetId"),
            "vpc-id": member("VpcId"),
        },
    ),
}


def describing(name, store, id_parameter, code, what, answer_set, filters):
    @action(name)
    def describe(theirs, params):
        ids = several(params, id_parameter)
        found = chosen(params, getattr(ec2, store), ids, code, what, filters)
        if not found:
            return ec2._xml(200, f"{name}Response", f"<{answer_set}/>")
        rest = {k: v for k, v in params.items() if not k.startswith(("Filter.", f"{id_parameter}."))}
        rest.update({f"{id_parameter}.{n}": [record[id_parameter]] for n, record in enumerate(found, 1)})
        return theirs(rest)


for name, how in DESCRIBES.items():
    describing(name, *how)
