"""EKS calls that ministack lacks, and corrections of those it has.

Added: UpdateClusterConfig, UpdateClusterVersion, UpdateNodegroupConfig,
UpdateNodegroupVersion, DescribeUpdate, ListUpdates, Fargate profiles, DescribeClusterVersions,
DescribeAddonVersions, ListAccessPolicies, and tags of every kind of resource.

Corrected: a create call stores all that it was given, replays by its client token and is
validated; describes show the tags as they are now; a cluster has a security group that exists
in EC2 and goes with it; node roles get their access entry; an add-on's pod identity
associations are associations; a cluster with node groups or under deletion protection stays.

Records live in ministack's own stores wherever it has one, so both see the same cluster.
"""

import json
import re
import threading
import urllib.parse

import eks_catalog as catalog
from gap_kit import digest, in_front_of, keep, require
from ministack.services import ec2, eks, iam

# ministack answers EKS on one thread per request. One request at a time keeps every
# check-then-change whole; none of them waits for anything.
LOCK = threading.RLock()

ROUTES = []  # (method, pattern, function), in the order of this file
updates = fargate_profiles = tokens = None  # stores, made by `install`

NAME = r"([0-9A-Za-z][A-Za-z0-9_-]*)"


def route(method, pattern):
    def register(function):
        ROUTES.append((method, re.compile(pattern), function))
        return function

    return register


