//! Per kind: how a change of the spec changes its resources.

use billpay_model::environment::{
    Access, AccessPolicy, ClusterLog, Environment, FargateProfile, Nat, PriceClass,
};
use serde_json::{Value, json};

pub struct Case {
    pub kind: &'static str,
    /// Makes dev have one where it has none.
    pub given: fn(&mut Environment),
    /// Something beside its tags that is changed in place.
    pub update: Change,
    /// Something that can't be changed in place.
    pub replace: Change,
}

pub enum Change {
    /// The spec says something else.
    Spec(fn(&mut Environment)),
    /// No spec changes it, but people can: this is what they do to its attributes.
    ByHand(fn(&mut Value)),
    /// It doesn't happen, and why.
    Never(&'static str),
}

use Change::{ByHand, Never, Spec};

const fn case(kind: &'static str, update: Change, replace: Change) -> Case {
    Case { kind, given: |_| {}, update, replace }
}

pub const CASES: &[Case] = &[
    // network
    case("vpc", ByHand(|attrs| attrs["dns_hostnames"] = json!(false)), Spec(move_network)),
    case(
        "subnet",
        ByHand(|attrs| attrs["public"] = json!(attrs["public"] != true)),
        Spec(|env| {
            env.network.private_subnets[1] = "10.0.99.0/24".parse().expect("a range");
        }),
    ),
    case("internet-gateway", Never("it has nothing but tags"), Spec(move_network)),
    case("elastic-ip", Never("it has nothing but tags"), Never("nothing of it is immutable")),
    case(
        "nat-gateway",
        Never("it has nothing but tags"),
        Spec(|env| {
            env.network.public_subnets[0] = "10.0.98.0/24".parse().expect("a range");
        }),
    ),
    case("route-table", Spec(|env| env.network.nat = Nat::PerZone), Spec(move_network)),
    case("s3-endpoint", Spec(|env| env.network.zones = 3), Spec(move_network)),
    case(
        "security-group",
        Spec(|env| {
            env.services.values_mut().for_each(|service| service.port = 9090);
        }),
        Spec(move_network),
    ),
    // iam
    case(
        "role",
        Spec(|env| env.github.session_seconds = 7200),
        Never("under another name it is another role"),
    ),
    case(
        "policy",
        ByHand(|attrs| attrs["document"]["Statement"][0]["Sid"] = json!("SomethingElse")),
        Never("under another name it is another policy"),
    ),
    case("oidc-provider", Never("its clients are always the same"), Never("it goes with its cluster")),
    // eks
    case(
        "cluster",
        Spec(|env| {
            env.cluster.logs = vec![ClusterLog::Audit];
            env.cluster.endpoint.public_cidrs = vec!["203.0.113.0/24".parse().expect("a range")];
        }),
        Never("under another name it is another cluster"),
    ),
    case(
        "node-group",
        Spec(|env| nodes(env).max = 7),
        Spec(|env| nodes(env).instance_type = "t3.large".to_string()),
    ),
    case(
        "addon",
        Spec(|env| {
            let addon = env.cluster.addons.get_mut("vpc-cni").expect("the add-on");
            addon.version = Some("v1.21.1-eksbuild.1".to_string());
        }),
        Never("it goes with its cluster"),
    ),
    Case {
        given: |env| {
            let principal = "arn:aws:iam::{account}:role/PlatformEngineer".to_string();
            let access = Access { principal, policy: AccessPolicy::View, namespaces: None };
            env.cluster.access.insert("platform".to_string(), access);
        },
        ..case(
            "access-entry",
            Spec(|env| {
                let access = env.cluster.access.get_mut("platform").expect("the entry");
                access.policy = AccessPolicy::Admin;
                access.namespaces = Some(vec!["billpay-dev".to_string()]);
            }),
            Spec(|env| {
                let access = env.cluster.access.get_mut("platform").expect("the entry");
                access.principal = "arn:aws:iam::{account}:role/Operator".to_string();
            }),
        )
    },
    Case {
        given: |env| {
            let profile = FargateProfile { namespaces: vec!["billpay-jobs".to_string()] };
            env.cluster.fargate.insert("jobs".to_string(), profile);
        },
        ..case(
            "fargate-profile",
            Never("it has nothing but tags that can be changed"),
            Spec(|env| {
                let profile = env.cluster.fargate.get_mut("jobs").expect("the profile");
                profile.namespaces.push("billpay-batch".to_string());
            }),
        )
    },
    case(
        "pod-identity",
        ByHand(|attrs| {
            let role = attrs["role_arn"].as_str().unwrap_or_default().to_string();
            let (account, _) = role.split_once(":role/").expect("an ARN");
            attrs["role_arn"] = json!(format!("{account}:role/billpay-dev-user-service"));
        }),
        Never("it goes with its cluster"),
    ),
    // ecr
    case(
        "repository",
        Spec(|env| {
            env.registry.keep_images = 12;
            env.registry.immutable_tags = false;
        }),
        Never("under another name it is another repository"),
    ),
    // s3-cloudfront
    case(
        "bucket",
        Spec(|env| {
            env.buckets.values_mut().for_each(|bucket| bucket.expire_old_versions_days = 90);
        }),
        Never("under another name it is another bucket"),
    ),
    case(
        "bucket-policy",
        ByHand(|attrs| {
            attrs["document"]["Statement"][0]["Sid"] = json!("SomethingElse");
        }),
        Never("it goes with its bucket"),
    ),
    case(
        "distribution",
        Spec(|env| {
            env.frontends.values_mut().for_each(|frontend| frontend.price_class = PriceClass::All);
            env.frontends.get_mut("payment").expect("a frontend").spa = false;
        }),
        Never("nothing of it is immutable"),
    ),
    case(
        "origin-access-control",
        ByHand(|attrs| attrs["signing"] = json!("never")),
        Never("nothing of it is immutable"),
    ),
    case(
        "headers-policy",
        Spec(|env| {
            let policy = "default-src 'none'; frame-ancestors 'none'".to_string();
            let payment = env.frontends.get_mut("payment").expect("a frontend");
            payment.content_security_policy = policy;
            payment.allowed_origins = Some(vec!["https://shell.billpay.com".to_string()]);
        }),
        Never("nothing of it is immutable"),
    ),
];

fn nodes(env: &mut Environment) -> &mut billpay_model::environment::NodeGroup {
    env.cluster.nodes.get_mut("billpay-nodes").expect("the group")
}

/// Everything in the network moves to other ranges, which no VPC can do in place.
fn move_network(env: &mut Environment) {
    let network = &mut env.network;
    network.cidr = "10.7.0.0/16".parse().expect("a range");
    for (number, range) in network.public_subnets.iter_mut().enumerate() {
        *range = format!("10.7.{}.0/24", 1 + number).parse().expect("a range");
    }
    for (number, range) in network.private_subnets.iter_mut().enumerate() {
        *range = format!("10.7.{}.0/24", 10 + number).parse().expect("a range");
    }
}
