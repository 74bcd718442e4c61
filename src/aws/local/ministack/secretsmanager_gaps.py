"""Secrets Manager calls that ministack lacks.

A rotation that was switched on can be switched off again, as happens when it is destroyed.
"""

import json

from gap_kit import in_front_of, require
from ministack.services import secretsmanager

require(secretsmanager, "_resolve", "_sync_replicas", "json_response", "error_response_json")


@in_front_of(secretsmanager, "handle_request")
async def handle_request(theirs, method, path, headers, body, query_params):
    if headers.get("x-amz-target", "").endswith(".CancelRotateSecret"):
        return cancel_rotate_secret(json.loads(body or b"{}"))
    return await theirs(method, path, headers, body, query_params)


def cancel_rotate_secret(data):
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    if not secret:
        return refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secret.get("DeletedDate"):
        return refused(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    secret["RotationEnabled"] = False
    secretsmanager._sync_replicas(secret)
    return secretsmanager.json_response({"ARN": secret["ARN"], "Name": secret["Name"]})


def refused(kind, message):
    return secretsmanager.error_response_json(kind, message, 400)
