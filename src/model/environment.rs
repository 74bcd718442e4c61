//! The typed spec of one environment: what a person writes in `environments/`.
//!
//! These types are the only definition of the spec. The JSON Schema that editors and
//! [`billpay_spec::load`] check against is derived from them, doc comments included, so a
//! comment here is what a person reads in an editor's completion. Every default lives
//! in `environments/shared.yaml`, where people can see it; an `Option` means "may be
//! left out", never "has a hidden default".

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maps that people write; sorted, so that everything computed from them is deterministic.
pub type Map<T> = BTreeMap<String, T>;

/// One environment of the platform: everything that billpay makes follows from this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Short name of the platform; every name that billpay makes starts with it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$"), extend("patternErrorMessage" = "must be 2 to 16 lower-case letters, digits and hyphens, beginning with a letter"))]
    pub project: String,
    /// Name of the environment; the file's name without `.yaml`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9]{0,11}$"), extend("patternErrorMessage" = "must be 1 to 12 lower-case letters and digits, beginning with a letter"))]
    pub environment: String,
    /// AWS account id that the environment lives in, quoted: 12 digits.
    #[schemars(regex(pattern = r"^[0-9]{12}$"), extend("patternErrorMessage" = "must be an AWS account id: 12 digits"))]
    pub account: String,
    /// AWS region, such as `us-east-1`.
    #[schemars(regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"), extend("patternErrorMessage" = "must be an AWS region, such as us-east-1"))]
    pub region: String,
    /// Protection of the environment: nothing of it is deleted or replaced without a typed confirmation.
    pub protected: bool,
    /// Store of the lock and the journal of runs: `s3`, a bucket of the account that `provision` makes; `s3://bucket/prefix`, one of your own; `local` or left out, a directory of whoever runs billpay.
    #[schemars(regex(pattern = r"^(local|s3|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)$"), extend("patternErrorMessage" = "must be local, s3, or a bucket of your own such as s3://bucket/prefix"))]
    pub state: Option<String>,
    /// Tags for every resource, beside those that billpay sets itself.
    pub tags: Map<String>,
    /// Prefixes of tags that others set on our resources and that billpay leaves alone.
    pub ignored_tags: Vec<String>,
    pub network: Network,
    pub cluster: Cluster,
    pub registry: Registry,
    /// Backend services, by name.
    pub services: Map<Service>,
    /// Frontends served from a private bucket through CloudFront, by name.
    pub frontends: Map<Frontend>,
    /// Other private buckets, by name (TechDocs, for example).
    pub buckets: Map<Bucket>,
    pub github: GitHub,
    /// Secrets in Secrets Manager, by name; their values are never part of a spec.
    pub secrets: Map<Secret>,
    pub monitoring: Monitoring,
    pub audit: Audit,
    pub backup: Backup,
    /// Public DNS; left out when names are managed elsewhere.
    pub dns: Option<Dns>,
    pub cost: Cost,
    pub targets: Targets,
}

/// The VPC and how it reaches the internet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Address range of the VPC, /16 to /28.
    #[schemars(with = "String", regex(pattern = CIDR), extend("patternErrorMessage" = CIDR_MESSAGE))]
    pub cidr: Ipv4Net,
    /// Number of availability zones to use; EKS needs two or more.
    #[schemars(range(min = 2, max = 6))]
    pub zones: u8,
    /// Letters of the zones to use, in order, where the region's first ones don't serve.
    #[schemars(inner(regex(pattern = r"^[a-z]$")), extend("patternErrorMessage" = "must be the letter of a zone, such as a"))]
    pub zone_letters: Vec<String>,
    /// Ranges of the public subnets, one a zone, in order; extra ones wait for more zones.
    #[schemars(inner(regex(pattern = CIDR)), with = "Vec<String>", extend("patternErrorMessage" = CIDR_MESSAGE))]
    pub public_subnets: Vec<Ipv4Net>,
    /// Ranges of the private subnets, one a zone, in order; extra ones wait for more zones.
    #[schemars(inner(regex(pattern = CIDR)), with = "Vec<String>", extend("patternErrorMessage" = CIDR_MESSAGE))]
    pub private_subnets: Vec<Ipv4Net>,
    /// NAT gateways: `none`, `single` (cheapest) or `per-zone` (survives the loss of a zone).
    pub nat: Nat,
    /// S3 is reached through a gateway endpoint (free) rather than through NAT.
    pub s3_endpoint: bool,
}

