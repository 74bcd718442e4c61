"""IAM calls that ministack answers otherwise than AWS.

GetAccountAuthorizationDetails shows a role's permissions boundary and comes in pages; what
can't be (a policy that isn't JSON, an attachment of a policy that isn't there, deleting a
policy that has other versions) is refused; descriptions and tags may hold `&` and `<`.

Added: changing an OIDC provider's thumbprints, client ids and tags.

Not checked: whether an AWS-managed policy exists. AWS has more than a thousand, and
new ones every week.
"""

import re
from urllib.parse import quote
from xml.sax.saxutils import escape

from gap_kit import in_front_of, is_policy, require
from ministack.services import iam

DOCUMENTS = {  # action -> the parameter that must hold a policy
    "CreateRole": "AssumeRolePolicyDocument",
    "UpdateAssumeRolePolicy": "PolicyDocument",
    "PutRolePolicy": "PolicyDocument",
    "CreatePolicy": "PolicyDocument",
    "CreatePolicyVersion": "PolicyDocument",
}

PAGE = 100  # AWS's default for MaxItems

require(
    iam,
    "_IAM_HANDLERS",
    "_p",
    "_xml",
    "_error",
    "_roles",
    "_policies",
    "_is_aws_managed_arn",
    "_extract_tags",
    "_boundary_usage_counts",
    "_instance_profiles",
    "_instance_profile_xml",
    "_oidc_providers",
)


def checking(parameter):
    def check(theirs, params):
        document = iam._p(params, parameter)
        if not is_policy(document):
            return iam._error(400, "MalformedPolicyDocument", "Syntax errors in policy.")
        return theirs(params)

    return check


for action, parameter in DOCUMENTS.items():
    in_front_of(iam._IAM_HANDLERS, action)(checking(parameter))


