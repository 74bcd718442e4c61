//! An environment lives: its spec changes, the plan says what that means, applying it
//! makes it so, and then there is nothing more to do.

use serde_json::{Value, json};

use super::readback::{Look, distribution};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, tags, text};

/// dev, as the spec has it to begin with.
fn dev() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    sandbox
}

/// Changes the spec of dev, and makes it so: returns what the plan said.
fn change(sandbox: &Sandbox, change: Value) -> Vec<String> {
    sandbox.edit("dev", change);
    make_it_so(sandbox)
}

/// Applies what the spec of dev says now: returns what the plan said.
fn make_it_so(sandbox: &Sandbox) -> Vec<String> {
    let plan = sandbox.plan("dev");
    assert!(!plan.is_empty(), "a change of the spec changes the plan");
    sandbox.provision("dev");
    sandbox.in_sync("dev");
    plan
}

fn nodegroup(sandbox: &Sandbox) -> Value {
    let cluster = "billpay-cluster-dev";
    let groups = sandbox.aws(&["eks", "list-nodegroups", "--cluster-name", cluster]);
    let name = text(&groups["nodegroups"][0]);
    let group = ["eks", "describe-nodegroup", "--cluster-name", cluster, "--nodegroup-name", name];
    sandbox.aws(&group)["nodegroup"].clone()
}