const CIDR: &str = concat!(
    r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}",
    r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(3[0-2]|[12]?[0-9])$",
);
const CIDR_MESSAGE: &str = "must be an IPv4 range, such as 10.0.0.0/16";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    None,
    Single,
    PerZone,
}

/// A repository's name: GitHub has none of dots alone.
const REPOSITORY: &str = r"^[.]{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]{0,97}$";
const REPOSITORY_MESSAGE: &str = "must be one repository by its name alone, never a pattern";
const GITHUB_ID: &str = "^[1-9][0-9]{0,19}$";
const GITHUB_ID_MESSAGE: &str = "must be the number that GitHub gave it, in quotes";

/// The EKS cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Name of the cluster; the environment's name is put behind it.
    pub name: String,
    /// Kubernetes version, quoted, such as `"1.36"`.
    #[schemars(regex(pattern = r"^1\.[0-9]{2}$"), extend("patternErrorMessage" = "must be a Kubernetes version in quotes, such as \"1.36\""))]
    pub version: String,
    /// `standard` has AWS upgrade the cluster at the end of standard support; `extended` pays for a year more.
    pub support: Support,
    /// Control-plane logs that go to CloudWatch.
    pub logs: Vec<ClusterLog>,
    pub endpoint: Endpoint,
    /// Managed node groups, by name.
    pub nodes: Map<NodeGroup>,
    /// Fargate profiles, by name; none by default.
    pub fargate: Map<FargateProfile>,
    /// EKS add-ons, by their AWS name.
    pub addons: Map<Addon>,
    /// The AWS Load Balancer Controller gets its role.
    pub load_balancer_controller: bool,
    /// Pods can share files through EFS.
    pub efs: bool,
    /// Others who may use the cluster, by a name of your choice.
    pub access: Map<Access>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    Standard,
    Extended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClusterLog {
    Api,
    Audit,
    Authenticator,
    ControllerManager,
    Scheduler,
}

/// Access to the Kubernetes API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The API is reachable from the internet (with credentials).
    pub public: bool,
    /// Address ranges that may reach the public endpoint.
    #[schemars(inner(regex(pattern = CIDR)), with = "Vec<String>", extend("patternErrorMessage" = CIDR_MESSAGE))]
    pub public_cidrs: Vec<Ipv4Net>,
}

/// A managed node group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// EC2 instance type; a change replaces the group, the new one first.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"), extend("patternErrorMessage" = "must be an EC2 instance type, such as t3.medium"))]
    #[serde(rename = "type")]
    pub instance_type: String,
    /// Fewest nodes.
    #[schemars(range(max = 450))]
    pub min: u32,
    /// Most nodes; 450 is the EKS quota for one group.
    #[schemars(range(min = 1, max = 450))]
    pub max: u32,
    /// `on-demand`, or `spot` for work that can be interrupted.
    pub capacity: Capacity,
    /// Root volume, GiB.
    #[schemars(range(min = 20, max = 16384))]
    pub disk: u32,
    /// Kubernetes labels of the nodes.
    pub labels: Option<Map<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    OnDemand,
    Spot,
}

/// A Fargate profile: pods of these namespaces run without nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FargateProfile {
    /// Namespaces whose pods run on Fargate; at most five.
    #[schemars(length(min = 1, max = 5))]
    pub namespaces: Vec<String>,
}

/// An EKS add-on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Addon {
    /// Version such as `v1.21.1-eksbuild.1`; left out, EKS picks its default for the cluster's version.
    #[schemars(regex(pattern = r"^v[0-9]+\.[0-9]+\.[0-9]+(-eksbuild\.[0-9]+)?$"), extend("patternErrorMessage" = "must be an add-on version, such as v1.21.1-eksbuild.1"))]
    pub version: Option<String>,
}

/// Access to the cluster for an IAM principal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// ARN of the IAM role or user; `{account}` stands for the environment's account.
    pub principal: String,
    /// Permissions of the principal.
    pub policy: AccessPolicy,
    /// Namespaces that it is limited to; left out, the whole cluster.
    pub namespaces: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessPolicy {
    View,
    Edit,
    Admin,
    ClusterAdmin,
}

