"""What the EC2 gap modules share: reading requests, writing answers, errors and client tokens."""

import random
import re
from xml.sax.saxutils import escape

from gap_kit import digest, in_front_of, keep, require
from ministack.services import ec2, eks

require(eks, "_clusters", "_nodegroups")
require(
    ec2,
    "_ACTION_MAP",
    "_p",
    "_xml",
    "_error",
    "_parse_filters",
    "_parse_member_list",
    "_parse_tag_specs",
    "_resource_matches_tag_filters",
    "_glob_match",
    "_now_ts",
    "_tags",
    "get_account_id",
    "get_region",
    "_vpcs",
    "_subnets",
    "_route_tables",
    "_internet_gateways",
    "_addresses",
    "_nat_gateways",
    "_vpc_endpoints",
    "_security_groups",
    "_network_interfaces",
    "_launch_templates",
)

tokens = keep(ec2, "billpay_client_tokens")  # "action\0token" -> [resource id, digest of the request]


class Refused(Exception):
    """An error answer of EC2's, on its way out."""

    def __init__(self, code, message):
        super().__init__(message)
        self.answer = ec2._error(code, escape(message), 400)


def action(name, added=False):
    """Decorator: answer this action; the function gets ministack's answerer first.

    With `added`, ministack has none, and the function gets None.
    """

    def install(function):
        def answering(theirs, params):
            try:
                return function(theirs, params)
            except Refused as refused:
                return refused.answer

        if added:
            ec2._ACTION_MAP.setdefault(name, None)
        in_front_of(ec2._ACTION_MAP, name)(answering)
        return function

    return install


def one(params, name):
    return ec2._p(params, name)


def several(params, name):
    return ec2._parse_member_list(params, name)


def new_id(prefix):
    return f"{prefix}-{random.getrandbits(68):017x}"


def there(store, key, code, what):
    record = store.get(key)
    if record is None:
        raise Refused(code, f"The {what} '{key}' does not exist")
    return record


def xml(value):
    """A dict as EC2's XML: members by their wire names, lists as <item>s; None is left out."""
    if isinstance(value, dict):
        return "".join(f"<{k}>{xml(v)}</{k}>" for k, v in value.items() if v is not None)
    if isinstance(value, list):
        return "".join(f"<item>{xml(v)}</item>" for v in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def answer(action, **members):
    return ec2._xml(200, f"{action}Response", xml(members))


def done(action):
    return ec2._xml(200, f"{action}Response", "<return>true</return>")


def succeeded(response):
    return response[0] == 200


def tag_set(resource_id):
    return [{"key": t["Key"], "value": t.get("Value", "")} for t in ec2._tags.get(resource_id, [])]


def chosen(params, store, ids, code, what, filters):
    """The records that a describe call asks for, by ids and filters.

    `filters` says how to read the value that a filter compares, by the filter's name; a filter
    that isn't in it, and isn't about tags, is refused rather than ignored.
    """
    for key in ids:
        there(store, key, code, what)
    wanted = ec2._parse_filters(params)
    for name in wanted:
        if name not in filters and not re.match(r"tag:|tag-key$|tag-value$", name):
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")

    def matches(key, record):
        for name, values in wanted.items():
            if name in filters:
                actual = filters[name](record)
                actual = actual if isinstance(actual, list) else [actual]
                if not any(ec2._glob_match(v, str(a)) for v in values for a in actual if a is not None):
                    return False
        return ec2._resource_matches_tag_filters(key, wanted)

    return [r for k, r in store.items() if (not ids or k in ids) and matches(k, r)]


def replay(action, params, store):
    """The resource that an earlier call with this client token made, if there was one.

    As on AWS, the token means the resource for good: also after it has been deleted.
    """
    known = tokens.get(f"{action}\0{one(params, 'ClientToken')}") if one(params, "ClientToken") else None
    if known is None:
        return None
    if known[1] != digest(_without_token(params)):
        raise Refused(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that was created "
            "with different parameters.",
        )
    return store.get(known[0])


def remember(action, params, resource_id):
    if one(params, "ClientToken"):
        tokens[f"{action}\0{one(params, 'ClientToken')}"] = [resource_id, digest(_without_token(params))]


def _without_token(params):
    return {k: v for k, v in params.items() if k not in ("ClientToken", "Version")}


def in_use(what, key):
    return Refused("DependencyViolation", f"The {what} '{key}' has dependencies and cannot be deleted.")


def drop_tags(key):
    ec2._tags.pop(key, None)


def is_used_by_eks(resource_id):
    """Clusters have network interfaces in their subnets and groups, and node groups have instances there."""
    networks = [c.get("resourcesVpcConfig", {}) for c in eks._clusters.values()]
    used = [n.get("subnetIds", []) + n.get("securityGroupIds", []) for n in networks]
    used += [n.get("subnets", []) for n in eks._nodegroups.values()]
    return any(resource_id in ids for ids in used)
