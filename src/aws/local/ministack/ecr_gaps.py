"""ECR calls that ministack lacks or answers otherwise than AWS.

Added: the registry's scanning configuration. Corrected: exclusion filters of tag mutability
are kept and shown; a lifecycle policy that isn't one is refused; a token for the registry is one
that nobody else can make.
"""

import base64
import json

import credentials
from gap_kit import in_front_of, keep, require
from ministack.services import ecr

require(ecr, "_repositories", "_registry_id", "get_account_id", "get_region", "json_response", "error_response_json")

registry_scanning = keep(ecr, "billpay_registry_scanning")  # "configuration" -> what was put

FILTERS = "imageTagMutabilityExclusionFilters"


@in_front_of(ecr, "handle_request")
async def handle_request(theirs, method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action in ADDED:
        return ADDED[action](json.loads(body or b"{}"))
    return await theirs(method, path, headers, body, query_params)


def invalid(message):
    return ecr.error_response_json("InvalidParameterException", message, 400)


@in_front_of(ecr, "_get_authorization_token")
def get_authorization_token(theirs, data):
    response = theirs(data)
    answer = json.loads(response[2])
    password, ends = credentials.registry_token(ecr.get_account_id(), ecr.get_region())
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    answer["authorizationData"][0].update(authorizationToken=token, expiresAt=ends)
    return ecr.json_response(answer)


@in_front_of(ecr, "_repo_shape")
def show_repository(theirs, repository):
    shown = theirs(repository)
    if repository.get(FILTERS):
        shown[FILTERS] = repository[FILTERS]
    return shown


def mutability_error(data):
    excluding = data.get("imageTagMutability", "MUTABLE").endswith("_WITH_EXCLUSION")
    if excluding != bool(data.get(FILTERS)):
        return invalid(f"{FILTERS} go with a mutability that ends in _WITH_EXCLUSION, and only with it")
    return None


@in_front_of(ecr, "_create_repository")
def create_repository(theirs, data):
    error = mutability_error(data)
    if error:
        return error
    response = theirs(data)
    if response[0] == 200 and data.get(FILTERS):
        repository = ecr._repositories[data["repositoryName"]]
        repository[FILTERS] = data[FILTERS]
        return ecr.json_response({"repository": ecr._repo_shape(repository)})
    return response


@in_front_of(ecr, "_put_image_tag_mutability")
def put_image_tag_mutability(theirs, data):
    error = mutability_error(data)
    if error:
        return error
    response = theirs(data)
    if response[0] != 200:
        return response
    ecr._repositories[data["repositoryName"]][FILTERS] = data.get(FILTERS, [])
    shown = json.loads(response[2])
    return ecr.json_response({**shown, FILTERS: data[FILTERS]} if data.get(FILTERS) else shown)


@in_front_of(ecr, "_put_lifecycle_policy")
def put_lifecycle_policy(theirs, data):
    try:
        rules = json.loads(data.get("lifecyclePolicyText", ""))["rules"]
        priorities = [rule["rulePriority"] for rule in rules]
        whole = all(
            rule["selection"]["tagStatus"] in ("tagged", "untagged", "any")
            and rule["selection"]["countType"]
            in ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
            and rule["selection"]["countNumber"] > 0
            and rule["action"]["type"] in ("expire", "transition")
            for rule in rules
        )
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole or not rules:
        return invalid(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure'"
        )
    if len(set(priorities)) != len(priorities):
        return invalid(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure: rulePriority values must be unique'"
        )
    return theirs(data)


def get_registry_scanning_configuration(data):
    return ecr.json_response(
        {
            "registryId": ecr._registry_id(),
            "scanningConfiguration": registry_scanning.get("configuration", {"scanType": "BASIC", "rules": []}),
        }
    )


def put_registry_scanning_configuration(data):
    configuration = {"scanType": data.get("scanType", "BASIC"), "rules": data.get("rules", [])}
    registry_scanning["configuration"] = configuration
    return ecr.json_response({"registryScanningConfiguration": configuration})


ADDED = {
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
}