@in_front_of(iam._IAM_HANDLERS, "AttachRolePolicy")
def attach_role_policy(theirs, params):
    arn = iam._p(params, "PolicyArn")
    if not iam._is_aws_managed_arn(arn) and arn not in iam._policies:
        return iam._error(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    return theirs(params)


@in_front_of(iam._IAM_HANDLERS, "DeletePolicy")
def delete_policy(theirs, params):
    arn = iam._p(params, "PolicyArn")
    policy = iam._policies.get(arn, {})
    if len(policy.get("Versions", {})) > 1 and not policy.get("AttachmentCount"):
        return iam._error(
            409,
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, "
            "you must delete the policy's versions. The default version is deleted "
            "with the policy.",
        )
    if iam._boundary_usage_counts().get(arn):
        return iam._error(409, "DeleteConflict", "Cannot delete a policy that is used as a permissions boundary.")
    return theirs(params)


@in_front_of(iam._IAM_HANDLERS, "GetAccountAuthorizationDetails")
def get_account_authorization_details(theirs, params):
    """Roles and customer-managed policies in pages of our own; users and groups are ministack's."""
    filters = {
        v for k, vs in params.items() if k.startswith("Filter.member.") for v in (vs if isinstance(vs, list) else [vs])
    }
    entries = []
    if not filters or "Role" in filters:
        entries += [("role", role_detail(role)) for role in iam._roles.values()]
    if not filters or "LocalManagedPolicy" in filters:
        entries += [("policy", policy_detail(policy)) for policy in iam._policies.values()]
    start = int(iam._p(params, "Marker") or 0)
    end = start + int(iam._p(params, "MaxItems") or PAGE)
    page = entries[start:end]

    people = {"UserDetailList": "", "GroupDetailList": ""}
    if start == 0 and (not filters or filters & {"User", "Group"}):
        asked = {k: v for k, v in params.items() if not k.startswith("Filter.")}
        for number, name in enumerate(sorted((filters or {"User", "Group"}) & {"User", "Group"}), 1):
            asked[f"Filter.member.{number}"] = [name]
        text = theirs(asked)[2].decode()
        people = {name: re.search(f"<{name}>(.*)</{name}>", text, re.DOTALL).group(1) for name in people}
    more = end < len(entries)
    return iam._xml(
        200,
        "GetAccountAuthorizationDetailsResponse",
        "<GetAccountAuthorizationDetailsResult>"
        + "".join(f"<{name}>{members}</{name}>" for name, members in people.items())
        + f"<RoleDetailList>{''.join(x for kind, x in page if kind == 'role')}</RoleDetailList>"
        + f"<Policies>{''.join(x for kind, x in page if kind == 'policy')}</Policies>"
        + f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        + (f"<Marker>{end}</Marker>" if more else "")
        + "</GetAccountAuthorizationDetailsResult>",
    )


def document(text):
    return quote(text or "{}", safe="")


def members(items):
    return "".join(f"<member>{item}</member>" for item in items)


def tag_members(record):
    return members(f"<Key>{t['Key']}</Key><Value>{t['Value']}</Value>" for t in record.get("Tags", []))


def boundary(record):
    arn = record.get("PermissionsBoundary")
    return (
        ""
        if not arn
        else (
            "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>"
            f"<PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    )


def role_detail(role):
    inline = members(
        f"<PolicyName>{name}</PolicyName><PolicyDocument>{document(text)}</PolicyDocument>"
        for name, text in (role.get("InlinePolicies") or {}).items()
    )
    attached = members(
        f"<PolicyName>{arn.rsplit('/', 1)[-1]}</PolicyName><PolicyArn>{arn}</PolicyArn>"
        for arn in role.get("AttachedPolicies", [])
    )
    profiles = members(
        iam._instance_profile_xml(name)
        for name, profile in iam._instance_profiles.items()
        if role["RoleName"] in profile.get("Roles", [])
    )
    return members(
        [
            f"<Path>{role['Path']}</Path><RoleName>{role['RoleName']}</RoleName><RoleId>{role['RoleId']}</RoleId>"
            f"<Arn>{role['Arn']}</Arn><CreateDate>{role['CreateDate']}</CreateDate>"
            f"<AssumeRolePolicyDocument>{document(role.get('AssumeRolePolicyDocument'))}</AssumeRolePolicyDocument>"
            f"<InstanceProfileList>{profiles}</InstanceProfileList><RolePolicyList>{inline}</RolePolicyList>"
            f"<AttachedManagedPolicies>{attached}</AttachedManagedPolicies>{boundary(role)}"
            f"<Tags>{tag_members(role)}</Tags><RoleLastUsed/>"
        ]
    )


def policy_detail(policy):
    as_boundary = iam._boundary_usage_counts().get(policy["Arn"], 0)
    versions = members(
        f"<Document>{document(v.get('Document'))}</Document><VersionId>{v['VersionId']}</VersionId>"
        f"<IsDefaultVersion>{'true' if v.get('IsDefaultVersion') else 'false'}</IsDefaultVersion>"
        + (f"<CreateDate>{v['CreateDate']}</CreateDate>" if v.get("CreateDate") else "")
        for v in policy.get("Versions", {}).values()
    )
    return members(
        [
            f"<PolicyName>{policy['PolicyName']}</PolicyName><PolicyId>{policy['PolicyId']}</PolicyId>"
            f"<Arn>{policy['Arn']}</Arn><Path>{policy.get('Path', '/')}</Path>"
            f"<DefaultVersionId>{policy.get('DefaultVersionId', 'v1')}</DefaultVersionId>"
            f"<AttachmentCount>{policy.get('AttachmentCount', 0)}</AttachmentCount>"
            f"<PermissionsBoundaryUsageCount>{as_boundary}</PermissionsBoundaryUsageCount>"
            f"<IsAttachable>true</IsAttachable><CreateDate>{policy['CreateDate']}</CreateDate>"
            f"<UpdateDate>{policy.get('UpdateDate') or policy['CreateDate']}</UpdateDate>"
            f"<PolicyVersionList>{versions}</PolicyVersionList>"
        ]
    )


# --- OIDC providers ----------------------------------------------------------------------


def several(params, name):
    """`Name.member.1`, `Name.member.2` … of a request."""
    found = {int(k.rpartition(".")[2]): iam._p(params, k) for k in params if re.fullmatch(rf"{name}\.member\.\d+", k)}
    return [found[number] for number in sorted(found)]


def with_provider(action, function):
    def answer(params):
        arn = iam._p(params, "OpenIDConnectProviderArn")
        provider = iam._oidc_providers.get(arn)
        if provider is None:
            return iam._error(404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
        result = function(provider, params)
        return iam._xml(200, f"{action}Response", f"<{action}Result>{result}</{action}Result>" if result else "")

    return answer


@in_front_of(iam._IAM_HANDLERS, "CreateOpenIDConnectProvider")
def create_oidc_provider(theirs, params):
    response = theirs(params)
    tags = members(f"<Key>{t['Key']}</Key><Value>{t['Value']}</Value>" for t in iam._extract_tags(params))
    end = b"</OpenIDConnectProviderArn>"
    return *response[:2], response[2].replace(end, end + f"<Tags>{tags}</Tags>".encode())


@in_front_of(iam._IAM_HANDLERS, "GetOpenIDConnectProvider")
def get_oidc_provider(theirs, params):
    # AWS shows the URL without its scheme.
    response = theirs(params)
    return *response[:2], response[2].replace(b"<Url>https://", b"<Url>")


def update_thumbprints(provider, params):
    provider["ThumbprintList"] = several(params, "ThumbprintList")


def add_client_id(provider, params):
    client = iam._p(params, "ClientID")
    if client not in provider["ClientIDList"]:
        provider["ClientIDList"].append(client)


def remove_client_id(provider, params):
    provider["ClientIDList"] = [c for c in provider["ClientIDList"] if c != iam._p(params, "ClientID")]


def tag_oidc_provider(provider, params):
    tags = {t["Key"]: t["Value"] for t in provider.get("Tags", []) + iam._extract_tags(params)}
    provider["Tags"] = [{"Key": k, "Value": v} for k, v in tags.items()]


def untag_oidc_provider(provider, params):
    provider["Tags"] = [t for t in provider.get("Tags", []) if t["Key"] not in several(params, "TagKeys")]


def list_oidc_provider_tags(provider, params):
    return f"<Tags>{tag_members(provider)}</Tags><IsTruncated>false</IsTruncated>"


OIDC_ACTIONS = {
    "UpdateOpenIDConnectProviderThumbprint": update_thumbprints,
    "AddClientIDToOpenIDConnectProvider": add_client_id,
    "RemoveClientIDFromOpenIDConnectProvider": remove_client_id,
    "TagOpenIDConnectProvider": tag_oidc_provider,
    "UntagOpenIDConnectProvider": untag_oidc_provider,
    "ListOpenIDConnectProviderTags": list_oidc_provider_tags,
}

for action, function in OIDC_ACTIONS.items():
    iam._IAM_HANDLERS[action] = with_provider(action, function)


# --- Free text ---------------------------------------------------------------------------

# ministack puts these into its answers as they came, so `&` would break the XML: they are
# escaped on the way in. Nothing but answers and comparisons with other requests reads them.
FREE_TEXT = re.compile(r"Description|Tags\.member\.\d+\.(Key|Value)|TagKeys\.member\.\d+")


def escaping(theirs, params):
    def clean(value):
        return (
            [escape(v) if isinstance(v, str) else v for v in value] if isinstance(value, list) else escape(str(value))
        )

    return theirs({k: clean(v) if FREE_TEXT.fullmatch(k) else v for k, v in params.items()})


for action in list(iam._IAM_HANDLERS):  # last, so that it is in front of everything above
    in_front_of(iam._IAM_HANDLERS, action)(escaping)
