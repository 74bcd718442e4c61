"""EKS's way back: UpdateClusterVersion to the minor version before, and the insights that block it.

A cluster goes back once, within seven days of its last upgrade in place, when its node groups are no newer
than the version it goes to.
"""

import eks_catalog as catalog
from eks_base import (
    NAME,
    cluster_of,
    in_front_of_eks,
    invalid_parameter,
    invalid_request,
    of_cluster,
    ok,
    route,
    updates,
)
from eks_updates import record_update
from gap_kit import keep
from ministack.services import eks

WINDOW = 7 * 24 * 60 * 60

insights = keep(eks, "billpay_insights")  # cluster -> list of insights as ListInsights tells them


def last_version_change(name):
    changes = [r["update"] for _, r in of_cluster(updates, name, "\0") if r["of"] == ""]
    changes = [u for u in changes if u["type"] in ("VersionUpdate", "VersionRollback")]
    # Several may be of one second: the one that came last counts.
    return max(reversed(changes), key=lambda update: update["createdAt"], default=None)


def check_window(cluster):
    last = last_version_change(cluster["name"])
    if last is None or last["type"] != "VersionUpdate":
        raise invalid_request(f"Cluster {cluster['name']} has no upgrade that can be rolled back.")
    if eks._now() - last["createdAt"] > WINDOW:
        raise invalid_request(f"The rollback window of cluster {cluster['name']} has ended.")


def roll_back(cluster, version, body):
    name = cluster["name"]
    check_window(cluster)
    newer = [
        group["nodegroupName"]
        for _, group in of_cluster(eks._nodegroups, name, "/")
        if catalog.minor(group["version"]) > catalog.minor(version)
    ]
    if newer:
        raise invalid_request(f"Nodegroups {sorted(newer)} must be updated to version {version} first.")
    blocking = [i["name"] for i in insights.get(name, []) if is_of(i, ["ROLLBACK_READINESS"], ["ERROR"])]
    if blocking and not body.get("force"):
        raise invalid_request(f"Amazon EKS detected rollback readiness issues: {', '.join(blocking)}")
    if cluster["upgradePolicy"]["supportType"] == "STANDARD":
        if catalog.cluster_version(version)["versionStatus"] != "STANDARD_SUPPORT":
            raise invalid_parameter(f"Version {version} needs the upgrade policy EXTENDED.")
    cluster["version"] = version
    return record_update(
        name, "VersionRollback", [("Version", version), ("PlatformVersion", catalog.PLATFORM_VERSION)]
    )


def is_of(insight, categories, statuses):
    status = insight.get("insightStatus", {}).get("status")
    return (not categories or insight.get("category") in categories) and (not statuses or status in statuses)


@route("POST", rf"/clusters/{NAME}/insights")
def list_insights(name, body, query):
    cluster_of(name)
    wanted = body.get("filter", {})
    found = [i for i in insights.get(name, []) if is_of(i, wanted.get("categories"), wanted.get("statuses"))]
    return ok(insights=found)


@in_front_of_eks("_delete_cluster")
def delete_cluster(theirs, name):
    answer = theirs(name)
    insights.pop(name, None)
    return answer


# No call of AWS's: what only time and EKS's own checks bring about.
@route("POST", rf"/clusters/{NAME}/test-state")
def set_up(name, body, query):
    """`insights` become the cluster's, and its updates older by `age` seconds."""
    cluster_of(name)
    if "insights" in body:
        insights[name] = body["insights"]
    for _, record in of_cluster(updates, name, "\0"):
        record["update"]["createdAt"] -= body.get("age", 0)
    return ok()