/// Images in ECR.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Images are scanned as they arrive.
    pub scan_on_push: bool,
    /// A tag, once pushed, can't be moved.
    pub immutable_tags: bool,
    /// Number of tagged images to keep.
    #[schemars(range(min = 1, max = 10000))]
    pub keep_images: u32,
    /// Days after which untagged images expire.
    #[schemars(range(min = 1, max = 3650))]
    pub expire_untagged_days: u32,
}

/// A backend service: an ECR repository, an identity of its own, and how it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Number of replicas when idle.
    #[schemars(range(min = 1, max = 100))]
    pub replicas: u32,
    /// Most replicas that autoscaling may run.
    #[schemars(range(min = 1, max = 100))]
    pub max_replicas: Option<u32>,
    /// CPU of one replica, such as `500m` or `2`.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?m?$"), extend("patternErrorMessage" = "must be a number of CPUs, such as 500m or \"2\""))]
    pub cpu: String,
    /// Memory of one replica, such as `1Gi`.
    #[schemars(regex(pattern = r"^[0-9]+(Ki|Mi|Gi|Ti)$"), extend("patternErrorMessage" = "must be an amount of memory with its unit, such as 512Mi or 1Gi"))]
    pub memory: String,
    /// Services that this one calls.
    pub needs: Vec<String>,
    /// Path under which the load balancer routes to it, such as `/payments`.
    #[schemars(regex(pattern = r"^/[A-Za-z0-9/_.-]*$"), extend("patternErrorMessage" = "must be a path of letters, digits and -_. that begins with a slash, such as /payments"))]
    pub path: Option<String>,
    /// Port that the container listens on.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// Secrets (names under `secrets`) that it may read.
    pub secrets: Option<Vec<String>>,
    /// Buckets (names under `buckets`) whose files it may read.
    pub buckets: Option<Vec<String>>,
    /// GitHub repository whose workflows may deploy it, beside those of `github.repositories`.
    #[schemars(regex(pattern = REPOSITORY), extend("patternErrorMessage" = REPOSITORY_MESSAGE))]
    pub repository: Option<String>,
    /// Id of that repository on GitHub, for those whose tokens carry it.
    #[schemars(regex(pattern = GITHUB_ID), extend("patternErrorMessage" = GITHUB_ID_MESSAGE))]
    pub repository_id: Option<String>,
}

/// A frontend: a private bucket and a CloudFront distribution in front of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Frontend {
    /// Name of the bucket, where it is not `<project>-frontend-<name>`; environment and account are put behind it.
    pub bucket: Option<String>,
    /// Custom domain; needs `certificate`.
    pub domain: Option<String>,
    /// ARN of the ACM certificate for `domain`, in us-east-1.
    #[schemars(regex(pattern = r"^arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]+$"), extend("patternErrorMessage" = "must be the ARN of an ACM certificate in us-east-1, where CloudFront looks for it"))]
    pub certificate: Option<String>,
    /// Unknown paths answer with `/index.html`, as a single-page application wants.
    pub spa: bool,
    /// Edge locations that serve it; fewer cost less.
    pub price_class: PriceClass,
    /// Value of the `Content-Security-Policy` header.
    pub content_security_policy: String,
    /// Other sites whose pages may load its files (CORS), such as the shell that a remote is shown in.
    #[schemars(inner(regex(pattern = r"^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|http://localhost:[0-9]{1,5})$")), extend("patternErrorMessage" = "must be an origin such as https://payments.billpay.com, without a path or a pattern"))]
    pub allowed_origins: Option<Vec<String>>,
    /// GitHub repository whose workflows deploy it, with a role that deploys frontends alone. Without one, it is
    /// deployed by the role of services, from `github.repositories`.
    #[schemars(regex(pattern = REPOSITORY), extend("patternErrorMessage" = REPOSITORY_MESSAGE))]
    pub repository: Option<String>,
    /// Id of that repository on GitHub, for those whose tokens carry it.
    #[schemars(regex(pattern = GITHUB_ID), extend("patternErrorMessage" = GITHUB_ID_MESSAGE))]
    pub repository_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriceClass {
    /// North America and Europe.
    #[serde(rename = "100")]
    P100,
    /// Also Asia, Africa and the Middle East.
    #[serde(rename = "200")]
    P200,
    All,
}

