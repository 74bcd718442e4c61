//! Changes that people make by hand are shown, field by field, and repaired.

use serde_json::{Value, json};

use super::readback::{Look, distribution};
use billpay_testkit::Sandbox;
use billpay_testkit::sandbox::changes;
use billpay_testkit::values::{items, text};

const CLUSTER: &str = "billpay-cluster-dev";

/// A change by hand: where it is seen, and in which of its attributes.
struct Drift {
    address: &'static str,
    field: &'static str,
    make: fn(&Sandbox, &str),
}

/// One a kind; `make` is given what AWS calls the resource.
const DRIFTS: &[Drift] = &[
    Drift {
        address: "network/vpc",
        field: "dns_hostnames",
        make: |sandbox, id| {
            drop(sandbox.aws(&["ec2", "modify-vpc-attribute", "--vpc-id", id, "--no-enable-dns-hostnames"]));
        },
    },
    Drift {
        address: "network/subnet.public-a",
        field: "public",
        make: |sandbox, id| {
            let off = ["ec2", "modify-subnet-attribute", "--subnet-id", id, "--no-map-public-ip-on-launch"];
            sandbox.aws(&off);
        },
    },
    Drift { address: "network/internet-gateway", field: "tags.owner", make: |sandbox, id| tag(sandbox, id) },
    Drift { address: "network/elastic-ip.nat-a", field: "tags.owner", make: |sandbox, id| tag(sandbox, id) },
    Drift { address: "network/nat-gateway.a", field: "tags.owner", make: |sandbox, id| tag(sandbox, id) },
    Drift {
        address: "network/route-table.public",
        field: "routes.",
        make: |sandbox, id| {
            let route = ["--route-table-id", id, "--destination-cidr-block", "0.0.0.0/0"];
            sandbox.aws(&[&["ec2", "delete-route"], &route[..]].concat());
        },
    },
    Drift {
        address: "network/s3-endpoint",
        field: "route_tables",
        make: |sandbox, id| {
            let table = sandbox.id("dev", "network/route-table.private-a");
            let change = ["--vpc-endpoint-id", id, "--remove-route-table-ids", &table];
            sandbox.aws(&[&["ec2", "modify-vpc-endpoint"], &change[..]].concat());
        },
    },
    Drift {
        address: "network/security-group.services",
        field: "rules",
        make: |sandbox, id| {
            let ssh = ["--group-id", id, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0"];
            sandbox.aws(&[&["ec2", "authorize-security-group-ingress"], &ssh[..]].concat());
        },
    },
    Drift {
        address: "iam/role.github",
        field: "managed",
        make: |sandbox, id| {
            let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
            sandbox.aws(&["iam", "attach-role-policy", "--role-name", id, "--policy-arn", admin]);
        },
    },
    Drift {
        address: "iam/role.service.payment-service",
        field: "trust",
        make: |sandbox, id| {
            let anybody = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
            let anybody = anybody.to_string();
            sandbox.aws(&[
                "iam",
                "update-assume-role-policy",
                "--role-name",
                id,
                "--policy-document",
                &anybody,
            ]);
        },
    },
    Drift {
        address: "iam/policy.boundary",
        field: "document",
        make: |sandbox, id| {
            let all = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"}]});
            let all = all.to_string();
            let version = ["--policy-arn", id, "--policy-document", &all, "--set-as-default"];
            sandbox.aws(&[&["iam", "create-policy-version"], &version[..]].concat());
        },
    },
    Drift {
        address: "eks/oidc-provider.cluster",
        field: "clients",
        make: |sandbox, id| {
            let client = ["--open-id-connect-provider-arn", id, "--client-id", "somebody"];
            sandbox.aws(&[&["iam", "add-client-id-to-open-id-connect-provider"], &client[..]].concat());
        },
    },
    Drift {
        address: "eks/cluster",
        field: "logs",
        make: |sandbox, id| {
            let off = json!({"clusterLogging": [{"types": ["audit"], "enabled": false}]}).to_string();
            sandbox.aws(&["eks", "update-cluster-config", "--name", id, "--logging", &off]);
            sandbox.aws(&["eks", "wait", "cluster-active", "--name", id]);
        },
    },
    Drift {
        address: "eks/node-group.billpay-nodes",
        field: "scaling.max",
        make: |sandbox, _| {
            let groups = sandbox.aws(&["eks", "list-nodegroups", "--cluster-name", CLUSTER]);
            let group = ["--cluster-name", CLUSTER, "--nodegroup-name", text(&groups["nodegroups"][0])];
            let more = ["--scaling-config", "minSize=2,maxSize=9,desiredSize=2"];
            sandbox.aws(&[&["eks", "update-nodegroup-config"], &group[..], &more].concat());
            sandbox.aws(&[&["eks", "wait", "nodegroup-active"], &group[..]].concat());
        },
    },
    Drift {
        address: "eks/addon.coredns",
        field: "tags.owner",
        make: |sandbox, _| {
            let addon = ["--cluster-name", CLUSTER, "--addon-name", "coredns"];
            let addon = sandbox.aws(&[&["eks", "describe-addon"], &addon[..]].concat());
            let arn = text(&addon["addon"]["addonArn"]);
            sandbox.aws(&["eks", "untag-resource", "--resource-arn", arn, "--tag-keys", "owner"]);
        },
    },
    Drift {
        address: "eks/access-entry.github",
        field: "policies",
        make: |sandbox, _| {
            let principal = format!("arn:aws:iam::{}:role/BillPayGitHubActionsRole-dev", sandbox.account);
            let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
            let entry = ["--cluster-name", CLUSTER, "--principal-arn", &principal, "--policy-arn", policy];
            let scope = ["--access-scope", "type=cluster"];
            sandbox.aws(&[&["eks", "associate-access-policy"], &entry[..], &scope].concat());
        },
    },
    Drift {
        address: "eks/pod-identity.payment-service",
        field: "role_arn",
        make: |sandbox, _| {
            let all = sandbox.aws(&["eks", "list-pod-identity-associations", "--cluster-name", CLUSTER]);
            let ours =
                items(&all["associations"]).iter().find(|one| one["serviceAccount"] == "payment-service");
            let id = text(&ours.expect("the association")["associationId"]);
            let other = format!("arn:aws:iam::{}:role/billpay-dev-user-service", sandbox.account);
            let change = ["--cluster-name", CLUSTER, "--association-id", id, "--role-arn", &other];
            sandbox.aws(&[&["eks", "update-pod-identity-association"], &change[..]].concat());
        },
    },
    Drift {
        address: "ecr/repository.payment-service",
        field: "scan_on_push",
        make: |sandbox, id| {
            let off = ["--repository-name", id, "--image-scanning-configuration", "scanOnPush=false"];
            sandbox.aws(&[&["ecr", "put-image-scanning-configuration"], &off[..]].concat());
        },
    },
    Drift {
        address: "s3-cloudfront/bucket.payment",
        field: "public_access_blocked",
        make: |sandbox, id| drop(sandbox.aws(&["s3api", "delete-public-access-block", "--bucket", id])),
    },
    Drift {
        address: "s3-cloudfront/bucket.techdocs",
        field: "versioning",
        make: |sandbox, id| {
            let off = ["--bucket", id, "--versioning-configuration", "Status=Suspended"];
            sandbox.aws(&[&["s3api", "put-bucket-versioning"], &off[..]].concat());
        },
    },
    Drift {
        address: "s3-cloudfront/bucket-policy.payment",
        field: "document",
        make: |sandbox, _| {
            let bucket = format!("billpay-frontend-payment-dev-{}", sandbox.account);
            let open = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
                "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}]});
            let open = open.to_string();
            sandbox.aws(&["s3api", "put-bucket-policy", "--bucket", &bucket, "--policy", &open]);
        },
    },
    Drift {
        address: "s3-cloudfront/distribution.payment",
        field: "price_class",
        make: |sandbox, id| {
            let current = sandbox.aws(&["cloudfront", "get-distribution-config", "--id", id]);
            let mut config = current["DistributionConfig"].clone();
            config["PriceClass"] = json!("PriceClass_All");
            let (config, version) = (config.to_string(), text(&current["ETag"]));
            let change = ["--id", id, "--if-match", version, "--distribution-config", &config];
            sandbox.aws(&[&["cloudfront", "update-distribution"], &change[..]].concat());
        },
    },
    Drift {
        address: "s3-cloudfront/origin-access-control.payment",
        field: "signing",
        make: |sandbox, id| {
            let current = sandbox.aws(&["cloudfront", "get-origin-access-control-config", "--id", id]);
            let mut config = current["OriginAccessControlConfig"].clone();
            config["SigningBehavior"] = json!("never");
            let (config, version) = (config.to_string(), text(&current["ETag"]));
            let change = ["--id", id, "--if-match", version, "--origin-access-control-config", &config];
            sandbox.aws(&[&["cloudfront", "update-origin-access-control"], &change[..]].concat());
        },
    },
    Drift {
        address: "s3-cloudfront/headers-policy.payment",
        field: "frame_options",
        make: |sandbox, id| {
            let current = sandbox.aws(&["cloudfront", "get-response-headers-policy-config", "--id", id]);
            let mut config = current["ResponseHeadersPolicyConfig"].clone();
            config["SecurityHeadersConfig"]["FrameOptions"]["FrameOption"] = json!("SAMEORIGIN");
            let (config, version) = (config.to_string(), text(&current["ETag"]));
            let change = ["--id", id, "--if-match", version, "--response-headers-policy-config", &config];
            sandbox.aws(&[&["cloudfront", "update-response-headers-policy"], &change[..]].concat());
        },
    },
];

/// Says in the tags that something is somebody else's.
fn tag(sandbox: &Sandbox, id: &str) {
    sandbox.aws(&["ec2", "create-tags", "--resources", id, "--tags", "Key=owner,Value=somebody"]);
}

fn drifts() -> impl Iterator<Item = &'static Drift> {
    let kinds = billpay_aws::kinds::kinds();
    DRIFTS.iter().filter(move |drift| {
        let address = drift.address.parse::<billpay_model::address::Address>().expect("an address");
        kinds.contains_key(address.kind())
    })
}

