"""X-Ray, which ministack lacks: groups, sampling rules and their tags. No traces.

This module is ministack's service `xray`: its state is saved, restored and reset like others'.
"""

import json
import sys
import time

import ministack.app as app
from gap_kit import require
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid

require(app, "SERVICE_REGISTRY", "SERVICE_HANDLERS", "_lazy_handler", "_state_map")

_groups = AccountRegionScopedDict()  # name -> Group
_rules = AccountRegionScopedDict()  # name -> SamplingRuleRecord
_tags = AccountRegionScopedDict()  # ARN -> {key: value}
STORES = {"groups": _groups, "rules": _rules, "tags": _tags}


class Refused(Exception):
    pass


def get_state():
    return {name: AccountRegionScopedDict.from_dict(store.to_dict()) for name, store in STORES.items()}


def load_persisted_state(data):
    for name, store in STORES.items():
        store.update((data or {}).get(name, {}))


restore_state = load_persisted_state


def reset():
    for store in STORES.values():
        store.clear()


def arn(what):
    return f"arn:aws:xray:{get_region()}:{get_account_id()}:{what}"


def set_tags(resource, tags):
    _tags[resource] = {**_tags.get(resource, {}), **{t["Key"]: t["Value"] for t in tags or []}}


def group(body):
    for found in _groups.values():
        if found["GroupName"] == body.get("GroupName") or found["GroupARN"] == body.get("GroupARN"):
            return found
    raise Refused("Group not found")


def create_group(body):
    name = body["GroupName"]
    if name in _groups:
        raise Refused("Group already exists")
    insights = {"InsightsEnabled": False, "NotificationsEnabled": False, **body.get("InsightsConfiguration", {})}
    _groups[name] = {
        "GroupName": name,
        "GroupARN": arn(f"group/{name}/{new_uuid().replace('-', '').upper()[:26]}"),
        "FilterExpression": body.get("FilterExpression", ""),
        "InsightsConfiguration": insights,
    }
    set_tags(_groups[name]["GroupARN"], body.get("Tags"))
    return {"Group": _groups[name]}


def update_group(body):
    found = group(body)
    if "FilterExpression" in body:
        found["FilterExpression"] = body["FilterExpression"]
    found["InsightsConfiguration"].update(body.get("InsightsConfiguration", {}))
    return {"Group": found}


def delete_group(body):
    found = group(body)
    _tags.pop(found["GroupARN"], None)
    del _groups[found["GroupName"]]
    return {}


def rule(body):
    for record in _rules.values():
        found = record["SamplingRule"]
        if found["RuleName"] == body.get("RuleName") or found["RuleARN"] == body.get("RuleARN"):
            return record
    raise Refused("Sampling rule does not exist")


def create_rule(body):
    wanted = body["SamplingRule"]
    name = wanted["RuleName"]
    if name in _rules:
        raise Refused("Sampling rule already exists")
    now = int(time.time())
    made = {"Attributes": {}, **wanted, "RuleARN": arn(f"sampling-rule/{name}")}
    _rules[name] = {"SamplingRule": made, "CreatedAt": now, "ModifiedAt": now}
    set_tags(made["RuleARN"], body.get("Tags"))
    return {"SamplingRuleRecord": _rules[name]}


def update_rule(body):
    record = rule(body["SamplingRuleUpdate"])
    record["SamplingRule"].update({k: v for k, v in body["SamplingRuleUpdate"].items() if k not in ("RuleName", "RuleARN")})
    record["ModifiedAt"] = int(time.time())
    return {"SamplingRuleRecord": record}


def delete_rule(body):
    record = rule(body)
    _tags.pop(record["SamplingRule"]["RuleARN"], None)
    del _rules[record["SamplingRule"]["RuleName"]]
    return {"SamplingRuleRecord": record}


def tag(body):
    set_tags(body["ResourceARN"], body["Tags"])
    return {}


def untag(body):
    kept = _tags.get(body["ResourceARN"], {})
    _tags[body["ResourceARN"]] = {k: v for k, v in kept.items() if k not in body["TagKeys"]}
    return {}


def list_tags(body):
    return {"Tags": [{"Key": k, "Value": v} for k, v in _tags.get(body["ResourceARN"], {}).items()]}


CALLS = {
    "/CreateGroup": create_group,
    "/GetGroup": lambda body: {"Group": group(body)},
    "/Groups": lambda body: {"Groups": list(_groups.values())},  # GetGroups
    "/UpdateGroup": update_group,
    "/DeleteGroup": delete_group,
    "/CreateSamplingRule": create_rule,
    "/GetSamplingRules": lambda body: {"SamplingRuleRecords": list(_rules.values())},
    "/UpdateSamplingRule": update_rule,
    "/DeleteSamplingRule": delete_rule,
    "/TagResource": tag,
    "/UntagResource": untag,
    "/ListTagsForResource": list_tags,
}


async def handle_request(method, path, headers, body, query_params):
    call = CALLS.get(path)
    try:
        if call is None:
            raise Refused(f"X-Ray's {path} is not in the local AWS")
        status, kind, answer = 200, {}, call(json.loads(body or b"{}"))
    except Refused as refused:
        status, kind = 400, {"x-amzn-errortype": "InvalidRequestException"}
        answer = {"__type": "InvalidRequestException", "Message": str(refused), "message": str(refused)}
    return status, {"Content-Type": "application/json", **kind}, json.dumps(answer).encode()


sys.modules["ministack.services.xray"] = sys.modules[__name__]
app.SERVICE_REGISTRY["xray"] = {"module": "xray"}
app.SERVICE_HANDLERS["xray"] = app._lazy_handler("xray")
app._state_map["xray"] = "xray"