class Refused(Exception):
    """An error answer of EKS's, on its way out."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.answer = eks._error(status, code, message)


def invalid_parameter(message):
    return Refused(400, "InvalidParameterException", message)


def invalid_request(message):
    return Refused(400, "InvalidRequestException", message)


def in_use(message):
    return Refused(409, "ResourceInUseException", message)


def not_found(message):
    return Refused(404, "ResourceNotFoundException", message)


def ok(**members):
    return eks._json_resp(200, members)


def install():
    global updates, fargate_profiles, tokens
    require(eks, "_clusters", "_nodegroups", "_addons", "_access_entries", "_access_policies",
            "_pod_identity_associations", "_tags", "_error", "_json_resp", "_now", "_sanitize",
            "_create_pod_identity_association", "_create_access_entry", "_pia_key", "_ae_key")
    require(ec2, "_subnets", "_security_groups", "_launch_templates", "_tags", "_new_sg_id")
    require(iam, "_roles")
    updates = keep(eks, "billpay_updates")  # "cluster\0update id" -> {"update", "of"}
    fargate_profiles = keep(eks, "billpay_fargate_profiles")  # "cluster/profile" -> record
    tokens = keep(eks, "billpay_client_tokens")  # what was created -> [token, digest]

    @in_front_of(eks, "_handle_request_sync")
    def handle(theirs, method, path, headers, body_bytes, query_params):
        for wanted, pattern, function in ROUTES:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                break
        else:
            with LOCK:
                return theirs(method, path, headers, body_bytes, query_params)
        try:
            body = json.loads(body_bytes) if body_bytes else {}
        except ValueError:
            body = {}
        with LOCK:
            try:
                return function(*map(urllib.parse.unquote, match.groups()), body=body, query=query_params)
            except Refused as refused:
                return refused.answer

    for name, function in (
        ("_create_cluster", create_cluster),
        ("_delete_cluster", delete_cluster),
        ("_create_nodegroup", create_nodegroup),
        ("_delete_nodegroup", delete_nodegroup),
        ("_create_addon", create_addon),
        ("_update_addon", update_addon),
        ("_delete_addon", delete_addon),
        ("_create_access_entry", create_access_entry),
        ("_associate_encryption_config", associate_encryption_config),
    ):
        in_front_of(eks, name)(_refusing(function))


def _refusing(function):
    def answer(theirs, *args):
        try:
            return function(theirs, *args)
        except Refused as refused:
            return refused.answer

    return answer


# --- Looking things up -------------------------------------------------------------------


def cluster_of(name):
    cluster = eks._clusters.get(name)
    if cluster is None:
        raise not_found(f"No cluster found for name: {name}.")
    return cluster


def nodegroup_of(cluster_name, name):
    cluster_of(cluster_name)
    nodegroup = eks._nodegroups.get(f"{cluster_name}/{name}")
    if nodegroup is None:
        raise not_found(f"No node group found for name: {name}.")
    return nodegroup


def of_cluster(store, cluster_name, separator):
    prefix = cluster_name + separator
    return [(key, record) for key, record in store.items() if key.startswith(prefix)]


def the_subnets(ids):
    missing = [i for i in ids if i not in ec2._subnets]
    if missing:
        raise invalid_parameter(f"The subnet ID '{missing[0]}' does not exist")
    return [ec2._subnets[i] for i in ids]


def check_role(arn):
    """Reject a role of this account that isn't there, as EKS does when it can't assume it."""
    account, name = arn.split(":")[4] if arn.count(":") >= 5 else "", arn.rsplit("/", 1)[-1]
    if account == eks.get_account_id() and name not in iam._roles:
        raise invalid_parameter(f"Role with arn: {arn}, could not be assumed because it does not exist "
                                "or the trusted entity is not correct")


def check_version(version):
    if version not in catalog.END_OF_STANDARD_SUPPORT:
        raise invalid_parameter(f"unsupported Kubernetes version {version}")


def existing(kind, *names):
    return tokens.get("/".join((kind, *names)))


def replayed(kind, body, *names):
    """Whether a create call with this token, and this body, has already been carried out."""
    token = body.get("clientRequestToken")
    return token is not None and existing(kind, *names) == [token, digest(body)]


def remember(kind, body, *names):
    if body.get("clientRequestToken"):
        tokens["/".join((kind, *names))] = [body["clientRequestToken"], digest(body)]


def forget(kind, *names):
    tokens.pop("/".join((kind, *names)), None)


# --- Updates -----------------------------------------------------------------------------


def record_update(cluster_name, kind, params, of=""):
    """Store an update; `of` says which node group or add-on it belongs to.

    It is Successful at once, as everything here is. The call that starts it answers InProgress
    all the same, as AWS's does.
    """
    update = {
        "id": eks.new_uuid(),
        "status": "Successful",
        "type": kind,
        "params": [{"type": k, "value": v if isinstance(v, str) else json.dumps(v)} for k, v in params],
        "createdAt": eks._now(),
        "errors": [],
    }
    updates[f"{cluster_name}\0{update['id']}"] = {"update": update, "of": of}
    return ok(update={**update, "status": "InProgress"})


def update_owner(cluster_name, query):
    cluster_of(cluster_name)
    nodegroup, addon = (query.get(k, [""])[0] for k in ("nodegroupName", "addonName"))
    if nodegroup:
        nodegroup_of(cluster_name, nodegroup)
    elif addon and f"{cluster_name}/{addon}" not in eks._addons:
        raise not_found(f"No addon: {addon} found in cluster: {cluster_name}")
    return f"nodegroup/{nodegroup}" if nodegroup else f"addon/{addon}" if addon else ""


@route("GET", rf"/clusters/{NAME}/updates")
def list_updates(cluster_name, body, query):
    owner = update_owner(cluster_name, query)
    found = [r["update"] for _, r in of_cluster(updates, cluster_name, "\0") if r["of"] == owner]
    return ok(updateIds=[u["id"] for u in found])


@route("GET", rf"/clusters/{NAME}/updates/([A-Za-z0-9-]+)")
def describe_update(cluster_name, update_id, body, query):
    owner = update_owner(cluster_name, query)
    found = updates.get(f"{cluster_name}\0{update_id}")
    if found is None or found["of"] != owner:
        raise not_found(f"No update found for ID: {update_id}")
    return ok(update=found["update"])


# --- Clusters ----------------------------------------------------------------------------

# Members of CreateCluster that ministack drops, with what AWS answers when they aren't given.
CLUSTER_DEFAULTS = {
    "upgradePolicy": {"supportType": "EXTENDED"},
    "deletionProtection": False,
    "zonalShiftConfig": {"enabled": False},
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


def check_zones(subnets):
    if len({s.get("AvailabilityZone") for s in subnets}) < 2:
        raise invalid_parameter("Subnets specified must be in at least two different AZs")


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
        elasticLoadBalancing=network.get("elasticLoadBalancing", {"enabled": False}))
    cluster["accessConfig"] = {"bootstrapClusterCreatorAdminPermissions": True,
                               "authenticationMode": "CONFIG_MAP", **body.get("accessConfig", {})}
    cluster["logging"] = logging_of(body.get("logging", {}).get("clusterLogging", []))
    cluster["platformVersion"] = catalog.PLATFORM_VERSION
    cluster["health"] = {"issues": []}
    # Not a certificate anyone could verify, but what a kubeconfig needs to be well formed.
    cluster["certificateAuthority"] = {"data": "bG9jYWwgY2x1c3Rlcjogbm8gY2VydGlmaWNhdGUK"}
    config = cluster["resourcesVpcConfig"]
    config["vpcId"] = subnets[0]["VpcId"]
    config["clusterSecurityGroupId"] = create_security_group(name, config["vpcId"])
    remember("cluster", body, name)
    return ok(cluster=eks._sanitize(cluster))


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
        "IpPermissions": [{**everything, "UserIdGroupPairs": [
            {"GroupId": group_id, "UserId": eks.get_account_id()}]}],
        "IpPermissionsEgress": [{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }
    ec2._tags[group_id] = [
        {"Key": "Name", "Value": group_name},
        {"Key": "aws:eks:cluster-name", "Value": cluster_name},
        {"Key": f"kubernetes.io/cluster/{cluster_name}", "Value": "owned"},
    ]
    return group_id


def delete_cluster(theirs, name):
    cluster = cluster_of(name)
    if cluster.get("deletionProtection"):
        raise invalid_request(f"Cluster {name} has deletion protection enabled. Disable it before deleting the cluster.")
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
    for key in [k for k in tokens if k == f"cluster/{name}" or k.split("/")[1] == name]:
        tokens.pop(key, None)
    return answer


def vpc_config_update(config, wanted):
    """Change a cluster's network settings; one call changes access or placement, not both."""
    access = {k: wanted[k] for k in ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs") if k in wanted}
    placement = {k: wanted[k] for k in ("subnetIds", "securityGroupIds", "controlPlaneEgressMode") if k in wanted}
    if bool(access) == bool(placement):
        raise invalid_parameter("Only one type of update can be allowed at a time.")
    if all(config.get(k) == v for k, v in (access or placement).items()):
        raise invalid_parameter("Cluster is already at the desired configuration with "
                                + ", ".join(f"{k}: {json.dumps(v)}" for k, v in (access or placement).items()))
    if access:
        after = {**config, **access}
        check_endpoints(after["endpointPublicAccess"], after["endpointPrivateAccess"])
        names = {"publicAccessCidrs": "PublicAccessCidrs", "endpointPublicAccess": "EndpointPublicAccess",
                 "endpointPrivateAccess": "EndpointPrivateAccess"}
        kind = "EndpointAccessUpdate"
    else:
        if "subnetIds" in placement:
            subnets = the_subnets(placement["subnetIds"])
            check_zones(subnets)
            if any(s["VpcId"] != config["vpcId"] for s in subnets):
                raise invalid_parameter("Provided subnets belong to a different VPC than the cluster.")
        names = {"subnetIds": "Subnets", "securityGroupIds": "SecurityGroups",
                 "controlPlaneEgressMode": "ControlPlaneEgressMode"}
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
    kinds = {SIMPLE_UPDATES[k][0] for k in simple} | {k for k in ("logging", "resourcesVpcConfig", "accessConfig") if k in body}
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
    if after not in catalog.END_OF_STANDARD_SUPPORT or step != 1:
        raise invalid_parameter(f"Unsupported Kubernetes minor version update from {before} to {after}")
    cluster["version"] = after
    return record_update(name, "VersionUpdate", [("Version", after), ("PlatformVersion", catalog.PLATFORM_VERSION)])


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


# --- Node groups -------------------------------------------------------------------------


def check_scaling(scaling):
    low, wanted, high = (scaling.get(k) for k in ("minSize", "desiredSize", "maxSize"))
    if low > high:
        raise invalid_parameter(f"Minimum capacity {low} can't be greater than maximum capacity {high}")
    if high < 1:
        raise invalid_parameter("Maximum capacity must be at least 1")
    if wanted > high:
        raise invalid_parameter(f"Desired capacity {wanted} can't be greater than max size {high}")
    if wanted < low:
        raise invalid_parameter(f"Minimum capacity {low} can't be greater than desired size {wanted}")
    return scaling


def check_update_config(config):
    if ("maxUnavailable" in config) == ("maxUnavailablePercentage" in config):
        raise invalid_parameter("Exactly one of maxUnavailable and maxUnavailablePercentage must be specified.")
    return config


def check_nodegroup_version(cluster, version):
    check_version(version)
    if catalog.minor(version) > catalog.minor(cluster["version"]):
        raise invalid_parameter(f"Nodegroup Kubernetes version {version} can't be newer than the "
                                f"cluster's Kubernetes version {cluster['version']}")
    return version


def release_version(version, ami_type):
    return "" if ami_type == "CUSTOM" else f"{version}.2-20261101"


def launch_template(wanted):
    """The launch template asked for, with id, name and version number, and that version's data."""
    for template in ec2._launch_templates.values():
        if wanted.get("id", template["LaunchTemplateId"]) == template["LaunchTemplateId"] \
                and wanted.get("name", template["LaunchTemplateName"]) == template["LaunchTemplateName"]:
            break
    else:
        raise invalid_request(f"Launch template {wanted.get('id') or wanted.get('name')} not found")
    number = str(wanted.get("version") or "$Default")
    number = {"$Default": template["DefaultVersionNumber"], "$Latest": template["LatestVersionNumber"]}.get(number, number)
    for version in template["Versions"]:
        if str(version["VersionNumber"]) == str(number):
            spec = {"id": template["LaunchTemplateId"], "name": template["LaunchTemplateName"], "version": str(number)}
            return spec, version.get("LaunchTemplateData", {})
    raise invalid_request(f"Launch template version {number} of {template['LaunchTemplateId']} not found")


def create_nodegroup(theirs, cluster_name, body):
    cluster = cluster_of(cluster_name)
    name = body.get("nodegroupName", "")
    key = f"{cluster_name}/{name}"
    if key in eks._nodegroups:
        if replayed("nodegroup", body, cluster_name, name):
            return ok(nodegroup=eks._nodegroups[key])
        raise in_use(f"NodeGroup already exists with name {name} and cluster name {cluster_name}")
    if not body.get("subnets"):
        raise invalid_parameter("Subnets cannot be empty")
    the_subnets(body["subnets"])
    check_role(body.get("nodeRole", ""))
    scaling = check_scaling({"minSize": 1, "maxSize": 2, "desiredSize": 1, **body.get("scalingConfig", {})})
    update_config = check_update_config(body.get("updateConfig") or {"maxUnavailable": 1})
    version = check_nodegroup_version(cluster, body.get("version") or cluster["version"])
    ami_type = body.get("amiType", "AL2023_x86_64_STANDARD")
    template = data = None
    if body.get("launchTemplate"):
        template, data = launch_template(body["launchTemplate"])
        if "diskSize" in body:
            raise invalid_request("Disk size must be specified within the launch template.")
        if "instanceTypes" in body and "InstanceType" in data:
            raise invalid_request("Instance type must be specified in the node group or in the launch template, not in both.")

    answer = theirs(cluster_name, {**body, "scalingConfig": scaling, "version": version, "amiType": ami_type})
    nodegroup = eks._nodegroups.get(key)
    if answer[0] != 200 or nodegroup is None:
        return answer
    nodegroup["releaseVersion"] = body.get("releaseVersion") or release_version(version, ami_type)
    nodegroup["updateConfig"] = update_config
    for member in ("nodeRepairConfig", "warmPoolConfig", "remoteAccess"):
        if member in body:
            nodegroup[member] = body[member]
    if "remoteAccess" not in body:
        nodegroup["resources"].pop("remoteAccessSecurityGroup", None)
    if template:
        nodegroup["launchTemplate"] = template
        nodegroup.pop("diskSize", None)
        if "InstanceType" in data:
            nodegroup.pop("instanceTypes", None)
    add_role_entry(cluster, nodegroup["nodeRole"], "EC2_LINUX")
    remember("nodegroup", body, cluster_name, name)
    return ok(nodegroup=nodegroup)


def delete_nodegroup(theirs, cluster_name, name):
    nodegroup = nodegroup_of(cluster_name, name)
    answer = theirs(cluster_name, name)
    forget("nodegroup", cluster_name, name)
    drop_role_entry(cluster_name, nodegroup["nodeRole"])
    return answer


@route("POST", rf"/clusters/{NAME}/node-groups/{NAME}/update-config")
def update_nodegroup_config(cluster_name, name, body, query):
    nodegroup = nodegroup_of(cluster_name, name)
    scaling, labels, taints = (body.get(k, {}) for k in ("scalingConfig", "labels", "taints"))
    after = check_scaling({**nodegroup["scalingConfig"], **scaling})
    update_config = check_update_config(body["updateConfig"]) if body.get("updateConfig") else nodegroup.get("updateConfig")
    params = [(n, str(scaling[k])) for k, n in
              (("minSize", "MinSize"), ("maxSize", "MaxSize"), ("desiredSize", "DesiredSize")) if k in scaling]
    for member, name_of, wanted in (("addOrUpdateLabels", "LabelsToAdd", labels), ("removeLabels", "LabelsToRemove", labels),
                                    ("addOrUpdateTaints", "TaintsToAdd", taints), ("removeTaints", "TaintsToRemove", taints)):
        if wanted.get(member):
            params.append((name_of, wanted[member]))
    for member, name_of in (("maxUnavailable", "MaxUnavailable"), ("maxUnavailablePercentage", "MaxUnavailablePercentage"),
                            ("updateStrategy", "UpdateStrategy")):
        if member in body.get("updateConfig", {}):
            params.append((name_of, str(body["updateConfig"][member])))
    for member, name_of in (("nodeRepairConfig", "NodeRepairConfig"), ("warmPoolConfig", "WarmPoolEnabled")):
        if member in body:
            params.append((name_of, body[member]))
            nodegroup[member] = body[member]

    nodegroup["scalingConfig"], nodegroup["updateConfig"] = after, update_config
    kept = {k: v for k, v in nodegroup["labels"].items() if k not in labels.get("removeLabels", [])}
    nodegroup["labels"] = {**kept, **labels.get("addOrUpdateLabels", {})}
    # A taint is known by its key and effect; its value is what an update changes.
    by_identity = {(t.get("key"), t.get("effect")): t for t in nodegroup["taints"]}
    for taint in taints.get("removeTaints", []):
        by_identity.pop((taint.get("key"), taint.get("effect")), None)
    for taint in taints.get("addOrUpdateTaints", []):
        by_identity[taint.get("key"), taint.get("effect")] = taint
    nodegroup["taints"] = list(by_identity.values())
    nodegroup["modifiedAt"] = eks._now()
    return record_update(cluster_name, "ConfigUpdate", params, of=f"nodegroup/{name}")


@route("POST", rf"/clusters/{NAME}/node-groups/{NAME}/update-version")
def update_nodegroup_version(cluster_name, name, body, query):
    nodegroup = nodegroup_of(cluster_name, name)
    cluster = cluster_of(cluster_name)
    params = []
    template = None
    if body.get("launchTemplate"):
        if "launchTemplate" not in nodegroup:
            raise invalid_request("Cannot update the launch template of a node group created without one.")
        template, _ = launch_template(body["launchTemplate"])
        if template["id"] != nodegroup["launchTemplate"]["id"]:
            raise invalid_request("The launch template must be the one that the node group was created with.")
        params += [("LaunchTemplateName", template["name"]), ("LaunchTemplateVersion", template["version"])]
    version = nodegroup["version"]
    if body.get("version") or not template:
        version = check_nodegroup_version(cluster, body.get("version") or cluster["version"])
        if catalog.minor(version) < catalog.minor(nodegroup["version"]):
            raise invalid_parameter(f"Nodegroup Kubernetes version can't be lowered from {nodegroup['version']} to {version}")
    release = body.get("releaseVersion") or release_version(version, nodegroup["amiType"])
    nodegroup.update(version=version, releaseVersion=release, modifiedAt=eks._now())
    if template:
        nodegroup["launchTemplate"] = template
    return record_update(cluster_name, "VersionUpdate", [("Version", version), ("ReleaseVersion", release), *params],
                         of=f"nodegroup/{name}")


# --- Access entries ----------------------------------------------------------------------

# What EKS fills in for entries of nodes.
NODE_ENTRIES = {
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"]),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", ["eks:kube-proxy-windows", "system:nodes"]),
    "FARGATE_LINUX": ("system:node:{{SessionName}}", ["eks:kube-proxy-fargate", "system:node-proxier", "system:nodes"]),
}