fn has_repository(sandbox: &Sandbox, name: &str) -> bool {
    let all = sandbox.aws(&["ecr", "describe-repositories"]);
    items(&all["repositories"]).iter().any(|repository| repository["repositoryName"] == name)
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_higher_node_limit_is_set_in_place() {
    let sandbox = dev();
    let before = nodegroup(&sandbox);
    let plan = change(&sandbox, json!({"cluster": {"nodes": {"billpay-nodes": {"max": 6}}}}));
    assert_eq!(plan, ["update eks/node-group.billpay-nodes"]);
    let after = nodegroup(&sandbox);
    assert_eq!(after["scalingConfig"]["maxSize"], 6);
    assert_eq!(after["nodegroupArn"], before["nodegroupArn"], "it is the same group");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_new_service_gets_its_repository_and_its_role() {
    let sandbox = dev();
    let service = json!({"replicas": 1, "cpu": "250m", "memory": "512Mi", "needs": ["backend-api"], "port": 8080,
                         "secrets": ["billpay/jwt/secret"]});
    let plan = change(&sandbox, json!({"services": {"billing-service": service}}));
    assert!(plan.contains(&"create ecr/repository.billing-service".to_string()), "{plan:?}");
    assert!(plan.contains(&"create iam/role.service.billing-service".to_string()), "{plan:?}");
    assert!(
        plan.iter().all(|change| change.starts_with("create ") && change.contains("billing-service")),
        "{plan:?}"
    );
    assert!(has_repository(&sandbox, "billpay-billing-service-dev"));
    let role = sandbox.aws(&["iam", "get-role", "--role-name", "billpay-dev-billing-service"]);
    assert_eq!(role["Role"]["RoleName"], "billpay-dev-billing-service");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_service_that_leaves_takes_its_repository_along() {
    let sandbox = dev();
    let plan = change(&sandbox, json!({"services": {"admin-service": null}}));
    assert!(plan.contains(&"delete ecr/repository.admin-service".to_string()), "{plan:?}");
    assert!(
        plan.iter().all(|change| change.starts_with("delete ") && change.contains("admin-service")),
        "{plan:?}"
    );
    assert!(!has_repository(&sandbox, "billpay-admin-service-dev"));
    assert!(has_repository(&sandbox, "billpay-user-service-dev"), "the others stay");
    let gone = sandbox.aws_fails(&["iam", "get-role", "--role-name", "billpay-dev-admin-service"]);
    assert!(gone.contains("NoSuchEntity"), "{gone}");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn images_do_not_leave_with_their_service() {
    let sandbox = dev();
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2,
                   "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": []});
    let manifest = manifest.to_string();
    let image = [
        "--repository-name",
        "billpay-admin-service-dev",
        "--image-tag",
        "v1",
        "--image-manifest",
        &manifest,
    ];
    sandbox.aws(&[&["ecr", "put-image"], &image[..]].concat());

    sandbox.edit("dev", json!({"services": {"admin-service": null}}));
    let run = sandbox.billpay(&["provision", "--env", "dev", "--auto-approve"]).exits(1);
    run.says("can't be deleted while v1 (image").says("aws ecr delete-repository --force");
    let images = sandbox.aws(&["ecr", "list-images", "--repository-name", "billpay-admin-service-dev"]);
    assert_eq!(images["imageIds"][0]["imageTag"], "v1", "the image is still there");

    // Back in the spec, all is well again.
    sandbox.edit("dev", json!({"services": {"admin-service": {"replicas": 1}}}));
    sandbox.provision("dev");
    sandbox.in_sync("dev");
    // With the whole environment, which a person confirms, images go too.
    sandbox.destroy("dev");
    assert!(!has_repository(&sandbox, "billpay-admin-service-dev"));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_third_zone_is_added_beside_the_two() {
    let sandbox = dev();
    let plan = change(&sandbox, json!({"network": {"zones": 3}}));
    for created in ["network/subnet.public-c", "network/subnet.private-c", "network/route-table.private-c"] {
        assert!(plan.contains(&format!("create {created}")), "{plan:?}");
    }
    let gone = |change: &&String| change.starts_with("delete ") || change.starts_with("replace eks/cluster");
    assert_eq!(plan.iter().filter(gone).count(), 0, "{plan:?}");
    let kept = |change: &&String| change.starts_with("replace network/");
    assert_eq!(plan.iter().filter(kept).count(), 0, "what is there of the network stays: {plan:?}");
    let subnets =
        sandbox.aws(&["ec2", "describe-subnets", "--filters", "Name=tag:billpay:environment,Values=dev"]);
    let mut zones: Vec<&str> =
        items(&subnets["Subnets"]).iter().map(|one| text(&one["AvailabilityZone"])).collect();
    zones.sort();
    assert_eq!(zones, ["us-east-1a", "us-east-1a", "us-east-1b", "us-east-1b", "us-east-1c", "us-east-1c"]);
    // EKS keeps a cluster in the zones that it was made in; the nodes are in all three.
    assert!(!plan.contains(&"update eks/cluster".to_string()), "{plan:?}");
    assert_eq!(items(&nodegroup(&sandbox)["subnets"]).len(), 3);
    sandbox.edit("dev", json!({"network": {"zone_letters": ["a", "d"], "zones": 2, "private_subnets": ["10.0.10.0/24", "10.0.50.0/24"], "public_subnets": ["10.0.1.0/24", "10.0.51.0/24"]}}));
    let run = sandbox.billpay(&["provision", "--env", "dev", "--auto-approve"]).exits(1);
    run.says("eks/cluster (billpay-cluster-dev) can't leave its zones, us-east-1a and us-east-1b");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn one_nat_gateway_becomes_one_a_zone() {
    let sandbox = dev();
    let plan = change(&sandbox, json!({"network": {"nat": "per-zone"}}));
    assert_eq!(
        plan,
        [
            "create network/elastic-ip.nat-b",
            "create network/nat-gateway.b",
            "update network/route-table.private-b"
        ],
        "the first gateway and the table of its zone stay as they are"
    );
    let tables = sandbox.aws(&[
        "ec2",
        "describe-route-tables",
        "--filters",
        "Name=tag:billpay:environment,Values=dev",
    ]);
    let mut gateways: Vec<&str> = items(&tables["RouteTables"])
        .iter()
        .flat_map(|table| items(&table["Routes"]))
        .filter_map(|route| route["NatGatewayId"].as_str())
        .collect();
    gateways.sort();
    gateways.dedup();
    assert_eq!(gateways.len(), 2, "each private table leads to a gateway of its own: {tables:#}");

    // And back: the routes let go of the second gateway before it goes.
    let plan = change(&sandbox, json!({"network": {"nat": "single"}}));
    assert_eq!(
        plan,
        [
            "delete network/elastic-ip.nat-b",
            "delete network/nat-gateway.b",
            "update network/route-table.private-b"
        ]
    );
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_cloudfront_setting_is_changed_in_place() {
    let sandbox = dev();
    let before = distribution(&Look::at(&sandbox), "payment");
    let plan = change(&sandbox, json!({"frontends": {"payment": {"price_class": "200"}}}));
    assert_eq!(plan, ["update s3-cloudfront/distribution.payment"]);
    let after = distribution(&Look::at(&sandbox), "payment");
    assert_eq!(after["DistributionConfig"]["PriceClass"], "PriceClass_200");
    assert_eq!(after["Id"], before["Id"], "it is the same distribution, under the same name");
    let other = distribution(&Look::at(&sandbox), "admin");
    assert_eq!(other["DistributionConfig"]["PriceClass"], "PriceClass_100", "the others stay as they are");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn tags_are_changed_on_everything_and_nothing_is_made_anew() {
    let sandbox = dev();
    let plan = change(&sandbox, json!({"tags": {"owner": "payments-team", "cost-center": "4711"}}));
    assert!(plan.iter().all(|change| change.starts_with("update ")), "{plan:?}");
    let expected = |of: &Value| {
        let tags = tags(of);
        assert_eq!(tags["owner"], "payments-team", "{tags:?}");
        assert_eq!(tags["cost-center"], "4711", "{tags:?}");
    };
    let vpcs = sandbox.aws(&["ec2", "describe-vpcs", "--filters", "Name=tag:billpay:environment,Values=dev"]);
    expected(&vpcs["Vpcs"][0]["Tags"]);
    expected(&sandbox.aws(&["iam", "get-role", "--role-name", "billpay-dev-eks-nodes"])["Role"]["Tags"]);
    expected(&sandbox.aws(&["eks", "describe-cluster", "--name", "billpay-cluster-dev"])["cluster"]["tags"]);
    expected(&nodegroup(&sandbox)["tags"]);
    let bucket = format!("billpay-techdocs-dev-{}", sandbox.account);
    expected(&sandbox.aws(&["s3api", "get-bucket-tagging", "--bucket", &bucket])["TagSet"]);
    let arn = text(&distribution(&Look::at(&sandbox), "admin")["ARN"]).to_string();
    expected(&sandbox.aws(&["cloudfront", "list-tags-for-resource", "--resource", &arn])["Tags"]["Items"]);

    // A tag that leaves the spec leaves the resources.
    sandbox.rewrite("dev", |spec| drop(spec["tags"].as_object_mut().map(|tags| tags.remove("cost-center"))));
    make_it_so(&sandbox);
    let vpcs = sandbox.aws(&["ec2", "describe-vpcs", "--filters", "Name=tag:billpay:environment,Values=dev"]);
    assert!(!tags(&vpcs["Vpcs"][0]["Tags"]).contains_key("cost-center"));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn kubernetes_goes_up_by_a_version() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"cluster": {"version": "1.35"}}));
    sandbox.provision("dev");
    let before = nodegroup(&sandbox);
    assert_eq!(before["version"], "1.35");
    let plan = change(&sandbox, json!({"cluster": {"version": "1.36"}}));
    assert!(plan.contains(&"update eks/cluster".to_string()), "{plan:?}");
    assert!(plan.iter().all(|change| change.starts_with("update eks/")), "nothing is made anew: {plan:?}");
    let cluster = sandbox.aws(&["eks", "describe-cluster", "--name", "billpay-cluster-dev"]);
    assert_eq!(cluster["cluster"]["version"], "1.36");
    let after = nodegroup(&sandbox);
    assert_eq!(after["version"], "1.36", "the nodes follow");
    assert_eq!(after["nodegroupArn"], before["nodegroupArn"], "they are rolled, not replaced");
}
