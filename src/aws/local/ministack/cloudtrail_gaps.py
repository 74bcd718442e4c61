"""CloudTrail calls that ministack answers otherwise than AWS.

A trail keeps the log group and role it was created with, and its tags; not only after an update.
"""

from gap_kit import in_front_of, require
from ministack.services import cloudtrail

require(cloudtrail, "_DISPATCH", "_trails", "_trail_tags", "_trail_arn", "_add_tags")
require(cloudtrail._DISPATCH, "CreateTrail")


@in_front_of(cloudtrail._DISPATCH, "CreateTrail")
def create_trail(theirs, body):
    response = theirs(body)
    if response[0] == 200:
        name = body["Name"].strip()
        for member in ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"):
            if body.get(member):
                cloudtrail._trails[name][member] = body[member]
        if body.get("TagsList"):
            cloudtrail._add_tags({"ResourceId": cloudtrail._trail_arn(name), "TagsList": body["TagsList"]})
    return response
