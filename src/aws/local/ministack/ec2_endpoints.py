"""EC2's VPC endpoints, answered by us: ministack drops their policy and ignores filters.

A gateway endpoint has its route in each of its tables.
"""

import json

from ec2_base import (
    Refused,
    action,
    answer,
    chosen,
    done,
    drop_tags,
    new_id,
    one,
    remember,
    replay,
    several,
    tag_set,
    there,
)
from gap_kit import require
from ministack.services import ec2

require(ec2, "_aws_pl_id_from_name")

EVERYTHING = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)


def endpoint_xml(endpoint):
    gateway = endpoint["VpcEndpointType"] == "Gateway"
    groups = [
        {"groupId": g, "groupName": ec2._security_groups.get(g, {}).get("GroupName", "")}
        for g in endpoint.get("GroupIds", [])
    ]
    return {
        "vpcEndpointId": endpoint["VpcEndpointId"],
        "vpcEndpointType": endpoint["VpcEndpointType"],
        "vpcId": endpoint["VpcId"],
        "serviceName": endpoint["ServiceName"],
        "state": endpoint["State"],
        "policyDocument": endpoint.get("PolicyDocument") or EVERYTHING,
        "routeTableIdSet": endpoint.get("RouteTableIds", []),
        "subnetIdSet": endpoint.get("SubnetIds", []),
        "groupSet": groups,
        "privateDnsEnabled": not gateway and endpoint.get("PrivateDnsEnabled", True),
        "requesterManaged": False,
        "creationTimestamp": endpoint.get("CreationTimestamp"),
        "ownerId": endpoint["OwnerId"],
        "tagSet": tag_set(endpoint["VpcEndpointId"]),
    }


def route_through(endpoint):
    """Give the endpoint its route in each of its tables, and nowhere else, as AWS does."""
    if endpoint["VpcEndpointType"] != "Gateway":
        return
    prefix_list = ec2._aws_pl_id_from_name(endpoint["ServiceName"])
    for table in ec2._route_tables.values():
        table["Routes"] = [r for r in table["Routes"] if r.get("GatewayId") != endpoint["VpcEndpointId"]]
        if table["RouteTableId"] in endpoint["RouteTableIds"]:
            table["Routes"].append(
                {
                    "DestinationPrefixListId": prefix_list,
                    "GatewayId": endpoint["VpcEndpointId"],
                    "State": "active",
                    "Origin": "CreateRoute",
                }
            )


def check_tables(ids, vpc_id):
    for table_id in ids:
        table = there(ec2._route_tables, table_id, "InvalidRouteTableId.NotFound", "routeTable ID")
        if table["VpcId"] != vpc_id:
            raise Refused("InvalidParameter", f"Route table {table_id} and the endpoint belong to different networks")


@action("CreateVpcEndpoint")
def create_vpc_endpoint(theirs, params):
    known = replay("CreateVpcEndpoint", params, ec2._vpc_endpoints)
    if known:
        return answer("CreateVpcEndpoint", vpcEndpoint=endpoint_xml(known), clientToken=one(params, "ClientToken"))
    vpc_id = one(params, "VpcId")
    if vpc_id not in ec2._vpcs:
        raise Refused("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    endpoint = {
        "VpcEndpointId": new_id("vpce"),
        "VpcEndpointType": one(params, "VpcEndpointType") or "Gateway",
        "VpcId": vpc_id,
        "ServiceName": one(params, "ServiceName"),
        "State": "available",
        "RouteTableIds": several(params, "RouteTableId"),
        "SubnetIds": several(params, "SubnetId"),
        "GroupIds": several(params, "SecurityGroupId"),
        "PrivateDnsEnabled": one(params, "PrivateDnsEnabled") != "false",
        "PolicyDocument": one(params, "PolicyDocument"),
        "CreationTimestamp": ec2._now_ts(),
        "OwnerId": ec2.get_account_id(),
    }
    check_tables(endpoint["RouteTableIds"], vpc_id)
    taken = {
        t
        for e in ec2._vpc_endpoints.values()
        if e["ServiceName"] == endpoint["ServiceName"]
        for t in e["RouteTableIds"]
    }
    if taken & set(endpoint["RouteTableIds"]):
        raise Refused(
            "RouteAlreadyExists",
            f"route table {min(taken & set(endpoint['RouteTableIds']))} already has a route "
            f"with destination-prefix-list-id {ec2._aws_pl_id_from_name(endpoint['ServiceName'])}",
        )
    ec2._vpc_endpoints[endpoint["VpcEndpointId"]] = endpoint
    ec2._parse_tag_specs(params, "vpc-endpoint", endpoint["VpcEndpointId"])
    route_through(endpoint)
    remember("CreateVpcEndpoint", params, endpoint["VpcEndpointId"])
    return answer(
        "CreateVpcEndpoint", vpcEndpoint=endpoint_xml(endpoint), clientToken=one(params, "ClientToken") or None
    )


@action("DescribeVpcEndpoints")
def describe_vpc_endpoints(theirs, params):
    found = chosen(
        params,
        ec2._vpc_endpoints,
        several(params, "VpcEndpointId"),
        "InvalidVpcEndpointId.NotFound",
        "Vpc Endpoint Id",
        {
            "service-name": lambda e: e["ServiceName"],
            "vpc-endpoint-id": lambda e: e["VpcEndpointId"],
            "vpc-endpoint-state": lambda e: e["State"],
            "vpc-endpoint-type": lambda e: e["VpcEndpointType"],
            "vpc-id": lambda e: e["VpcId"],
        },
    )
    return answer("DescribeVpcEndpoints", vpcEndpointSet=[endpoint_xml(e) for e in found])


@action("ModifyVpcEndpoint")
def modify_vpc_endpoint(theirs, params):
    endpoint = there(
        ec2._vpc_endpoints, one(params, "VpcEndpointId"), "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"
    )
    check_tables(several(params, "AddRouteTableId"), endpoint["VpcId"])
    for member, name in (("RouteTableIds", "RouteTableId"), ("SubnetIds", "SubnetId"), ("GroupIds", "SecurityGroupId")):
        gone = several(params, f"Remove{name}")
        kept = [i for i in endpoint.get(member, []) if i not in gone]
        endpoint[member] = kept + [i for i in several(params, f"Add{name}") if i not in kept]
    if one(params, "ResetPolicy") == "true":
        endpoint["PolicyDocument"] = ""
    elif one(params, "PolicyDocument"):
        endpoint["PolicyDocument"] = one(params, "PolicyDocument")
    route_through(endpoint)
    return done("ModifyVpcEndpoint")


@action("DeleteVpcEndpoints")
def delete_vpc_endpoints(theirs, params):
    unsuccessful = []
    for key in several(params, "VpcEndpointId"):
        endpoint = ec2._vpc_endpoints.pop(key, None)
        if endpoint is None:
            unsuccessful.append(
                {
                    "error": {
                        "code": "InvalidVpcEndpoint.NotFound",
                        "message": f"The Vpc Endpoint Id '{key}' does not exist",
                    },
                    "resourceId": key,
                }
            )
            continue
        endpoint["RouteTableIds"] = []
        route_through(endpoint)
        drop_tags(key)
    return answer("DeleteVpcEndpoints", unsuccessful=unsuccessful)