def uses_entries(cluster):
    return cluster["accessConfig"]["authenticationMode"] != "CONFIG_MAP"


def create_access_entry(theirs, cluster_name, body):
    if not uses_entries(cluster_of(cluster_name)):
        raise invalid_request("The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
                              "to perform this operation.")
    answer = theirs(cluster_name, body)
    entry = eks._access_entries.get(eks._ae_key(cluster_name, body.get("principalArn", "")))
    if answer[0] != 200 or entry is None:
        return answer
    username, groups = NODE_ENTRIES.get(entry["type"], ("", None))
    if groups is not None:
        entry["kubernetesGroups"] = groups
    if not entry["username"]:
        entry["username"] = username or session_name(entry["principalArn"])
    return ok(accessEntry=entry)


def session_name(principal_arn):
    """The user name of whoever comes as this principal: roles come as sessions."""
    head, _, name = principal_arn.partition(":role/")
    if not name:
        return principal_arn
    return f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rsplit('/', 1)[-1]}/{{{{SessionName}}}}"


def add_role_entry(cluster, role_arn, kind):
    key = eks._ae_key(cluster["name"], role_arn)
    if uses_entries(cluster) and key not in eks._access_entries:
        eks._create_access_entry(cluster["name"], {"principalArn": role_arn, "type": kind})


