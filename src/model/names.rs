//! The physical names of resources, all of them computed from the spec.
//!
//! Environments share an account or have one each, so every name carries the
//! environment; bucket names are global to all of AWS, so theirs carry the account too.
//! The limits are those of each service's API reference; [`load`](billpay_spec::load)
//! checks every name of an environment against them before anything is planned.

use std::collections::BTreeSet;

use super::address::Address;
use super::resource::ADDRESS_TAG;
use crate::environment::{AccessPolicy, Environment, Frontend, PriceClass};

/// Returns the key of the spec that gives the resource at an address its name.
pub fn key(env: &Environment, address: &Address) -> String {
    let own_bucket = env.frontends.get(address.key()).is_some_and(|frontend| frontend.bucket.is_some());
    match (address.kind(), address.key()) {
        ("cluster", _) => "cluster.name".to_string(),
        ("role", "github" | "github-frontends") => "github.role".to_string(),
        ("bucket", frontend) if own_bucket => format!("frontends.{frontend}.bucket"),
        _ => "project".to_string(),
    }
}

/// Puts the environment behind a name: `billpay-cluster-dev`.
fn in_environment(name: &str, env: &Environment) -> String {
    format!("{name}-{}", env.environment)
}

/// A name for things that only billpay names: `billpay-dev-vpc`.
pub fn own(env: &Environment, what: &str) -> String {
    format!("{}-{}-{what}", env.project, env.environment)
}

/// The key under which a [`mark`] holds project, environment and region.
pub const OWNER_MARK: &str = "billpay:owner";
/// Longest mark, characters: CloudFront's limit for the comment of a response headers policy.
pub const MARK: usize = 128;

/// Returns the text that a resource without tags carries instead:
/// `billpay:owner=billpay/dev/us-east-1 billpay:address=s3-cloudfront/headers-policy.payment`.
pub fn mark(env: &Environment, address: &Address) -> String {
    let Environment { project, environment, region, .. } = env;
    format!("{OWNER_MARK}={project}/{environment}/{region} {ADDRESS_TAG}={address}")
}

/// Name of the EKS cluster; at most 100 characters.
pub fn cluster(env: &Environment) -> String {
    in_environment(&env.cluster.name, env)
}

/// Returns the common suffix of the environment's ECR repositories.
pub fn repository_suffix(env: &Environment) -> String {
    format!("-{}", env.environment)
}

/// Name of a service's ECR repository; at most 256 characters.
pub fn repository(env: &Environment, service: &str) -> String {
    format!("{}-{service}{}", env.project, repository_suffix(env))
}

/// Host of the environment's registry of images.
pub fn registry(env: &Environment) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", env.account, env.region)
}

/// Returns the common suffix of the environment's buckets.
pub fn bucket_suffix(env: &Environment) -> String {
    format!("-{}-{}", env.environment, env.account)
}

/// Name of a bucket from its base, such as `billpay-techdocs`; 3 to 63 characters.
pub fn bucket(env: &Environment, base: &str) -> String {
    format!("{base}{}", bucket_suffix(env))
}

/// Base of the name of a frontend's bucket, before environment and account.
pub fn frontend_bucket_base(env: &Environment, frontend: &str) -> String {
    match env.frontends.get(frontend).and_then(|f| f.bucket.clone()) {
        Some(base) => base,
        None => format!("{}-frontend-{frontend}", env.project),
    }
}

/// Name of a frontend's bucket.
pub fn frontend_bucket(env: &Environment, frontend: &str) -> String {
    bucket(env, &frontend_bucket_base(env, frontend))
}

/// Name of one of the other buckets.
pub fn other_bucket(env: &Environment, name: &str) -> String {
    bucket(env, &format!("{}-{name}", env.project))
}

/// ARN of a bucket.
pub fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// ARN of a CloudFront distribution, which is in no region.
pub fn distribution_arn(env: &Environment, id: &str) -> String {
    format!("arn:aws:cloudfront::{}:distribution/{id}", env.account)
}

