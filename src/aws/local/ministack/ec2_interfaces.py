"""Network interfaces that AWS makes for other things, which ministack doesn't.

NAT gateways, instances and clusters have some. They follow from what is there, so they are shown and
not kept.
"""

from ec2_base import action
from gap_kit import digest, require
from ministack.services import ec2, eks

require(ec2, "_instances", "_network_interfaces", "_eni_fields_xml")
require(eks, "_clusters")


def interface(interface_id, subnet_id, description, kind="interface", address="10.0.0.4", groups=(), instance=None):
    subnet = ec2._subnets.get(subnet_id, {})
    attachment = instance and {
        "AttachmentId": f"eni-attach-{digest(interface_id)[:17]}",
        "AttachTime": ec2._instances[instance]["LaunchTime"],
        "InstanceId": instance,
    }
    return {
        "NetworkInterfaceId": interface_id,
        "SubnetId": subnet_id,
        "VpcId": subnet.get("VpcId", ""),
        "AvailabilityZone": subnet.get("AvailabilityZone", ""),
        "Description": description,
        "OwnerId": ec2.get_account_id(),
        "Status": "in-use",
        "PrivateIpAddress": address,
        "InterfaceType": kind,
        "MacAddress": "02:00:00:00:00:01",
        "Groups": [{"GroupId": g, "GroupName": ec2._security_groups.get(g, {}).get("GroupName", g)} for g in groups],
        "Attachment": attachment,
    }


def made_by_aws():
    for nat in ec2._nat_gateways.values():
        if nat["State"] != "deleted":
            description = f"Interface for NAT Gateway {nat['NatGatewayId']}"
            yield interface(nat["NetworkInterfaceId"], nat["SubnetId"], description, "nat_gateway", nat["PrivateIp"])
    for key, instance in ec2._instances.items():
        if instance["State"]["Name"] != "terminated":
            groups = [g["GroupId"] for g in instance.get("SecurityGroups", [])]
            address = instance.get("PrivateIpAddress", "10.0.0.5")
            yield interface(f"eni-{digest(key)[:17]}", instance["SubnetId"], "", "interface", address, groups, key)
    for name, cluster in eks._clusters.items():
        network = cluster.get("resourcesVpcConfig", {})
        for subnet in network.get("subnetIds", [])[:2]:
            groups = network.get("securityGroupIds", [])
            yield interface(f"eni-{digest(name + subnet)[:17]}", subnet, f"Amazon EKS {name}", groups=groups)


@action("DescribeNetworkInterfaces")
def describe_network_interfaces(theirs, params):
    shown = {i["NetworkInterfaceId"]: i for i in made_by_aws() if i["SubnetId"] in ec2._subnets}
    ec2._network_interfaces.update(shown)
    try:
        return theirs(params)
    finally:
        for key in shown:
            ec2._network_interfaces.pop(key, None)