def drop_role_entry(cluster_name, role_arn):
    """Nodes' entries go with the last node group or Fargate profile that uses the role."""
    in_use_by = [r for _, r in of_cluster(eks._nodegroups, cluster_name, "/") if r["nodeRole"] == role_arn]
    in_use_by += [r for _, r in of_cluster(fargate_profiles, cluster_name, "/") if r["podExecutionRoleArn"] == role_arn]
    key = eks._ae_key(cluster_name, role_arn)
    entry = eks._access_entries.get(key)
    if entry and entry["type"] in NODE_ENTRIES and not in_use_by:
        eks._access_entries.pop(key)
        eks._tags.pop(entry["accessEntryArn"], None)


@route("GET", r"/access-policies")
def list_access_policies(body, query):
    return ok(accessPolicies=[{"name": name, "arn": f"arn:aws:eks::aws:cluster-access-policy/{name}"}
                              for name in catalog.ACCESS_POLICIES])


# --- Add-ons -----------------------------------------------------------------------------


def check_addon_version(name, version):
    # Any well-formed build is taken: AWS's list is longer than ours, and changes weekly.
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[a-z0-9.]+)?-eksbuild\.\d+", version):
        raise invalid_parameter(f"Addon version specified is not supported: {name} {version}")


def set_associations(addon, wanted):
    """Make the add-on's pod identity associations those in `wanted`; it stores their ARNs."""
    cluster_name = addon["clusterName"]
    for key, association in of_cluster(eks._pod_identity_associations, cluster_name, "\0"):
        if association.get("ownerArn") == addon["addonArn"]:
            eks._pod_identity_associations.pop(key, None)
            eks._tags.pop(association["associationArn"], None)
    addon["podIdentityAssociations"] = []
    for item in wanted:
        check_role(item.get("roleArn", ""))
        status, _, answer = eks._create_pod_identity_association(
            cluster_name, {"namespace": catalog.addon_namespace(addon["addonName"]), **item})
        if status != 200:
            raise invalid_request(json.loads(answer)["message"])
        association = json.loads(answer)["association"]
        stored = eks._pod_identity_associations[eks._pia_key(cluster_name, association["associationId"])]
        stored["ownerArn"] = addon["addonArn"]
        addon["podIdentityAssociations"].append(association["associationArn"])