/// Host name under which CloudFront reaches a bucket.
pub fn bucket_domain(env: &Environment, bucket: &str) -> String {
    format!("{bucket}.s3.{}.amazonaws.com", env.region)
}

/// Name of the role that workflows of services assume; at most 64 characters, as every role's.
pub fn github_role(env: &Environment) -> String {
    in_environment(&env.github.role, env)
}

/// Name of the role that workflows of frontends assume, in repositories that frontends name.
pub fn github_frontends_role(env: &Environment) -> String {
    in_environment(&format!("{}-frontends", env.github.role), env)
}

/// Name of the role through which a frontend is deployed. One that names no repository is deployed
/// from those of services.
pub fn github_role_of(env: &Environment, frontend: &Frontend) -> String {
    match frontend.repository {
        Some(_) => github_frontends_role(env),
        None => github_role(env),
    }
}

/// Key of the bucket that documentation is published to, where the spec has it.
pub const TECHDOCS: &str = "techdocs";

/// Names of the buckets that one of the roles of workflows brings files to, sorted: those of the
/// frontends that it deploys, and the documentation's.
pub fn published_buckets(env: &Environment, role: &str) -> BTreeSet<String> {
    let deployed = env.frontends.iter().filter(|(_, frontend)| github_role_of(env, frontend) == role);
    let documentation = env.buckets.contains_key(TECHDOCS).then(|| other_bucket(env, TECHDOCS));
    deployed.map(|(name, _)| frontend_bucket(env, name)).chain(documentation).collect()
}

/// Repositories whose workflows deploy services: those of the platform, and those that services name.
pub fn service_repositories(env: &Environment) -> Vec<&String> {
    let own: BTreeSet<_> = env.services.values().filter_map(|service| service.repository.as_ref()).collect();
    let shared = &env.github.repositories;
    shared.iter().chain(own.into_iter().filter(|repository| !shared.contains(repository))).collect()
}

/// Repositories that frontends name, sorted.
pub fn frontend_repositories(env: &Environment) -> BTreeSet<&String> {
    env.frontends.values().filter_map(|frontend| frontend.repository.as_ref()).collect()
}

/// Subjects of the tokens of services' workflows.
pub fn github_subjects(env: &Environment) -> Vec<String> {
    subjects(env, service_repositories(env))
}

/// Subjects of the tokens of frontends' workflows; none where no frontend names a repository.
pub fn github_frontends_subjects(env: &Environment) -> Vec<String> {
    subjects(env, frontend_repositories(env))
}

/// Repositories in the GitHub environment of the same name as ours: by their names, as GitHub's tokens
/// have always said it, and with ids where the spec has them, as tokens of newer repositories say it.
fn subjects<'r>(env: &Environment, repositories: impl IntoIterator<Item = &'r String>) -> Vec<String> {
    let organization = &env.github.organization;
    let subject = |owner: &str, name: &str| format!("repo:{owner}/{name}:environment:{}", env.environment);
    let with_ids = |repository: &String| {
        let owner = format!("{organization}@{}", env.github.organization_id.as_ref()?);
        Some(subject(&owner, &format!("{repository}@{}", repository_id(env, repository)?)))
    };
    let both = |repository: &String| [Some(subject(organization, repository)), with_ids(repository)];
    repositories.into_iter().flat_map(both).flatten().collect()
}

/// Id of a repository on GitHub, wherever the spec has it.
fn repository_id<'e>(env: &'e Environment, repository: &String) -> Option<&'e String> {
    let services = env.services.values().map(|service| (&service.repository, &service.repository_id));
    let frontends = env.frontends.values().map(|frontend| (&frontend.repository, &frontend.repository_id));
    let own = services.chain(frontends).filter(|(name, _)| name.as_ref() == Some(repository));
    let shared = env.github.repository_ids.as_ref().and_then(|ids| ids.get(repository));
    own.filter_map(|(_, id)| id.as_ref()).next().or(shared)
}

