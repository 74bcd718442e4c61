"""EKS node groups and Fargate profiles, and the access entries that their roles get.

UpdateNodegroupConfig, UpdateNodegroupVersion and all of Fargate are missing in ministack.
Create calls answer CREATING, as AWS's do; the next describe shows ACTIVE.
"""

import eks_catalog as catalog
from eks_base import (
    NAME,
    check_role,
    check_version,
    cluster_of,
    fargate_profiles,
    forget,
    in_front_of_eks,
    in_use,
    invalid_parameter,
    invalid_request,
    nodegroup_of,
    not_found,
    of_cluster,
    ok,
    remember,
    replayed,
    route,
    the_subnets,
)
from eks_rollback import check_window
from eks_updates import record_update
from ministack.services import ec2, eks

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
        raise invalid_parameter(
            f"Nodegroup Kubernetes version {version} can't be newer than the "
            f"cluster's Kubernetes version {cluster['version']}"
        )
    return version


def release_version(version, ami_type):
    return "" if ami_type == "CUSTOM" else f"{version}.2-20261101"


def launch_template(wanted):
    """The launch template asked for, with id, name and version number, and that version's data."""
    for template in ec2._launch_templates.values():
        if (
            wanted.get("id", template["LaunchTemplateId"]) == template["LaunchTemplateId"]
            and wanted.get("name", template["LaunchTemplateName"]) == template["LaunchTemplateName"]
        ):
            break
    else:
        raise invalid_request(f"Launch template {wanted.get('id') or wanted.get('name')} not found")
    number = str(wanted.get("version") or "$Default")
    number = {"$Default": template["DefaultVersionNumber"], "$Latest": template["LatestVersionNumber"]}.get(
        number, number
    )
    for version in template["Versions"]:
        if str(version["VersionNumber"]) == str(number):
            spec = {"id": template["LaunchTemplateId"], "name": template["LaunchTemplateName"], "version": str(number)}
            return spec, version.get("LaunchTemplateData", {})
    raise invalid_request(f"Launch template version {number} of {template['LaunchTemplateId']} not found")


@in_front_of_eks("_create_nodegroup")
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
            raise invalid_request(
                "Instance type must be specified in the node group or in the launch template, not in both."
            )

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
    return ok(nodegroup={**nodegroup, "status": "CREATING"})


@in_front_of_eks("_delete_nodegroup")
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
    update_config = (
        check_update_config(body["updateConfig"]) if body.get("updateConfig") else nodegroup.get("updateConfig")
    )
    params = [
        (n, str(scaling[k]))
        for k, n in (("minSize", "MinSize"), ("maxSize", "MaxSize"), ("desiredSize", "DesiredSize"))
        if k in scaling
    ]
    for member, name_of, wanted in (
        ("addOrUpdateLabels", "LabelsToAdd", labels),
        ("removeLabels", "LabelsToRemove", labels),
        ("addOrUpdateTaints", "TaintsToAdd", taints),
        ("removeTaints", "TaintsToRemove", taints),
    ):
        if wanted.get(member):
            params.append((name_of, wanted[member]))
    for member, name_of in (
        ("maxUnavailable", "MaxUnavailable"),
        ("maxUnavailablePercentage", "MaxUnavailablePercentage"),
        ("updateStrategy", "UpdateStrategy"),
    ):
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


def is_on_the_way_back(cluster, version):
    """Whether the cluster itself could go back to this version."""
    check_window(cluster)
    return catalog.minor(version)[1] == catalog.minor(cluster["version"])[1] - 1


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
        if catalog.minor(version) < catalog.minor(nodegroup["version"]) and not is_on_the_way_back(cluster, version):
            raise invalid_parameter(
                f"Nodegroup Kubernetes version can't be lowered from {nodegroup['version']} to {version}"
            )
    release = body.get("releaseVersion") or release_version(version, nodegroup["amiType"])
    nodegroup.update(version=version, releaseVersion=release, modifiedAt=eks._now())
    if template:
        nodegroup["launchTemplate"] = template
    return record_update(
        cluster_name,
        "VersionUpdate",
        [("Version", version), ("ReleaseVersion", release), *params],
        of=f"nodegroup/{name}",
    )


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
    return ok(fargateProfile={**profile, "status": "CREATING"})


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


# --- Access entries ----------------------------------------------------------------------

# What EKS fills in for entries of nodes.
NODE_ENTRIES = {
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"]),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", ["eks:kube-proxy-windows", "system:nodes"]),
    "FARGATE_LINUX": ("system:node:{{SessionName}}", ["eks:kube-proxy-fargate", "system:node-proxier", "system:nodes"]),
}


def uses_entries(cluster):
    return cluster["accessConfig"]["authenticationMode"] != "CONFIG_MAP"


@in_front_of_eks("_create_access_entry")
def create_access_entry(theirs, cluster_name, body):
    if not uses_entries(cluster_of(cluster_name)):
        raise invalid_request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
            "to perform this operation."
        )
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
    return ok(
        accessPolicies=[
            {"name": name, "arn": f"arn:aws:eks::aws:cluster-access-policy/{name}"} for name in catalog.ACCESS_POLICIES
        ]
    )
