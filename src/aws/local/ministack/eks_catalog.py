"""What EKS knows by itself: Kubernetes versions with their dates, and add-ons.

Only the ends of standard support are facts from outside (read in November 2026); the other
dates follow from EKS's calendar: released fourteen months before, extended support for twelve
months after.
"""

from datetime import date, datetime, timezone

END_OF_STANDARD_SUPPORT = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
}
DEFAULT_VERSION = "1.36"
PLATFORM_VERSION = "eks.5"
CLUSTER_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

# name: (type, namespace, release, needs IAM permissions of its own).
# `{k8s}` stands for the cluster's Kubernetes version.
_ADDONS = {
    "vpc-cni": ("networking", "kube-system", "v1.21.1", True),
    "coredns": ("networking", "kube-system", "v1.13.1", False),
    "kube-proxy": ("networking", "kube-system", "v{k8s}.2", False),
    "eks-pod-identity-agent": ("security", "kube-system", "v1.3.10", False),
    "eks-node-monitoring-agent": ("observability", "kube-system", "v1.5.0", False),
    "aws-ebs-csi-driver": ("storage", "kube-system", "v1.53.0", True),
    "aws-efs-csi-driver": ("storage", "kube-system", "v2.1.15", True),
    "aws-fsx-csi-driver": ("storage", "kube-system", "v1.7.0", True),
    "aws-mountpoint-s3-csi-driver": ("storage", "kube-system", "v2.2.0", True),
    "aws-secrets-store-csi-driver-provider": ("security", "aws-secrets-manager", "v2.1.1", False),
    "snapshot-controller": ("storage", "kube-system", "v8.3.0", False),
    "adot": ("observability", "opentelemetry-operator-system", "v0.131.0", True),
    "amazon-cloudwatch-observability": ("observability", "amazon-cloudwatch", "v4.7.0", True),
    "aws-guardduty-agent": ("security", "amazon-guardduty", "v1.12.1", False),
    "aws-network-flow-monitoring-agent": ("observability", "amazon-network-flow-monitor", "v1.1.0", True),
    "cert-manager": ("security", "cert-manager", "v1.19.1", False),
    "external-dns": ("networking", "external-dns", "v0.20.0", True),
    "fluent-bit": ("observability", "fluent-bit", "v4.2.0", True),
    "kube-state-metrics": ("observability", "kube-state-metrics", "v2.17.0", False),
    "metrics-server": ("observability", "kube-system", "v0.8.0", False),
    "prometheus-node-exporter": ("observability", "prometheus-node-exporter", "v1.10.2", False),
}


def _months_later(day, months):
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, day.day)


def _epoch(day):
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())


def minor(version):
    """`1.36` as something to compare and count with; None for what isn't a version."""
    parts = version.split(".") if isinstance(version, str) else []
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(p.isdigit() for p in parts) else None


def cluster_version(version, today=None):
    """A version as DescribeClusterVersions tells it; its status depends on the day."""
    end = END_OF_STANDARD_SUPPORT[version]
    end_extended = _months_later(end, 12)
    today = today or datetime.now(timezone.utc).date()
    status = "STANDARD_SUPPORT" if today < end else "EXTENDED_SUPPORT" if today < end_extended else "UNSUPPORTED"
    return {
        "clusterVersion": version,
        "clusterType": "eks",
        "defaultPlatformVersion": PLATFORM_VERSION,
        "defaultVersion": version == DEFAULT_VERSION,
        "releaseDate": _epoch(_months_later(end, -14)),
        "endOfStandardSupportDate": _epoch(end),
        "endOfExtendedSupportDate": _epoch(end_extended),
        "status": status.lower().replace("_", "-"),
        "versionStatus": status,
        "kubernetesPatchVersion": f"{version}.2",
    }


def cluster_versions():
    return [cluster_version(v) for v in sorted(END_OF_STANDARD_SUPPORT, key=minor, reverse=True)]


def is_addon(name):
    return name in _ADDONS


def addon_namespace(name):
    return _ADDONS[name][1]


def addon_version(name, version):
    """The add-on's default version for a cluster of that Kubernetes version."""
    return _ADDONS[name][2].format(k8s=version) + "-eksbuild.2"


def addon(name, versions):
    """An add-on as DescribeAddonVersions tells it: per release, newest first, where it runs.

    Each add-on has two builds here, so that there is something to update to; the newer one is
    the default. kube-proxy alone has other releases for each Kubernetes version.
    """
    kind, namespace, release, needs_iam = _ADDONS[name]
    builds = {}
    for version in versions:
        for build in (2, 1):
            builds.setdefault(f"{release.format(k8s=version)}-eksbuild.{build}", []).append(
                {"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": build == 2}
            )
    return {
        "addonName": name,
        "type": kind,
        "addonVersions": [
            {
                "addonVersion": build,
                "architecture": ["amd64", "arm64"],
                "computeTypes": ["ec2", "auto"] if kind == "storage" else ["ec2", "fargate", "auto"],
                "compatibilities": compatible,
                "requiresConfiguration": False,
                "requiresIamPermissions": needs_iam,
            }
            for build, compatible in builds.items()
        ],
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": namespace,
    }


def addon_names():
    return sorted(_ADDONS)


ACCESS_POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSHybridPolicy",
)