def create_addon(theirs, cluster_name, body):
    cluster = cluster_of(cluster_name)
    name = body.get("addonName", "")
    key = f"{cluster_name}/{name}"
    if key in eks._addons:
        if replayed("addon", body, cluster_name, name):
            return ok(addon=eks._addons[key])
        raise in_use(f"Addon already exists with name: {name}")
    if not catalog.is_addon(name):
        raise invalid_parameter(f"Addon {name} specified is not supported")
    version = body.get("addonVersion") or catalog.addon_version(name, cluster["version"])
    check_addon_version(name, version)
    answer = theirs(cluster_name, {**body, "addonVersion": version, "podIdentityAssociations": []})
    addon = eks._addons.get(key)
    if answer[0] != 200 or addon is None:
        return answer
    addon["namespaceConfig"] = {"namespace": catalog.addon_namespace(name), **body.get("namespaceConfig", {})}
    for member in ("serviceAccountRoleArn", "configurationValues"):
        if not addon[member]:
            del addon[member]  # AWS leaves out what isn't set
    try:
        set_associations(addon, body.get("podIdentityAssociations", []))
    except Refused:
        eks._addons.pop(key)
        raise
    remember("addon", body, cluster_name, name)
    return ok(addon=addon)


def update_addon(theirs, cluster_name, name, body):
    addon = eks._addons.get(f"{cluster_name}/{name}")
    if body.get("addonVersion"):
        check_addon_version(name, body["addonVersion"])
    rest = {k: v for k, v in body.items() if k != "podIdentityAssociations"}
    answer = theirs(cluster_name, name, rest)
    if answer[0] != 200:
        return answer
    if "podIdentityAssociations" in body:
        set_associations(addon, body["podIdentityAssociations"])
    names = {"addonVersion": "AddonVersion", "serviceAccountRoleArn": "ServiceAccountRoleArn",
             "configurationValues": "ConfigurationValues", "resolveConflicts": "ResolveConflicts",
             "podIdentityAssociations": "PodIdentityAssociations"}
    return record_update(cluster_name, "AddonUpdate", [(n, body[k]) for k, n in names.items() if k in body],
                         of=f"addon/{name}")