/// A private, encrypted, versioned bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Days after which a replaced or deleted object is gone for good.
    #[schemars(range(min = 1, max = 3650))]
    pub expire_old_versions_days: u32,
}

/// Access of GitHub Actions to the account: OIDC, no long-lived keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// Name of the role that workflows of services assume; the environment's name is put behind it. Workflows of
    /// frontends that name a repository assume `<role>-frontends-<environment>`.
    pub role: String,
    /// GitHub organization or user; never a pattern.
    #[schemars(regex(pattern = r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$"), extend("patternErrorMessage" = "must be one GitHub organization or user by name, never a pattern"))]
    pub organization: String,
    /// Id of the organization on GitHub; needed where a repository has one.
    #[schemars(regex(pattern = GITHUB_ID), extend("patternErrorMessage" = GITHUB_ID_MESSAGE))]
    pub organization_id: Option<String>,
    /// Repositories whose workflows may assume the role of services, from the GitHub environment of the same name as ours.
    #[schemars(
        inner(regex(pattern = REPOSITORY)),
        length(min = 1),
        extend("patternErrorMessage" = REPOSITORY_MESSAGE)
    )]
    pub repositories: Vec<String>,
    /// Ids on GitHub of `repositories`, by name, for those whose tokens carry them.
    #[schemars(extend("additionalProperties" = {
        "type": "string",
        "pattern": GITHUB_ID,
        "patternErrorMessage": GITHUB_ID_MESSAGE,
    }))]
    pub repository_ids: Option<Map<String>>,
    /// Longest session, seconds.
    #[schemars(range(min = 3600, max = 43200))]
    pub session_seconds: u32,
}

/// A secret whose place billpay makes and whose value people set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Purpose of the secret.
    pub description: String,
    /// Days between rotations; left out, there is no term.
    #[schemars(range(min = 1, max = 1000))]
    pub rotation_days: Option<u32>,
    /// ARN of the Lambda function that rotates it; left out, people do.
    #[schemars(regex(pattern = r"^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+$"), extend("patternErrorMessage" = "must be the ARN of a Lambda function"))]
    pub rotation_function: Option<String>,
}

/// Logs, metrics, alarms and dashboards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// Days that logs are kept; CloudWatch allows only these.
    #[schemars(extend("enum" = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]))]
    pub log_retention_days: u32,
    /// Metrics, by namespace: the names that applications publish.
    pub metrics: Map<Vec<String>>,
    /// Alarms, by name.
    pub alarms: Map<Alarm>,
    /// A CloudWatch dashboard is made.
    pub dashboard: bool,
    /// Addresses that alarms are mailed to.
    pub notify: Vec<String>,
    /// Prometheus and Grafana run on the cluster.
    pub prometheus: bool,
    /// Traces go to X-Ray.
    pub xray: bool,
}

/// An alarm on a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// `namespace/metric`, one of `metrics`.
    pub metric: String,
    /// Above this it alarms, in the metric's unit.
    pub above: f64,
    /// Unit of `above`: `percent` or `milliseconds`.
    pub unit: AlarmUnit,
    /// Action of the alarm.
    pub then: AlarmAction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmUnit {
    Percent,
    Milliseconds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmAction {
    Notify,
    ScaleOut,
}

/// Audit of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub cloudtrail: bool,
    pub guardduty: bool,
}

/// Automatic backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub enabled: bool,
    /// Days that a backup is kept.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: u32,
}

/// Public DNS in Route 53.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Domain of the hosted zone, such as `billpay.com`; services are at `<environment>.<zone>`.
    pub zone: String,
}

/// Expected cost, USD a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub monthly_min: u32,
    pub monthly_max: u32,
}

/// Service levels that the platform is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Slowest acceptable backend answer, milliseconds.
    pub backend_ms: u32,
    /// Slowest acceptable page load, milliseconds.
    pub frontend_ms: u32,
    /// Least uptime, percent.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub uptime_percent: f64,
    /// Most CPU in use, percent.
    #[schemars(range(min = 1, max = 100))]
    pub cpu_percent: u8,
    /// Most memory in use, percent.
    #[schemars(range(min = 1, max = 100))]
    pub memory_percent: u8,
}
