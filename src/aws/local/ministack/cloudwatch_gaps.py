"""CloudWatch calls that ministack answers otherwise than AWS.

Over the query protocol, which OpenTofu's AWS provider speaks, an alarm is shown with all its
members, not only with those that name it.
"""

import json
from datetime import datetime, timezone
from xml.sax.saxutils import escape

from gap_kit import in_front_of, require
from ministack.services import cloudwatch

require(cloudwatch, "_describe_alarms", "_xml", "_p")

TIMES = ("StateUpdatedTimestamp", "AlarmConfigurationUpdatedTimestamp", "StateTransitionedTimestamp")


def xml(name, value):
    """An element of the query protocol; nothing for what isn't set."""
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        inner = "".join(xml("member", item) for item in value)
    elif isinstance(value, dict):
        inner = "".join(xml(key, item) for key, item in value.items())
    elif isinstance(value, bool):
        inner = str(value).lower()
    elif name in TIMES and isinstance(value, (int, float)):
        inner = datetime.fromtimestamp(value, timezone.utc).isoformat().replace("+00:00", "Z")
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def members(params, name):
    number, found = 1, []
    while cloudwatch._p(params, f"{name}.member.{number}"):
        found.append(cloudwatch._p(params, f"{name}.member.{number}"))
        number += 1
    return found


@in_front_of(cloudwatch, "_describe_alarms")
def describe_alarms(theirs, params, data, is_cbor, is_json=False):
    if is_cbor or is_json:
        return theirs(params, data, is_cbor, is_json)
    request = {name: members(params, name) for name in ("AlarmNames", "AlarmTypes")}
    for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken"):
        request[name] = cloudwatch._p(params, name) or None
    status, headers, body = theirs(params, request, False, True)
    if status != 200:
        return theirs(params, data, is_cbor, is_json)  # for an error in the right protocol
    answer = json.loads(body)
    inner = "".join(xml(name, answer.get(name)) for name in ("MetricAlarms", "CompositeAlarms", "NextToken"))
    return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{inner}</DescribeAlarmsResult>")
