"""What the EKS gap modules share: routes, errors, stores, and looking things up.

Records live in ministack's own stores wherever it has one, so both see the same cluster.
"""

import functools
import json
import re
import threading
import urllib.parse

import eks_catalog as catalog
from gap_kit import digest, in_front_of, keep, require
from ministack.services import ec2, eks, iam

require(
    eks,
    "_clusters",
    "_nodegroups",
    "_addons",
    "_access_entries",
    "_access_policies",
    "_tags",
    "_pod_identity_associations",
    "_error",
    "_json_resp",
    "_now",
    "_sanitize",
    "_pia_key",
    "_ae_key",
    "_create_pod_identity_association",
    "_create_access_entry",
    "_docker_available",
    "get_account_id",
    "get_region",
    "new_uuid",
)
require(ec2, "_subnets", "_security_groups", "_launch_templates", "_tags", "_new_sg_id")
require(iam, "_roles")

updates = keep(eks, "billpay_updates")  # "cluster\0update id" -> {"update", "of"}
fargate_profiles = keep(eks, "billpay_fargate_profiles")  # "cluster/profile" -> record
tokens = keep(eks, "billpay_client_tokens")  # "kind/cluster/name" -> [token, digest of the request]

# ministack answers EKS on one thread per request. One request at a time keeps every
# check-then-change whole; none of them waits for anything.
LOCK = threading.RLock()

NAME = r"([0-9A-Za-z][A-Za-z0-9_-]*)"
ROUTES = []  # (method, pattern, function) of the calls that we answer ourselves


def route(method, pattern):
    """Decorator: answer this call. The function gets the path's names, the body and the query."""

    def register(function):
        ROUTES.append((method, re.compile(pattern), function))
        return function

    return register


class Refused(Exception):
    """An error answer of EKS's, on its way out."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.answer = eks._error(status, code, message)


def refusing(function):
    @functools.wraps(function)
    def answer(*args, **named):
        try:
            return function(*args, **named)
        except Refused as refused:
            return refused.answer

    return answer


def in_front_of_eks(name):
    """Decorator: like `in_front_of`, for a function of ministack's EKS that answers a call."""

    def install(function):
        in_front_of(eks, name)(refusing(function))
        return function

    return install


@in_front_of(eks, "_handle_request_sync")
def handle(theirs, method, path, headers, body_bytes, query_params):
    with LOCK:
        for wanted, pattern, function in ROUTES:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                body = json.loads(body_bytes) if body_bytes else {}
                names = map(urllib.parse.unquote, match.groups())
                return refusing(function)(*names, body=body, query=query_params)
        return theirs(method, path, headers, body_bytes, query_params)


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
        raise invalid_parameter(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )


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
