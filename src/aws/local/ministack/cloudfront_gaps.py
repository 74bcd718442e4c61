"""CloudFront calls that ministack answers otherwise than AWS.

A distribution is shown with every member that AWS always sends, also those that weren't given.
A caller reference replays its own request only; an alias belongs to one distribution; what a
distribution uses can't be deleted. Functions are read without saying which stage. A response
headers policy is shown with the headers that it was given, and without empty lists of them.
"""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from gap_kit import digest, in_front_of, keep, require
from ministack.core.responses import AccountScopedDict
from ministack.services import cloudfront

require(
    cloudfront,
    "_distributions",
    "_oacs",
    "_functions",
    "_RHP_SPEC",
    "_find",
    "_text",
    "_error",
    "_parse_body",
    "_unwrap_distribution_create_xml",
    "_dist_config_el",
    "_local_tag_name",
    "_qval",
)

# distribution id -> digest of the config it was created with
references = keep(cloudfront, "billpay_caller_references", AccountScopedDict)

# Members that AWS fills in. A number is the Quantity of an empty list; a dict is a structure.
DISTRIBUTION = {
    "Aliases": 0,
    "DefaultRootObject": "",
    "OriginGroups": 0,
    "CacheBehaviors": 0,
    "CustomErrorResponses": 0,
    "Logging": {"Enabled": "false", "IncludeCookies": "false", "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": "true",
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    },
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": "0"}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": "true",
    "ContinuousDeploymentPolicyId": "",
    "Staging": "false",
}
BEHAVIOUR = {
    "TrustedSigners": {"Enabled": "false", "Quantity": "0"},
    "TrustedKeyGroups": {"Enabled": "false", "Quantity": "0"},
    "AllowedMethods": {
        "Quantity": "2",
        "Items": ["HEAD", "GET"],
        "CachedMethods": {"Quantity": "2", "Items": ["HEAD", "GET"]},
    },
    "SmoothStreaming": "false",
    "Compress": "false",
    "LambdaFunctionAssociations": 0,
    "FunctionAssociations": 0,
    "FieldLevelEncryptionId": "",
    "GrpcConfig": {"Enabled": "false"},
}
ORIGIN = {
    "OriginPath": "",
    "CustomHeaders": 0,
    "ConnectionAttempts": "3",
    "ConnectionTimeout": "10",
    "OriginShield": {"Enabled": "false"},
    "OriginAccessControlId": "",
}


@in_front_of(cloudfront, "handle_request")
async def handle_request(theirs, method, path, headers, body, query_params):
    # AWS shows the DEVELOPMENT stage when none is asked for; ministack insists on one.
    if (
        method == "GET"
        and re.search(r"/function/[^/]+(/describe)?$", path)
        and not cloudfront._qval(query_params, "Stage")
    ):
        query_params = {**query_params, "Stage": ["DEVELOPMENT"]}
    return await theirs(method, path, headers, body, query_params)


@in_front_of(cloudfront, "_ensure_distribution_config_sdk_compat")
def fill_in(theirs, config):
    if config is not None:
        complete(config, DISTRIBUTION)
        behaviours = [cloudfront._find(config, "DefaultCacheBehavior"), *items(config, "CacheBehaviors")]
        for behaviour in behaviours:
            if behaviour is not None:
                complete(behaviour, BEHAVIOUR)
        for origin in items(config, "Origins"):
            complete(origin, ORIGIN)
    return theirs(config)


def items(config, name):
    found = cloudfront._find(config, name)
    found = None if found is None else cloudfront._find(found, "Items")
    return [] if found is None else list(found)


def complete(element, defaults):
    for name, value in defaults.items():
        if cloudfront._find(element, name) is None:
            append(element, name, value)


def append(element, name, value):
    child = SubElement(element, name)
    if isinstance(value, dict):
        for inner, inner_value in value.items():
            append(child, inner, inner_value)
    elif isinstance(value, list):  # of HTTP methods, the only lists that have a default
        for method in value:
            SubElement(child, "Method").text = method
    elif isinstance(value, int):
        SubElement(child, "Quantity").text = str(value)
    else:
        child.text = value


