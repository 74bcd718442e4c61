"""What EC2 offers where: the zones of a region by name and id, and instance types by zone.

us-east-1 has six zones, as on AWS, and the one in which EKS puts no control plane is `e`; other regions have
the three that ministack gives them. Types are those of the usual families; in `e` of us-east-1 there are only old
ones, and one large type is in one zone alone.
"""

import fnmatch

from ec2_base import action, answer, one
from gap_kit import in_front_of, require
from ministack.services import ec2

require(ec2, "_az_id_for_zone_name", "_parse_filters", "get_region")

IDS = {"us-east-1": {"a": 1, "b": 2, "c": 4, "d": 5, "e": 3, "f": 6}}

SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
SMALL = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")
OLD = ("t2", "m4", "c4", "r4")
FAMILIES = {
    **dict.fromkeys(("t2", "t3", "t3a", "t4g"), SMALL),
    **dict.fromkeys(("m4", "m5", "m5a", "m6a", "m6i", "m7i", "c4", "c5", "c5a", "c6a", "c6i", "c7i"), SIZES),
    **dict.fromkeys(("r4", "r5", "r5a", "r6a", "r6i", "r7i"), SIZES),
    **dict.fromkeys(("m6g", "m7g", "m8g", "m7a", "c6g", "c7g", "c8g", "c7a"), ("medium", *SIZES)),
    **dict.fromkeys(("r6g", "r7g", "r8g", "r7a"), ("medium", *SIZES)),
    **dict.fromkeys(("g4dn", "g5"), SIZES[1:]),
}
RARE = {"p5.48xlarge": "b"}


@in_front_of(ec2, "_az_id_for_zone_name")
def zone_id(theirs, name):
    number = IDS.get(name[:-1], {}).get(name[-1])
    return f"{theirs(name).rsplit('-az', 1)[0]}-az{number}" if number else theirs(name)


def zones():
    return [f"{ec2.get_region()}{letter}" for letter in IDS.get(ec2.get_region(), "abc")]


def is_offered(name, zone):
    family = name.split(".")[0]
    if name in RARE:
        return zone.endswith(RARE[name])
    return family in OLD or ec2._az_id_for_zone_name(zone) != "use1-az3"


@action("DescribeInstanceTypeOfferings", added=True)
def describe_instance_type_offerings(theirs, params):
    filters = ec2._parse_filters(params)
    where = one(params, "LocationType") or "region"
    if where != "region":
        located = [(zone, zone if where == "availability-zone" else ec2._az_id_for_zone_name(zone)) for zone in zones()]
    else:
        located = [(zones()[0], ec2.get_region())]
    names = [f"{family}.{size}" for family, sizes in FAMILIES.items() for size in sizes] + list(RARE)

    def is_asked(value, name):
        return name not in filters or any(fnmatch.fnmatchcase(value, pattern) for pattern in filters[name])

    offered = [
        {"instanceType": name, "locationType": where, "location": location}
        for name in names
        for zone, location in located
        if is_asked(name, "instance-type") and is_asked(location, "location")
        if where == "region" or is_offered(name, zone)
    ]
    return answer("DescribeInstanceTypeOfferings", instanceTypeOfferingSet=offered)
