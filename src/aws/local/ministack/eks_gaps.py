"""EKS calls that ministack lacks, and corrections of those it has.

Importing this puts all of them in front of ministack's: see `eks_clusters`, `eks_nodes`,
`eks_addons` and `eks_updates`. Here is what they have in common, tags: AWS shows a resource's
tags as they are now in every describe, and every kind has them.
"""

import re

import eks_addons  # noqa: F401  (imported for what it installs, like the next two)
import eks_clusters  # noqa: F401
import eks_nodes  # noqa: F401
from eks_base import Refused, fargate_profiles, ok, route
from ministack.services import eks


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