def canonical(element):
    """A config's meaning as text: local names, no blanks between elements."""
    copy = Element(cloudfront._local_tag_name(element))
    copy.text = (element.text or "").strip()
    copy.extend(map(canonical, element))
    return copy


def aliases(config):
    return {(item.text or "").lower() for item in items(config, "Aliases")}


def alias_error(config, own_id=None):
    for distribution in cloudfront._distributions.values():
        if distribution["Id"] != own_id and aliases(config) & aliases(cloudfront._dist_config_el(distribution)):
            return cloudfront._error(
                "CNAMEAlreadyExists",
                "One or more of the CNAMEs you provided are already associated with a different resource.",
                409,
            )
    return None


@in_front_of(cloudfront, "_create_distribution")
def create_distribution(theirs, headers, body):
    config, _ = cloudfront._unwrap_distribution_create_xml(cloudfront._parse_body(body))
    if config is None:
        return theirs(headers, body)
    request = digest(tostring(canonical(config), encoding="unicode"))
    reference = cloudfront._text(config, "CallerReference")
    known = [d for d in cloudfront._distributions.values() if d.get("CallerReference") == reference]
    if known and references.get(known[0]["Id"], request) != request:
        return cloudfront._error(
            "DistributionAlreadyExists",
            "The caller reference that you are using to create a "
            "distribution is associated with another distribution. Already exists: "
            f"{known[0]['Id']}",
            409,
        )
    error = None if known else alias_error(config)
    if error:
        return error
    before = set(cloudfront._distributions)
    response = theirs(headers, body)
    for made in set(cloudfront._distributions) - before:
        references[made] = request
    return response


@in_front_of(cloudfront, "_update_distribution")
def update_distribution(theirs, distribution_id, headers, body):
    config = cloudfront._parse_body(body)
    error = None if config is None else alias_error(config, distribution_id)
    return error or theirs(distribution_id, headers, body)


@in_front_of(cloudfront, "_delete_distribution")
def delete_distribution(theirs, distribution_id, headers):
    response = theirs(distribution_id, headers)
    if response[0] == 204:
        references.pop(distribution_id, None)
    return response


@in_front_of(cloudfront, "_distributions_using_policy")
@in_front_of(cloudfront, "_distributions_using_cache_policy")
def using(theirs, value):
    """Ids of the distributions whose config has an element with exactly this text."""
    return [
        d["Id"]
        for d in cloudfront._distributions.values()
        if any(e.text == value for e in cloudfront._dist_config_el(d).iter())
    ]


@in_front_of(cloudfront, "_delete_oac")
def delete_origin_access_control(theirs, control_id, headers):
    if control_id in cloudfront._oacs and using(None, control_id):
        return cloudfront._error(
            "OriginAccessControlInUse",
            "Cannot delete the origin access control because it's in use by one or more distributions.",
            409,
        )
    return theirs(control_id, headers)


@in_front_of(cloudfront, "_cf_delete_function")
def delete_function(theirs, name, headers):
    function = cloudfront._functions.get(name)
    if function and using(None, function["arn"]):
        return cloudfront._error(
            "FunctionInUse", "Cannot delete the function, it is in use by one or more distributions.", 409
        )
    return theirs(name, headers)


@in_front_of(cloudfront, "_build_rhp_config_xml")
@in_front_of(cloudfront._RHP_SPEC, "build_config")
def headers_policy(theirs, parent, config):
    """AWS leaves out a list of headers that wasn't given; ministack shows it, empty."""
    theirs(parent, config)
    for name, kept in (("CustomHeadersConfig", "CustomHeaders"), ("RemoveHeadersConfig", "RemoveHeaders")):
        shown = parent.find(name)
        if shown is not None and not config[kept]:
            parent.remove(shown)


@in_front_of(cloudfront, "_list_tags")
@in_front_of(cloudfront, "_tag_resource")
@in_front_of(cloudfront, "_untag_resource")
def of_resource(theirs, *args):
    """A resource that isn't there is NoSuchResource to the tagging calls, whatever its kind."""
    response = theirs(*args)
    if response[0] == 404:
        return cloudfront._error("NoSuchResource", f"The specified resource {args[0]} does not exist.", 404)
    return response
