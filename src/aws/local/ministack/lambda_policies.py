"""Lambda, as far as the local AWS has it: who may invoke a function. No function is kept, none runs.

A function that rotates a secret is somebody else's work, so every function is taken to exist.
This module takes the place of ministack's service `lambda`: its state is saved and restored
like others'.
"""

import json
import re
import sys

import ministack.app as app
from gap_kit import digest, require
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

require(app, "SERVICE_REGISTRY", "SERVICE_HANDLERS", "_lazy_handler")

_statements = AccountRegionScopedDict()  # function's ARN -> list of statements

POLICY = re.compile(r"/2015-03-31/functions/([^/]+)/policy(?:/([^/]+))?")
FUNCTION = re.compile(r"(?:arn:aws:lambda:([a-z0-9-]+):([0-9]{12}):function:)?([\w-]+)(?::([\w$-]+))?", re.ASCII)
CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
}


class Refused(Exception):
    def __init__(self, status, kind, message):
        super().__init__(message)
        self.status, self.kind = status, kind


def get_state():
    return {"statements": AccountRegionScopedDict.from_dict(_statements.to_dict())}


def load_persisted_state(data):
    _statements.update((data or {}).get("statements", {}))


restore_state = load_persisted_state


def reset():
    _statements.clear()


def arn_of(function, query_params):
    match = FUNCTION.fullmatch(function)
    if not match:
        raise Refused(400, "InvalidParameterValueException", f"{function} is no name of a function")
    region, account, name, qualifier = match.groups()
    qualifier = qualifier or query_params.get("Qualifier", [""])[0]
    arn = f"arn:aws:lambda:{region or get_region()}:{account or get_account_id()}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def add_permission(arn, request):
    statements, sid = _statements.get(arn, []), request.get("StatementId", "")
    if any(statement["Sid"] == sid for statement in statements):
        message = f"The statement id ({sid}) provided already exists."
        raise Refused(409, "ResourceConflictException", message)
    who = request.get("Principal", "")
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*" if who == "*" else {"Service" if who.endswith(".amazonaws.com") else "AWS": who},
        "Action": request.get("Action", ""),
        "Resource": arn,
    }
    for member, (operator, key) in CONDITIONS.items():
        if member in request:
            statement.setdefault("Condition", {}).setdefault(operator, {})[key] = request[member]
    _statements[arn] = [*statements, statement]
    return 201, {"Statement": json.dumps(statement)}


def get_policy(arn):
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": found(arn)}
    return 200, {"Policy": json.dumps(policy), "RevisionId": digest(policy)}


def remove_permission(arn, sid):
    kept = [statement for statement in found(arn) if statement["Sid"] != sid]
    if len(kept) == len(_statements[arn]):
        raise Refused(404, "ResourceNotFoundException", f"Statement {sid} is not found in resource policy.")
    _statements[arn] = kept
    return 204, None


def found(arn):
    if not _statements.get(arn):
        raise Refused(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    return _statements[arn]


def call(method, path, body, query_params):
    match = POLICY.fullmatch(path)
    function, sid = match.groups() if match else (None, None)
    if match and (method, bool(sid)) == ("POST", False):
        return add_permission(arn_of(function, query_params), json.loads(body or b"{}"))
    if match and (method, bool(sid)) == ("GET", False):
        return get_policy(arn_of(function, query_params))
    if match and (method, bool(sid)) == ("DELETE", True):
        return remove_permission(arn_of(function, query_params), sid)
    message = "of Lambda, the local AWS has AddPermission, GetPolicy and RemovePermission; it runs no functions"
    raise Refused(400, "UnsupportedOperation", message)


async def handle_request(method, path, headers, body, query_params):
    kind = {}
    try:
        status, answer = call(method, path, body, query_params)
    except Refused as refused:
        status, kind = refused.status, {"x-amzn-errortype": refused.kind}
        answer = {"Type": "User", "Message": str(refused), "message": str(refused)}
    text = b"" if answer is None else json.dumps(answer).encode()
    return status, {"Content-Type": "application/json", **kind}, text


sys.modules["ministack.services.lambda_policies"] = sys.modules[__name__]
app.SERVICE_REGISTRY["lambda"] = {"module": "lambda_policies"}
app.SERVICE_HANDLERS["lambda"] = app._lazy_handler("lambda_policies")
