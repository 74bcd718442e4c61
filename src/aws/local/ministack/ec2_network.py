"""EC2 networks: zones, subnets, gateways, addresses and route tables, as AWS answers them.

Elastic IPs and NAT gateways are answered by us, because ministack ignores filters on the
former and has no addresses on the latter. Subnets must fit, a route or association exists
once, and what is in use can't be deleted.
"""

import ipaddress
import random
import re
import time

from ec2_base import (
    Refused,
    action,
    answer,
    chosen,
    drop_tags,
    in_use,
    is_used_by_eks,
    new_id,
    one,
    remember,
    replay,
    several,
    succeeded,
    tag_set,
    there,
)
from ec2_offers import zones
from gap_kit import require
from ministack.services import ec2

require(ec2, "_rtb_fields_xml")

NAT_SHOWN_AFTER_DELETE = 3600  # seconds; AWS says about an hour

# --- Zones and subnets -------------------------------------------------------------------


@action("DescribeAvailabilityZones")
def describe_availability_zones(theirs, params):
    """Every zone here is an available zone of the region, so most filters match all or none."""
    region = ec2.get_region()
    constant = {
        "zoneState": "available",
        "regionName": region,
        "groupName": f"{region}-zg-1",
        "networkBorderGroup": region,
        "optInStatus": "opt-in-not-required",
        "zoneType": "availability-zone",
    }
    members = {
        "state": "zoneState",
        "zone-type": "zoneType",
        "opt-in-status": "optInStatus",
        "region-name": "regionName",
        "zone-name": "zoneName",
        "zone-id": "zoneId",
    }
    found = [{"zoneName": name, "zoneId": ec2._az_id_for_zone_name(name), **constant} for name in zones()]
    wanted = [(members[name], values) for name, values in ec2._parse_filters(params).items() if name in members]
    named = [("zoneName", several(params, "ZoneName")), ("zoneId", several(params, "ZoneId"))]
    wanted += [(member, values) for member, values in named if values]
    found = [z for z in found if all(z[member] in values for member, values in wanted)]
    return answer("DescribeAvailabilityZones", availabilityZoneInfo=found)


