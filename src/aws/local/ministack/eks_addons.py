"""EKS add-ons: versions that exist, defaults, and pod identity associations that are associations."""

import json
import re

import eks_catalog as catalog
from eks_base import (
    check_role,
    check_version,
    cluster_of,
    forget,
    in_front_of_eks,
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
    of_cluster,
    ok,
    Refused,
    remember,
    replayed,
    route,
)
from eks_updates import record_update
from ministack.services import eks


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
            cluster_name, {"namespace": catalog.addon_namespace(addon["addonName"]), **item}
        )
        if status != 200:
            raise invalid_request(json.loads(answer)["message"])
        association = json.loads(answer)["association"]
        stored = eks._pod_identity_associations[eks._pia_key(cluster_name, association["associationId"])]
        stored["ownerArn"] = addon["addonArn"]
        addon["podIdentityAssociations"].append(association["associationArn"])


@in_front_of_eks("_create_addon")
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
    return ok(addon={**addon, "status": "CREATING"})


@in_front_of_eks("_update_addon")
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
    names = {
        "addonVersion": "AddonVersion",
        "serviceAccountRoleArn": "ServiceAccountRoleArn",
        "configurationValues": "ConfigurationValues",
        "resolveConflicts": "ResolveConflicts",
        "podIdentityAssociations": "PodIdentityAssociations",
    }
    return record_update(
        cluster_name, "AddonUpdate", [(n, body[k]) for k, n in names.items() if k in body], of=f"addon/{name}"
    )


@in_front_of_eks("_delete_addon")
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
