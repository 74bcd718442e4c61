"""EKS clusters: UpdateClusterConfig and UpdateClusterVersion, which ministack lacks, the versions
that there are, and create calls that keep all they were given.

A cluster has a security group that exists in EC2 and goes with it. One with node groups or
Fargate profiles, or under deletion protection, stays.
"""

import json
import re

import eks_catalog as catalog
from eks_base import (
    NAME,
    Refused,
    check_role,
    check_version,
    cluster_of,
    fargate_profiles,
    in_front_of_eks,
    in_use,
    invalid_parameter,
    invalid_request,
    of_cluster,
    ok,
    remember,
    replayed,
    route,
    the_subnets,
    tokens,
    updates,
)
from eks_rollback import roll_back
from eks_updates import record_update
from gap_kit import in_front_of
from ministack.services import ec2, eks


@in_front_of(eks, "_issuer_url")
def issuer_url(theirs, oidc_id):
    # AWS's, always https: the identity provider and the trust policies made from it are then
    # the same here as there. Nothing local needs to fetch it.
    return f"https://oidc.eks.{eks.get_region()}.amazonaws.com/id/{oidc_id}"


# Members of CreateCluster that ministack drops, with what AWS answers when they aren't given.
CLUSTER_DEFAULTS = {
    "upgradePolicy": {"supportType": "EXTENDED"},
    "deletionProtection": False,
    "zonalShiftConfig": None,
    "computeConfig": None,
    "storageConfig": None,
    "remoteNetworkConfig": None,
    "outpostConfig": None,
    "controlPlaneScalingConfig": {"tier": "standard"},
    "kubeApiServerConfig": None,
    "kubeSchedulerConfig": None,
    "kubeControllerManagerConfig": None,
}


def logging_of(setups, before=()):
    """Which log types are on: those on before, changed by `setups`; in AWS's shape."""
    on = set(before)
    for setup in setups:
        unknown = set(setup.get("types", ())) - set(catalog.CLUSTER_LOG_TYPES)
        if unknown:
            raise invalid_parameter(f"Invalid log type: {sorted(unknown)[0]}")
        (on.update if setup.get("enabled") else on.difference_update)(setup.get("types", ()))
    halves = (([t for t in catalog.CLUSTER_LOG_TYPES if (t in on) == state], state) for state in (True, False))
    return {"clusterLogging": [{"types": types, "enabled": state} for types, state in halves if types]}


def enabled_logs(cluster):
    return [t for s in cluster["logging"]["clusterLogging"] if s.get("enabled") for t in s.get("types", ())]


def check_endpoints(public, private):
    if not public and not private:
        raise invalid_parameter("Private and public endpoint access cannot both be disabled.")


NO_CONTROL_PLANE = ("use1-az3", "usw1-az2", "cac1-az3")


def check_zones(subnets):
    for subnet in subnets:
        if ec2._az_id_for_zone_name(subnet.get("AvailabilityZone", "-")) in NO_CONTROL_PLANE:
            raise Refused(
                400,
                "UnsupportedAvailabilityZoneException",
                f"Cannot create cluster because {subnet['AvailabilityZone']}, the targeted Availability Zone, "
                "does not currently have sufficient capacity to support the cluster.",
            )
    if len({s.get("AvailabilityZone") for s in subnets}) < 2:
        raise invalid_parameter("Subnets specified must be in at least two different AZs")