@action("CreateSubnet")
def create_subnet(theirs, params):
    vpc_id, cidr = one(params, "VpcId"), one(params, "CidrBlock")
    vpc = ec2._vpcs.get(vpc_id)
    if vpc is None:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    try:
        block = ipaddress.ip_network(cidr)
    except ValueError:
        raise Refused(
            "InvalidParameterValue",
            f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ) from None
    blocks = [vpc["CidrBlock"]] + [a["CidrBlock"] for a in vpc.get("CidrBlockAssociationSet", []) if a.get("CidrBlock")]
    if not any(block.subnet_of(ipaddress.ip_network(b)) for b in blocks) or not 16 <= block.prefixlen <= 28:
        raise Refused("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    for subnet in ec2._subnets.values():
        if subnet["VpcId"] == vpc_id and block.overlaps(ipaddress.ip_network(subnet["CidrBlock"])):
            raise Refused("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")
    return theirs(params)


@action("DeleteSubnet")
def delete_subnet(theirs, params):
    subnet_id = one(params, "SubnetId")
    users = [n for n in ec2._nat_gateways.values() if n["SubnetId"] == subnet_id and n["State"] != "deleted"]
    users += [e for e in ec2._network_interfaces.values() if e.get("SubnetId") == subnet_id]
    users += [i for i in ec2._instances.values() if i["SubnetId"] == subnet_id and i["State"]["Name"] != "terminated"]
    if users or is_used_by_eks(subnet_id):
        raise in_use("subnet", subnet_id)
    response = theirs(params)
    if succeeded(response):
        drop_tags(subnet_id)
        for table in ec2._route_tables.values():
            table["Associations"] = [a for a in table["Associations"] if a.get("SubnetId") != subnet_id]
    return response


@action("DeleteVpc")
def delete_vpc(theirs, params):
    vpc_id = one(params, "VpcId")
    endpoints = [e for e in ec2._vpc_endpoints.values() if e["VpcId"] == vpc_id]
    tables = [t for t in ec2._route_tables.values() if t["VpcId"] == vpc_id and not is_main(t)]
    nats = [n for n in ec2._nat_gateways.values() if n["VpcId"] == vpc_id and n["State"] != "deleted"]
    if vpc_id in ec2._vpcs and (endpoints or tables or nats):
        raise in_use("vpc", vpc_id)
    response = theirs(params)
    if succeeded(response):
        drop_tags(vpc_id)
    return response


# --- Internet gateways -------------------------------------------------------------------


@action("DeleteInternetGateway")
def delete_internet_gateway(theirs, params):
    gateway_id = one(params, "InternetGatewayId")
    gateway = ec2._internet_gateways.get(gateway_id)
    if gateway and gateway.get("Attachments"):
        raise in_use("internetGateway", gateway_id)
    response = theirs(params)
    if succeeded(response):
        drop_tags(gateway_id)
    return response


@action("AttachInternetGateway")
def attach_internet_gateway(theirs, params):
    vpc_id = one(params, "VpcId")
    if vpc_id not in ec2._vpcs:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    for other in ec2._internet_gateways.values():
        if other["InternetGatewayId"] != one(params, "InternetGatewayId") and vpc_id in attached_to(other):
            raise Refused("Resource.AlreadyAssociated", f"Network {vpc_id} already has an internet gateway attached")
    return theirs(params)


def attached_to(gateway):
    return [a["VpcId"] for a in gateway.get("Attachments", [])]


@action("DetachInternetGateway")
def detach_internet_gateway(theirs, params):
    gateway_id, vpc_id = one(params, "InternetGatewayId"), one(params, "VpcId")
    gateway = there(ec2._internet_gateways, gateway_id, "InvalidInternetGatewayID.NotFound", "internetGateway ID")
    if vpc_id not in attached_to(gateway):
        raise Refused("Gateway.NotAttached", f"resource {gateway_id} is not attached to network {vpc_id}")
    if any(
        n["VpcId"] == vpc_id and n["State"] != "deleted" and n["ConnectivityType"] == "public"
        for n in ec2._nat_gateways.values()
    ):
        raise Refused(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )
    return theirs(params)


# --- Elastic IPs and NAT gateways --------------------------------------------------------


@action("DescribeAddresses")
def describe_addresses(theirs, params):
    addresses = chosen(
        params,
        ec2._addresses,
        several(params, "AllocationId"),
        "InvalidAllocationID.NotFound",
        "allocation ID",
        {
            "allocation-id": lambda a: a["AllocationId"],
            "association-id": lambda a: a["AssociationId"],
            "domain": lambda a: a["Domain"],
            "public-ip": lambda a: a["PublicIp"],
            "instance-id": lambda a: a["InstanceId"],
            "network-interface-id": lambda a: a["NetworkInterfaceId"],
        },
    )
    public = several(params, "PublicIp")
    return answer(
        "DescribeAddresses",
        addressesSet=[
            {
                "publicIp": a["PublicIp"],
                "allocationId": a["AllocationId"],
                "associationId": a["AssociationId"],
                "domain": a["Domain"],
                "instanceId": a["InstanceId"],
                "networkInterfaceId": a["NetworkInterfaceId"],
                "privateIpAddress": a["PrivateIpAddress"],
                "networkBorderGroup": ec2.get_region(),
                "publicIpv4Pool": "amazon",
                "tagSet": tag_set(a["AllocationId"]),
            }
            for a in addresses
            if not public or a["PublicIp"] in public
        ],
    )


@action("ReleaseAddress")
def release_address(theirs, params):
    address = ec2._addresses.get(one(params, "AllocationId"))
    if address and address["AssociationId"]:
        raise Refused("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.")
    return theirs(params)


def nat_gateway_xml(nat):
    return {
        "natGatewayId": nat["NatGatewayId"],
        "subnetId": nat["SubnetId"],
        "vpcId": nat["VpcId"],
        "state": nat["State"],
        "createTime": nat["CreateTime"],
        "deleteTime": nat.get("DeleteTime"),
        "connectivityType": nat["ConnectivityType"],
        "natGatewayAddressSet": [
            {
                "allocationId": nat["AllocationId"] or None,
                "associationId": nat.get("AssociationId"),
                "networkInterfaceId": nat.get("NetworkInterfaceId"),
                "privateIp": nat.get("PrivateIp"),
                "publicIp": nat.get("PublicIp"),
                "isPrimary": True,
                "status": "succeeded",
            }
        ],
        "tagSet": tag_set(nat["NatGatewayId"]),
    }


@action("CreateNatGateway")
def create_nat_gateway(theirs, params):
    known = replay("CreateNatGateway", params, ec2._nat_gateways)
    if known:
        return answer("CreateNatGateway", clientToken=one(params, "ClientToken"), natGateway=nat_gateway_xml(known))
    subnet = there(ec2._subnets, one(params, "SubnetId"), "InvalidSubnetID.NotFound", "subnet ID")
    kind = one(params, "ConnectivityType") or "public"
    address = None
    if kind == "public":
        if not one(params, "AllocationId"):
            raise Refused("MissingParameter", "The request must include the AllocationId parameter.")
        address = there(
            ec2._addresses, one(params, "AllocationId"), "InvalidAllocationID.NotFound", "elastic IP allocation ID"
        )
        if address["AssociationId"]:
            raise Refused("Resource.AlreadyAssociated", f"Resource {address['AllocationId']} is already associated.")
    block = ipaddress.ip_network(subnet["CidrBlock"])
    nat = {
        "NatGatewayId": new_id("nat"),
        "SubnetId": subnet["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": one(params, "AllocationId"),
        "ConnectivityType": kind,
        "State": "available",
        "CreateTime": ec2._now_ts(),
        "NetworkInterfaceId": new_id("eni"),
        "PrivateIp": str(block[random.randrange(4, block.num_addresses - 1)]),
        "Tags": [],
    }
    if address:
        nat.update(AssociationId=new_id("eipassoc"), PublicIp=address["PublicIp"])
        address.update(
            AssociationId=nat["AssociationId"],
            NetworkInterfaceId=nat["NetworkInterfaceId"],
            PrivateIpAddress=nat["PrivateIp"],
        )
    ec2._nat_gateways[nat["NatGatewayId"]] = nat
    ec2._parse_tag_specs(params, "natgateway", nat["NatGatewayId"])
    remember("CreateNatGateway", params, nat["NatGatewayId"])
    return answer("CreateNatGateway", clientToken=one(params, "ClientToken") or None, natGateway=nat_gateway_xml(nat))


@action("DescribeNatGateways")
def describe_nat_gateways(theirs, params):
    for key, nat in ec2._nat_gateways.items():
        if nat.get("DeletedAt") and time.time() - nat["DeletedAt"] > NAT_SHOWN_AFTER_DELETE:
            ec2._nat_gateways.pop(key)
            drop_tags(key)
    ids = several(params, "NatGatewayId")
    for key in ids:
        if key not in ec2._nat_gateways:
            raise Refused("NatGatewayNotFound", f"The Nat Gateway {key} was not found")
    found = chosen(
        params,
        ec2._nat_gateways,
        ids,
        "NatGatewayNotFound",
        "NAT gateway",
        {
            "nat-gateway-id": lambda n: n["NatGatewayId"],
            "state": lambda n: n["State"],
            "subnet-id": lambda n: n["SubnetId"],
            "vpc-id": lambda n: n["VpcId"],
        },
    )
    return answer("DescribeNatGateways", natGatewaySet=[nat_gateway_xml(n) for n in found])


@action("DeleteNatGateway")
def delete_nat_gateway(theirs, params):
    response = theirs(params)
    nat = ec2._nat_gateways.get(one(params, "NatGatewayId"))
    if succeeded(response) and nat:
        nat.update(DeleteTime=ec2._now_ts(), DeletedAt=time.time())
        address = ec2._addresses.get(nat["AllocationId"])
        if address and address["AssociationId"] == nat.get("AssociationId"):
            address.update(AssociationId=None, NetworkInterfaceId=None, PrivateIpAddress=None)
        for table in ec2._route_tables.values():
            for route in table["Routes"]:
                if route.get("NatGatewayId") == nat["NatGatewayId"]:
                    route["State"] = "blackhole"
    return response


# --- Route tables ------------------------------------------------------------------------


def is_main(table):
    return any(a.get("Main") for a in table.get("Associations", []))


@action("CreateRouteTable")
def create_route_table(theirs, params):
    known = replay("CreateRouteTable", params, ec2._route_tables)
    if known:
        return ec2._xml(200, "CreateRouteTableResponse", ec2._rtb_fields_xml(known, tag="routeTable"))
    if one(params, "VpcId") not in ec2._vpcs:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{one(params, 'VpcId')}' does not exist")
    before = set(ec2._route_tables)
    response = theirs(params)
    for made in set(ec2._route_tables) - before:
        remember("CreateRouteTable", params, made)
    return response


@action("DeleteRouteTable")
def delete_route_table(theirs, params):
    table_id = one(params, "RouteTableId")
    table = ec2._route_tables.get(table_id)
    if table and table.get("Associations"):
        raise Refused("DependencyViolation", f"The routeTable '{table_id}' has dependencies and cannot be deleted.")
    response = theirs(params)
    if succeeded(response):
        drop_tags(table_id)
    return response


def route_in(table, params):
    """The table's route to the destination that a call names, and that destination."""
    for member in ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"):
        if one(params, member):
            found = [r for r in table["Routes"] if r.get(member) == one(params, member)]
            return (found[0] if found else None), one(params, member)
    raise Refused(
        "MissingParameter",
        "The request must contain exactly one of destinationCidrBlock, "
        "destinationIpv6CidrBlock, destinationPrefixListId",
    )


def the_table(params):
    return there(ec2._route_tables, one(params, "RouteTableId"), "InvalidRouteTableID.NotFound", "routeTable ID")


TARGETS = {  # route targets that are looked up: parameter -> store, error code, name
    "NatGatewayId": ("_nat_gateways", "InvalidNatGatewayID.NotFound", "natGateway ID"),
    "GatewayId": ("_internet_gateways", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
}


def check_target(params):
    for member, (store, code, what) in TARGETS.items():
        target = one(params, member)
        if target.startswith(("nat-", "igw-")):
            there(getattr(ec2, store), target, code, what)


@action("CreateRoute")
def create_route(theirs, params):
    route, destination = route_in(the_table(params), params)
    if route:
        raise Refused("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    check_target(params)
    return theirs(params)


@action("ReplaceRoute")
def replace_route(theirs, params):
    route, destination = route_in(the_table(params), params)
    if route is None:
        raise Refused(
            "InvalidRoute.NotFound",
            f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead.",
        )
    check_target(params)
    response = theirs(params)
    route["State"] = "active"
    return response


@action("DeleteRoute")
def delete_route(theirs, params):
    route, destination = route_in(the_table(params), params)
    if route is None:
        raise Refused(
            "InvalidRoute.NotFound",
            f"no route with destination-cidr-block {destination} in route table {one(params, 'RouteTableId')}",
        )
    return theirs(params)


@action("AssociateRouteTable")
def associate_route_table(theirs, params):
    table, subnet_id = the_table(params), one(params, "SubnetId")
    if subnet_id:
        there(ec2._subnets, subnet_id, "InvalidSubnetID.NotFound", "subnet ID")
    for other in ec2._route_tables.values():
        for association in other["Associations"]:
            if subnet_id and association.get("SubnetId") == subnet_id:
                if other is table:
                    return answer(
                        "AssociateRouteTable",
                        associationId=association["RouteTableAssociationId"],
                        associationState={"state": "associated"},
                    )
                raise Refused(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table['RouteTableId']} conflicts with an "
                    "existing association",
                )
    return theirs(params)


@action("DisassociateRouteTable")
def disassociate_route_table(theirs, params):
    association_id = one(params, "AssociationId")
    for table in ec2._route_tables.values():
        for association in table["Associations"]:
            if association["RouteTableAssociationId"] == association_id:
                if association.get("Main"):
                    raise Refused(
                        "InvalidParameterValue",
                        f"cannot disassociate the main route table association {association_id}",
                    )
                return theirs(params)
    raise Refused("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


# --- Network interfaces ------------------------------------------------------------------


@action("CreateNetworkInterface")
def create_network_interface(theirs, params):
    before = set(ec2._network_interfaces)
    response = theirs(params)
    for made in set(ec2._network_interfaces) - before:
        ec2._parse_tag_specs(params, "network-interface", made)
    return response


@action("DeleteNetworkInterface")
def delete_network_interface(theirs, params):
    response = theirs(params)
    if succeeded(response):
        drop_tags(one(params, "NetworkInterfaceId"))
    return response