/// Name of a service's role; at most 64 characters.
pub fn service_role(env: &Environment, service: &str) -> String {
    own(env, service)
}

/// Name of a role that the cluster itself needs, such as `nodes`; at most 64 characters.
pub fn cluster_role(env: &Environment, role: &str) -> String {
    own(env, &format!("eks-{role}"))
}

/// Name of the policy that bounds what the environment's roles may ever do.
pub fn boundary(env: &Environment) -> String {
    own(env, "boundary")
}

/// Name of a secret: `billpay/jwt/secret-dev`; at most 512 characters.
pub fn secret(env: &Environment, secret: &str) -> String {
    in_environment(secret, env)
}

/// Name of the bucket that OpenTofu's state of an account and region is kept in. It ends like
/// no environment's bucket, so that no spec can take its name.
pub fn state_bucket(env: &Environment) -> String {
    format!("{}-tofu-state-{}-{}", env.project, env.account, env.region)
}

/// Name of the bucket that facts about runs in an account and region are kept in, where the spec says `s3`. It ends like
/// no environment's bucket, and is no project's bucket of OpenTofu's state.
pub fn runs_bucket(env: &Environment) -> String {
    format!("{}-run-state-{}-{}", env.project, env.account, env.region)
}

/// Returns the pattern of the environment's ECR repositories.
pub fn repository_pattern(env: &Environment) -> String {
    format!("{}-*{}", env.project, repository_suffix(env))
}

/// Kubernetes namespace of the environment's services.
pub fn namespace(env: &Environment) -> String {
    format!("{}-{}", env.project, env.environment)
}

/// Letter of the n-th zone (from 0) that the environment uses.
pub fn zone_letter(env: &Environment, index: usize) -> String {
    match env.network.zone_letters.get(index) {
        Some(letter) => letter.clone(),
        None => char::from(b'a' + index as u8).to_string(),
    }
}

/// Letters of the zones that the environment uses, in order.
pub fn zone_letters(env: &Environment) -> Vec<String> {
    (0..env.network.zones.into()).map(|index| zone_letter(env, index)).collect()
}

/// ARN of a role of the environment's account.
pub fn role_arn(env: &Environment, role: &str) -> String {
    format!("arn:aws:iam::{}:role/{role}", env.account)
}

/// ARN of the EKS cluster.
pub fn cluster_arn(env: &Environment) -> String {
    format!("arn:aws:eks:{}:{}:cluster/{}", env.region, env.account, cluster(env))
}

/// ARN of a policy of the environment's account.
pub fn policy_arn(env: &Environment, policy: &str) -> String {
    format!("arn:aws:iam::{}:policy/{policy}", env.account)
}

/// Host of GitHub's OIDC issuer.
pub const GITHUB_ISSUER: &str = "token.actions.githubusercontent.com";

/// ARN of an OIDC provider of the environment's account, from its URL without `https://`.
pub fn oidc_provider_arn(env: &Environment, host: &str) -> String {
    format!("arn:aws:iam::{}:oidc-provider/{host}", env.account)
}

/// ARN of a secret. Secrets Manager puts six characters of its own behind the name.
pub fn secret_arn(env: &Environment, name: &str) -> String {
    format!("arn:aws:secretsmanager:{}:{}:secret:{}-??????", env.region, env.account, secret(env, name))
}

/// Returns EKS's name of an access policy.
pub fn access_policy(policy: AccessPolicy) -> &'static str {
    match policy {
        AccessPolicy::View => "AmazonEKSViewPolicy",
        AccessPolicy::Edit => "AmazonEKSEditPolicy",
        AccessPolicy::Admin => "AmazonEKSAdminPolicy",
        AccessPolicy::ClusterAdmin => "AmazonEKSClusterAdminPolicy",
    }
}

/// Returns CloudFront's name of a price class.
pub fn price_class(class: PriceClass) -> &'static str {
    match class {
        PriceClass::P100 => "PriceClass_100",
        PriceClass::P200 => "PriceClass_200",
        PriceClass::All => "PriceClass_All",
    }
}

