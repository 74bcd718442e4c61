"""Reads [[name, policy], …] and prints the list of what Parliament finds wrong."""

import json
import sys

from parliament import analyze_policy_string


def single(values):
    """A list of one as its only item: Parliament reads no lists in some conditions."""
    return values[0] if isinstance(values, list) and len(values) == 1 else values


found = []
for name, policy in json.load(sys.stdin):
    # One statement at a time, so that a finding says where it is.
    for statement in policy["Statement"]:
        for keys in statement.get("Condition", {}).values():
            keys.update({key: single(values) for key, values in keys.items()})
        alone = json.dumps({"Version": policy["Version"], "Statement": [statement]})
        for finding in analyze_policy_string(alone).findings:
            found.append(f"{name} {statement.get('Sid', '')}: {finding.issue} {finding.detail} {finding.location}")
json.dump(found, sys.stdout)