def delete_addon(theirs, cluster_name, name):
    addon = eks._addons.get(f"{cluster_name}/{name}")
    if addon:
        set_associations(addon, [])
        forget("addon", cluster_name, name)
    return theirs(cluster_name, name)


@route("GET", r"/addons/supported-versions")
def describe_addon_versions(body, query):
    version = query.get("kubernetesVersion", [""])[0]
    name = query.get("addonName", [""])[0]
    if version:
        check_version(version)
    if name and not catalog.is_addon(name):
        raise not_found(f"Addon {name} specified is not supported")
    versions = [version] if version else [v["clusterVersion"] for v in catalog.cluster_versions()]
    found = [catalog.addon(n, versions) for n in ([name] if name else catalog.addon_names())]
    for member, wanted in (("type", "types"), ("publisher", "publishers"), ("owner", "owners")):
        if query.get(wanted):
            found = [a for a in found if a[member] in query[wanted]]
    return ok(addons=found)


# --- Fargate profiles --------------------------------------------------------------------


def fargate_profile_of(cluster_name, name):
    cluster_of(cluster_name)
    profile = fargate_profiles.get(f"{cluster_name}/{name}")
    if profile is None:
        raise not_found(f"No Fargate Profile found with name: {name}.")
    return profile


@route("POST", rf"/clusters/{NAME}/fargate-profiles")
def create_fargate_profile(cluster_name, body, query):
    cluster = cluster_of(cluster_name)
    name = body.get("fargateProfileName", "")
    key = f"{cluster_name}/{name}"
    if key in fargate_profiles:
        if replayed("fargate", body, cluster_name, name):
            return ok(fargateProfile=fargate_profiles[key])
        raise in_use(f"A Fargate Profile already exists with this name {name} in cluster {cluster_name}.")
    selectors = body.get("selectors", [])
    if not selectors or len(selectors) > 5 or not all(s.get("namespace") for s in selectors):
        raise invalid_parameter("A Fargate profile needs one to five selectors, each with a namespace.")
    check_role(body.get("podExecutionRoleArn", ""))
    subnets = the_subnets(body.get("subnets") or cluster["resourcesVpcConfig"]["subnetIds"])
    if any(s.get("MapPublicIpOnLaunch") is True for s in subnets):
        raise invalid_parameter("Fargate profiles need private subnets: a subnet given assigns public addresses.")
    profile = {
        "fargateProfileName": name,
        "fargateProfileArn": f"arn:aws:eks:{eks.get_region()}:{eks.get_account_id()}:"
                             f"fargateprofile/{cluster_name}/{name}/{eks.new_uuid()}",
        "clusterName": cluster_name,
        "createdAt": eks._now(),
        "podExecutionRoleArn": body.get("podExecutionRoleArn", ""),
        "subnets": [s["SubnetId"] for s in subnets],
        "selectors": selectors,
        "status": "ACTIVE",
        "tags": body.get("tags", {}),
        "health": {"issues": []},
    }
    fargate_profiles[key] = profile
    add_role_entry(cluster, profile["podExecutionRoleArn"], "FARGATE_LINUX")
    remember("fargate", body, cluster_name, name)
    return ok(fargateProfile=profile)