/// Names that [`cluster_role`] is called with: no service may have a role of such a name.
pub const CLUSTER_ROLES: [&str; 6] =
    ["cluster", "nodes", "fargate", "load-balancer-controller", "vpc-cni", "ebs-csi"];

/// Scope in which a name must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Inside the environment.
    Environment,
    /// In a region of an account.
    Region,
    /// In an account.
    Account,
    /// In all of AWS.
    World,
}

/// Rule for the names of one kind of thing.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind of thing, for people.
    pub what: &'static str,
    pub shortest: usize,
    pub longest: usize,
    /// The characters that are allowed, for people.
    pub allowed: &'static str,
    pub scope: Scope,
    form: Form,
}

/// The forms that names take.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Cluster,
    Role,
    Bucket,
    Repository,
    /// A DNS label as Kubernetes wants it for a Service: RFC 1035.
    Label,
}

pub const CLUSTER: Rule = Rule {
    what: "EKS cluster",
    shortest: 1,
    longest: 100,
    allowed: "letters, digits, `-` and `_`, beginning with a letter or digit",
    scope: Scope::Region,
    form: Form::Cluster,
};
pub const NODE_GROUP: Rule = Rule { what: "node group", longest: 63, scope: Scope::Environment, ..CLUSTER };
pub const FARGATE_PROFILE: Rule = Rule { what: "Fargate profile", ..NODE_GROUP };
pub const ROLE: Rule = Rule {
    what: "IAM role",
    shortest: 1,
    longest: 64,
    allowed: "letters, digits and `+=,.@_-`",
    scope: Scope::Account,
    form: Form::Role,
};
pub const BUCKET: Rule = Rule {
    what: "S3 bucket",
    shortest: 3,
    longest: 63,
    allowed: "lower-case letters, digits, `-` and single `.`, beginning and ending with a letter or digit, without AWS's own prefixes and suffixes (xn--, sthree-, amzn-s3-demo-, -s3alias, --ol-s3, .mrap, --x-s3, --table-s3)",
    scope: Scope::World,
    form: Form::Bucket,
};
pub const REPOSITORY: Rule = Rule {
    what: "ECR repository",
    shortest: 2,
    longest: 256,
    allowed: "lower-case letters and digits, with single `-`, `_`, `.` or `/` between them",
    scope: Scope::Region,
    form: Form::Repository,
};
pub const KUBERNETES_SERVICE: Rule = Rule {
    what: "Kubernetes service",
    shortest: 1,
    longest: 63,
    allowed: "lower-case letters, digits and `-`, beginning with a letter and ending with a letter or digit",
    scope: Scope::Environment,
    form: Form::Label,
};
pub const NAMESPACE: Rule = Rule { what: "Kubernetes namespace", ..KUBERNETES_SERVICE };

impl Rule {
    /// Returns true if the characters of a name are allowed; its length is another matter.
    pub fn accepts(&self, name: &str) -> bool {
        let alphanumeric = |c: char| c.is_ascii_alphanumeric();
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let only = |extra: &str| name.chars().all(|c| alphanumeric(c) || extra.contains(c));
        match self.form {
            Form::Cluster => name.starts_with(alphanumeric) && only("-_"),
            Form::Role => only("+=,.@_-"),
            Form::Bucket => {
                let reserved =
                    ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
                        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
                            .iter()
                            .any(|end| name.ends_with(end));
                let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
                name.chars().all(|c| lower(c) || c == '-' || c == '.')
                    && name.starts_with(lower)
                    && name.ends_with(lower)
                    && !name.contains("..")
                    && !reserved
                    && !is_address
            }
            Form::Repository => {
                name.split(['-', '_', '.', '/']).all(|part| !part.is_empty() && part.chars().all(lower))
            }
            Form::Label => {
                name.chars().all(|c| lower(c) || c == '-')
                    && name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.ends_with(lower)
            }
        }
    }
}
