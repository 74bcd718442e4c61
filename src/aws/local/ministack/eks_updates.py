"""EKS update records: every update is stored, and read by DescribeUpdate and ListUpdates."""

import json

from eks_base import NAME, cluster_of, nodegroup_of, not_found, of_cluster, ok, route, updates
from ministack.services import eks


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