@route("GET", rf"/clusters/{NAME}/fargate-profiles")
def list_fargate_profiles(cluster_name, body, query):
    cluster_of(cluster_name)
    return ok(fargateProfileNames=[p["fargateProfileName"] for _, p in of_cluster(fargate_profiles, cluster_name, "/")])


@route("GET", rf"/clusters/{NAME}/fargate-profiles/{NAME}")
def describe_fargate_profile(cluster_name, name, body, query):
    return ok(fargateProfile=fargate_profile_of(cluster_name, name))


@route("DELETE", rf"/clusters/{NAME}/fargate-profiles/{NAME}")
def delete_fargate_profile(cluster_name, name, body, query):
    profile = fargate_profile_of(cluster_name, name)
    fargate_profiles.pop(f"{cluster_name}/{name}")
    forget("fargate", cluster_name, name)
    drop_role_entry(cluster_name, profile["podExecutionRoleArn"])
    return ok(fargateProfile={**profile, "status": "DELETING"})


# --- Tags --------------------------------------------------------------------------------


def tagged(arn):
    """The record with this ARN. Its `tags` are what every describe shows."""
    for store, member in (
        (eks._clusters, "arn"),
        (eks._nodegroups, "nodegroupArn"),
        (eks._addons, "addonArn"),
        (eks._access_entries, "accessEntryArn"),
        (eks._pod_identity_associations, "associationArn"),
        (fargate_profiles, "fargateProfileArn"),
    ):
        for record in store.values():
            if record.get(member) == arn:
                return record
    if not re.fullmatch(r"arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:[a-z]+-?[a-z]*/.+", arn):
        raise Refused(400, "BadRequestException", f"Invalid resource ARN: {arn}")
    raise Refused(404, "NotFoundException", f"No resource found for ARN: {arn}")


def set_tags(record, arn, tags):
    record["tags"] = tags
    eks._tags[arn] = dict(tags)  # ministack's own place for them


@route("GET", r"/tags/(arn:.+)")
def list_tags_for_resource(arn, body, query):
    return ok(tags=tagged(arn).get("tags", {}))


@route("POST", r"/tags/(arn:.+)")
def tag_resource(arn, body, query):
    record = tagged(arn)
    tags = {**record.get("tags", {}), **body.get("tags", {})}
    if len(tags) > 50:
        raise Refused(400, "BadRequestException", "A resource can have at most 50 tags.")
    set_tags(record, arn, tags)
    return ok()


@route("DELETE", r"/tags/(arn:.+)")
def untag_resource(arn, body, query):
    record = tagged(arn)
    set_tags(record, arn, {k: v for k, v in record.get("tags", {}).items() if k not in query.get("tagKeys", [])})
    return ok()