#[test]
fn every_kind_that_dev_has_drifts_in_the_tests() {
    let here: Vec<&str> = DRIFTS.iter().map(|drift| drift.address).collect();
    for kind in billpay_aws::kinds::kinds().keys().filter(|kind| **kind != "fargate-profile") {
        let drifts = here.iter().any(|address| {
            let (_, name) = address.split_once('/').expect("an address");
            name.split('.').next() == Some(kind)
        });
        assert!(drifts, "no drift of a {kind} is tried");
    }
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn changes_by_hand_are_shown_and_repaired() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let status = sandbox.status("dev");
    let id = |address: &str| {
        let found = status.iter().find(|resource| resource["address"] == address);
        text(&found.unwrap_or_else(|| panic!("no {address}"))["id"]).to_string()
    };
    drifts().for_each(|drift| (drift.make)(&sandbox, &id(drift.address)));

    let mut expected: Vec<String> = drifts().map(|drift| format!("update {}", drift.address)).collect();
    expected.sort();
    let plan = sandbox.json(&["plan", "--env", "dev"]);
    assert_eq!(changes(&plan), expected, "exactly what was changed is repaired, and in place");
    let status = sandbox.status("dev");
    for drift in drifts() {
        let shown =
            status.iter().find(|resource| resource["address"] == drift.address).expect("the resource");
        assert_eq!(shown["state"], "differs", "{}", drift.address);
        let fields: Vec<&str> = items(&shown["fields"]).iter().map(|field| text(&field["path"])).collect();
        let named = fields.iter().any(|field| field.starts_with(drift.field));
        assert!(named, "{} shows {fields:?}, not {}", drift.address, drift.field);
    }
    let text = sandbox.billpay(&["status", "--env", "dev"]).exits(0);
    text.says("Differs from the spec: 0 to create").says("frame_options: SAMEORIGIN → DENY");
    sandbox.billpay(&["status", "--env", "dev", "--detailed-exitcode"]).exits(2);

    sandbox.provision("dev");
    sandbox.in_sync("dev");
    // Some of it through the eyes of others.
    let admin =
        sandbox.aws(&["iam", "list-attached-role-policies", "--role-name", "BillPayGitHubActionsRole-dev"]);
    assert_eq!(admin["AttachedPolicies"], json!([]), "no administrator any more");
    let bucket = format!("billpay-frontend-payment-dev-{}", sandbox.account);
    let blocked = sandbox.aws(&["s3api", "get-public-access-block", "--bucket", &bucket]);
    assert_eq!(blocked["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let config = distribution(&Look::at(&sandbox), "payment");
    assert_eq!(config["DistributionConfig"]["PriceClass"], "PriceClass_100");
    let groups = sandbox.aws(&["ec2", "describe-security-groups", "--group-names", "billpay-dev-services"]);
    let open = |rule: &&Value| rule["FromPort"] == 22;
    let open = items(&groups["SecurityGroups"][0]["IpPermissions"]).iter().find(open);
    assert_eq!(open, None, "nobody gets in by SSH");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn what_was_deleted_by_hand_is_made_again() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let bucket = format!("billpay-techdocs-dev-{}", sandbox.account);
    let endpoint = sandbox.id("dev", "network/s3-endpoint");
    let gateway = sandbox.id("dev", "network/nat-gateway.a");
    let role = "billpay-dev-user-service";
    let inline = sandbox.aws(&["iam", "list-role-policies", "--role-name", role]);
    for name in items(&inline["PolicyNames"]) {
        sandbox.aws(&["iam", "delete-role-policy", "--role-name", role, "--policy-name", text(name)]);
    }
    sandbox.aws(&["iam", "delete-role", "--role-name", role]);
    sandbox.aws(&["ecr", "delete-repository", "--repository-name", "billpay-user-service-dev"]);
    sandbox.aws(&["s3api", "delete-bucket", "--bucket", &bucket]);
    sandbox.aws(&["ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", &endpoint]);
    sandbox.aws(&["ec2", "delete-nat-gateway", "--nat-gateway-id", &gateway]);
    sandbox.aws(&["ec2", "wait", "nat-gateway-deleted", "--nat-gateway-ids", &gateway]);
    let addon = ["--cluster-name", CLUSTER, "--addon-name", "kube-proxy"];
    sandbox.aws(&[&["eks", "delete-addon"], &addon[..]].concat());
    sandbox.aws(&[&["eks", "wait", "addon-deleted"], &addon[..]].concat());

    let gone = [
        "ecr/repository.user-service",
        "eks/addon.kube-proxy",
        "iam/role.service.user-service",
        "network/nat-gateway.a",
        "network/s3-endpoint",
        "s3-cloudfront/bucket-policy.techdocs",
        "s3-cloudfront/bucket.techdocs",
    ];
    let status = sandbox.status("dev");
    let missing = status.iter().filter(|resource| resource["state"] == "missing");
    let mut missing: Vec<&str> = missing.map(|resource| text(&resource["address"])).collect();
    missing.sort();
    assert_eq!(missing, gone);

    let plan = sandbox.plan("dev");
    for address in gone {
        assert!(plan.contains(&format!("create {address}")), "{plan:?}");
    }
    // The routes that led to the gateway lead to the new one.
    assert!(plan.contains(&"update network/route-table.private-a".to_string()), "{plan:?}");
    assert!(
        plan.iter().all(|change| !change.starts_with("delete") && !change.starts_with("replace")),
        "{plan:?}"
    );
    sandbox.provision("dev");
    sandbox.in_sync("dev");
}