@in_front_of_eks("_create_cluster")
def create_cluster(theirs, body, creator_arn=None):
    name = body.get("name", "")
    if name in eks._clusters:
        if replayed("cluster", body, name):
            return ok(cluster=eks._sanitize(eks._clusters[name]))
        raise in_use(f"Cluster already exists with name: {name}")
    if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", name):
        raise invalid_parameter(f"The cluster name {name} is not valid")
    vpc = body.get("resourcesVpcConfig", {})
    subnets = the_subnets(vpc.get("subnetIds", []))
    check_zones(subnets)
    check_role(body.get("roleArn", ""))
    check_endpoints(vpc.get("endpointPublicAccess", True), vpc.get("endpointPrivateAccess", False))
    version = body.get("version") or catalog.DEFAULT_VERSION
    check_version(version)

    answer = theirs({**body, "version": version}, creator_arn)
    cluster = eks._clusters.get(name)
    if answer[0] != 200 or cluster is None:
        return answer
    for member, default in CLUSTER_DEFAULTS.items():
        value = body.get(member, default)
        if value is not None:
            cluster[member] = value
    network = body.get("kubernetesNetworkConfig", {})
    cluster["kubernetesNetworkConfig"].update(
        ipFamily=network.get("ipFamily", "ipv4"),
        elasticLoadBalancing=network.get("elasticLoadBalancing", {"enabled": False}),
    )
    cluster["accessConfig"] = {
        "bootstrapClusterCreatorAdminPermissions": True,
        "authenticationMode": "CONFIG_MAP",
        **body.get("accessConfig", {}),
    }
    cluster["logging"] = logging_of(body.get("logging", {}).get("clusterLogging", []))
    cluster["platformVersion"] = catalog.PLATFORM_VERSION
    cluster["health"] = {"issues": []}
    # Not a certificate anyone could verify, but what a kubeconfig needs to be well formed.
    cluster["certificateAuthority"] = {"data": "bG9jYWwgY2x1c3Rlcjogbm8gY2VydGlmaWNhdGUK"}
    config = cluster["resourcesVpcConfig"]
    config["vpcId"] = subnets[0]["VpcId"]
    config["clusterSecurityGroupId"] = create_security_group(name, config["vpcId"])
    remember("cluster", body, name)
    if not eks._docker_available:
        # ministack does this on a thread, in a moment; by then the state has been saved.
        cluster["status"] = "ACTIVE"
    return ok(cluster={**eks._sanitize(cluster), "status": "CREATING"})


def create_security_group(cluster_name, vpc_id):
    """The group that EKS makes for each cluster, open within itself, and deletes with it."""
    group_id = ec2._new_sg_id()
    group_name = f"eks-cluster-sg-{cluster_name}-{group_id[-10:]}"
    everything = {"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    ec2._security_groups[group_id] = {
        "GroupId": group_id,
        "GroupName": group_name,
        "Description": "EKS created security group applied to ENI that is attached to EKS Control Plane "
        "master nodes, as well as any managed workloads.",
        "VpcId": vpc_id,
        "OwnerId": eks.get_account_id(),
        "IpPermissions": [{**everything, "UserIdGroupPairs": [{"GroupId": group_id, "UserId": eks.get_account_id()}]}],
        "IpPermissionsEgress": [{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }
    ec2._tags[group_id] = [
        {"Key": "Name", "Value": group_name},
        {"Key": "aws:eks:cluster-name", "Value": cluster_name},
        {"Key": f"kubernetes.io/cluster/{cluster_name}", "Value": "owned"},
    ]
    return group_id


@in_front_of_eks("_delete_cluster")
def delete_cluster(theirs, name):
    cluster = cluster_of(name)
    if cluster.get("deletionProtection"):
        raise invalid_request(
            f"Cluster {name} has deletion protection enabled. Disable it before deleting the cluster."
        )
    if of_cluster(eks._nodegroups, name, "/"):
        raise in_use("Cluster has nodegroups attached")
    if of_cluster(fargate_profiles, name, "/"):
        raise in_use("Cluster has fargate profiles attached")
    group_id = cluster["resourcesVpcConfig"].get("clusterSecurityGroupId")
    answer = theirs(name)
    ec2._security_groups.pop(group_id, None)
    ec2._tags.pop(group_id, None)
    for key, addon in of_cluster(eks._addons, name, "/"):
        eks._addons.pop(key, None)
        eks._tags.pop(addon["addonArn"], None)
    for key, _ in of_cluster(updates, name, "\0"):
        updates.pop(key, None)
    for key in [k for k in tokens if k.split("/")[1] == name]:
        tokens.pop(key, None)
    return answer


def vpc_config_update(config, wanted):
    """Change a cluster's network settings; one call changes access or placement, not both."""
    access = {
        k: wanted[k] for k in ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs") if k in wanted
    }
    placement = {k: wanted[k] for k in ("subnetIds", "securityGroupIds", "controlPlaneEgressMode") if k in wanted}
    if bool(access) == bool(placement):
        raise invalid_parameter("Only one type of update can be allowed at a time.")
    if all(config.get(k) == v for k, v in (access or placement).items()):
        raise invalid_parameter(
            "Cluster is already at the desired configuration with "
            + ", ".join(f"{k}: {json.dumps(v)}" for k, v in (access or placement).items())
        )
    if access:
        after = {**config, **access}
        check_endpoints(after["endpointPublicAccess"], after["endpointPrivateAccess"])
        names = {
            "publicAccessCidrs": "PublicAccessCidrs",
            "endpointPublicAccess": "EndpointPublicAccess",
            "endpointPrivateAccess": "EndpointPrivateAccess",
        }
        kind = "EndpointAccessUpdate"
    else:
        if "subnetIds" in placement:
            subnets = the_subnets(placement["subnetIds"])
            check_zones(subnets)
            if any(s["VpcId"] != config["vpcId"] for s in subnets):
                raise invalid_parameter("Provided subnets belong to a different VPC than the cluster.")
            zones = [
                ",".join(sorted({ec2._subnets[i]["AvailabilityZone"] for i in ids if i in ec2._subnets}))
                for ids in (config["subnetIds"], placement["subnetIds"])
            ]
            if zones[0] != zones[1]:
                raise invalid_parameter(
                    f"Provided subnets belong to the AZs '{zones[1]}'. But they should belong to the exact set of AZs "
                    f"'{zones[0]}' in which subnets were provided during cluster creation"
                )
        names = {
            "subnetIds": "Subnets",
            "securityGroupIds": "SecurityGroups",
            "controlPlaneEgressMode": "ControlPlaneEgressMode",
        }
        kind = "VpcConfigUpdate"
    config.update(access or placement)
    return kind, [(names[k], v) for k, v in (access or placement).items()]


AUTHENTICATION_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")  # a cluster only moves to the right

# UpdateClusterConfig's other members: update type, and its parameter's name.
SIMPLE_UPDATES = {
    "upgradePolicy": ("UpgradePolicyUpdate", "UpgradePolicy"),
    "zonalShiftConfig": ("ZonalShiftConfigUpdate", "ZonalShiftConfig"),
    "deletionProtection": ("DeletionProtectionUpdate", "DeletionProtection"),
    "remoteNetworkConfig": ("RemoteNetworkConfigUpdate", "RemoteNetworkConfig"),
    "controlPlaneScalingConfig": ("ControlPlaneScalingConfigUpdate", "UpdatedTier"),
    "computeConfig": ("AutoModeUpdate", "ComputeConfig"),
    "storageConfig": ("AutoModeUpdate", "StorageConfig"),
    "kubernetesNetworkConfig": ("AutoModeUpdate", "KubernetesNetworkConfig"),
    "kubeApiServerConfig": ("ControlPlaneComponentConfigUpdate", "KubeApiServerConfig"),
    "kubeSchedulerConfig": ("ControlPlaneComponentConfigUpdate", "KubeSchedulerConfig"),
    "kubeControllerManagerConfig": ("ControlPlaneComponentConfigUpdate", "KubeControllerManagerConfig"),
}


@route("POST", rf"/clusters/{NAME}/update-config")
def update_cluster_config(name, body, query):
    cluster = cluster_of(name)
    simple = [k for k in SIMPLE_UPDATES if k in body]
    kinds = {SIMPLE_UPDATES[k][0] for k in simple} | {
        k for k in ("logging", "resourcesVpcConfig", "accessConfig") if k in body
    }
    if not kinds:
        raise invalid_parameter("No changes needed for the config provided: no update was specified.")
    if len(kinds) > 1:
        raise invalid_parameter("Only one type of update can be allowed at a time.")

    if "logging" in body:
        before = enabled_logs(cluster)
        after = logging_of(body["logging"].get("clusterLogging", []), before)
        if after == logging_of([], before):
            raise invalid_parameter("No changes needed for the logging config provided")
        cluster["logging"] = after
        return record_update(name, "LoggingUpdate", [("ClusterLogging", body["logging"])])
    if "resourcesVpcConfig" in body:
        return record_update(name, *vpc_config_update(cluster["resourcesVpcConfig"], body["resourcesVpcConfig"]))
    if "accessConfig" in body:
        wanted = body["accessConfig"].get("authenticationMode")
        now = cluster["accessConfig"]["authenticationMode"]
        if wanted not in AUTHENTICATION_MODES:
            raise invalid_parameter(f"Unsupported authentication mode {wanted}")
        if AUTHENTICATION_MODES.index(wanted) <= AUTHENTICATION_MODES.index(now):
            raise invalid_request(f"Unsupported authentication mode update from {now} to {wanted}")
        cluster["accessConfig"]["authenticationMode"] = wanted
        return record_update(name, "AccessConfigUpdate", [("AuthenticationMode", wanted)])
    for member in simple:
        if isinstance(cluster.get(member), dict):
            cluster[member].update(body[member])
        else:
            cluster[member] = body[member]
    return record_update(name, kinds.pop(), [(SIMPLE_UPDATES[m][1], body[m]) for m in simple])


@route("POST", rf"/clusters/{NAME}/updates")
def update_cluster_version(name, body, query):
    cluster = cluster_of(name)
    before, after = cluster["version"], body.get("version", "")
    if after == before:
        raise invalid_parameter(f"Cluster is already at the desired version {after}")
    step = catalog.minor(after) is not None and (catalog.minor(after)[1] - catalog.minor(before)[1])
    if after in catalog.END_OF_STANDARD_SUPPORT and step == -1:
        return roll_back(cluster, after, body)
    if body.get("rollbackConfig"):
        raise invalid_parameter("A rollback configuration goes with a lower version only.")
    if after not in catalog.END_OF_STANDARD_SUPPORT or step != 1:
        raise invalid_parameter(f"Unsupported Kubernetes minor version update from {before} to {after}")
    cluster["version"] = after
    return record_update(name, "VersionUpdate", [("Version", after), ("PlatformVersion", catalog.PLATFORM_VERSION)])


@in_front_of_eks("_associate_encryption_config")
def associate_encryption_config(theirs, cluster_name, body):
    answer = theirs(cluster_name, body)
    if answer[0] != 200:
        return answer
    return record_update(cluster_name, "AssociateEncryptionConfig", [("EncryptionConfig", body["encryptionConfig"])])


@route("GET", r"/cluster-versions")
def describe_cluster_versions(body, query):
    def asked(name):
        return query.get(name, [""])[0]

    found = catalog.cluster_versions()
    if query.get("clusterVersions"):
        found = [v for v in found if v["clusterVersion"] in query["clusterVersions"]]
    status = asked("versionStatus") or asked("status").upper().replace("-", "_")
    if status:
        found = [v for v in found if v["versionStatus"] == status]
    elif asked("includeAll") != "true":
        found = [v for v in found if v["versionStatus"] != "UNSUPPORTED"]
    if asked("defaultOnly") == "true":
        found = [v for v in found if v["defaultVersion"]]
    return ok(clusterVersions=found)
