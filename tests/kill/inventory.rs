//! Everything that is in an account, read in plain HTTP, with what differs from run to run
//! taken out: ids, times, the number of the account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::account::Account;

/// Number of times of each fact, such as `ec2 DescribeVpcs …/cidrBlock = 10.0.0.0/16`.
/// Something that is there twice has its facts twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory(BTreeMap<String, usize>);

/// Fields that differ between two environments that are the same.
const FLEETING: &[&str] = &[
    "time",
    "timestamp",
    "date",
    "created",
    "modified",
    "etag",
    "requestid",
    "publicip",
    "privateip",
    "privateipaddress",
    "lastmodified",
    "domainname",
    "certificateauthority",
    "endpoint",
    "url",
    "callerreference",
    "hostid",
    "health",
];

const EC2: &[&str] = &[
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeInternetGateways",
    "DescribeAddresses",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeVpcEndpoints",
];

/// Below `/clusters/<name>/`: the path, and the field of its list.
const EKS: &[(&str, &str)] = &[
    ("node-groups", "nodegroups"),
    ("addons", "addons"),
    ("access-entries", "accessEntries"),
    ("pod-identity-associations", "associations"),
    ("fargate-profiles", "fargateProfileNames"),
];

impl Inventory {
    pub fn of(account: &Account) -> Inventory {
        let mut taker = Taker { account, facts: BTreeMap::new() };
        taker.ec2();
        taker.iam();
        taker.eks();
        taker.ecr();
        taker.s3();
        taker.cloudfront();
        Inventory(taker.facts)
    }

    /// Returns the facts that are more (`+`) and less (`-`) than expected.
    pub fn differences(&self, expected: &Inventory) -> Vec<String> {
        let mut facts: Vec<&String> = self.0.keys().chain(expected.0.keys()).collect();
        facts.sort();
        facts.dedup();
        let count = |of: &Inventory, fact: &String| of.0.get(fact).copied().unwrap_or(0);
        let compare = |fact: &String| match (count(self, fact), count(expected, fact)) {
            (have, want) if have > want => Some(format!("+{} {fact}", have - want)),
            (have, want) if have < want => Some(format!("-{} {fact}", want - have)),
            _ => None,
        };
        facts.into_iter().filter_map(compare).collect()
    }
}

struct Taker<'a> {
    account: &'a Account,
    facts: BTreeMap<String, usize>,
}

impl Taker<'_> {
    fn ec2(&mut self) {
        for action in EC2 {
            let answer = self.account.query("ec2", action, &[]);
            self.xml(action, &answer);
        }
        // Deleted ones stay in the list for a while.
        let alive = [
            ("Filter.1.Name", "state"),
            ("Filter.1.Value.1", "available"),
            ("Filter.1.Value.2", "pending"),
            ("Filter.1.Value.3", "failed"),
        ];
        let answer = self.account.query("ec2", "DescribeNatGateways", &alive);
        self.xml("DescribeNatGateways", &answer);
    }

    fn iam(&mut self) {
        for filter in ["Role", "LocalManagedPolicy"] {
            let fields = [("Filter.member.1", filter)];
            let answer = self.account.query("iam", "GetAccountAuthorizationDetails", &fields);
            self.xml("GetAccountAuthorizationDetails", &answer);
        }
        let answer = self.account.query("iam", "ListOpenIDConnectProviders", &[]);
        self.xml("ListOpenIDConnectProviders", &answer);
    }

    fn eks(&mut self) {
        let clusters = self.get_json("eks", "/clusters");
        for name in texts(&clusters["clusters"]) {
            let cluster = self.get_json("eks", &format!("/clusters/{name}"));
            self.json(&format!("cluster {name}"), &cluster);
            for (path, field) in EKS {
                let list = self.get_json("eks", &format!("/clusters/{name}/{path}"));
                for item in list[field].as_array().into_iter().flatten() {
                    let id = item.as_str().or(item["associationId"].as_str()).unwrap_or_default();
                    let id = id.replace(':', "%3A").replace('/', "%2F");
                    let one = self.get_json("eks", &format!("/clusters/{name}/{path}/{id}"));
                    self.json(path, &one);
                }
            }
        }
    }

    fn ecr(&mut self) {
        let list: Value = parse(&self.account.ecr("DescribeRepositories", json!({})));
        self.json("repositories", &list);
        for repository in list["repositories"].as_array().into_iter().flatten() {
            let name = json!({"repositoryName": repository["repositoryName"]});
            let policy = self.account.ecr("GetLifecyclePolicy", name);
            self.json("lifecycle", &parse(&policy));
            let arn = json!({"resourceArn": repository["repositoryArn"]});
            let tags = self.account.ecr("ListTagsForResource", arn);
            self.json("tags of a repository", &parse(&tags));
        }
    }

    fn s3(&mut self) {
        let list = self.account.rest("s3", "GET", "/", "");
        let buckets = leaves(&list).into_iter().filter(|(path, _)| path.ends_with("/Name"));
        for (_, bucket) in buckets {
            self.fact("bucket", "name", &bucket);
            const SETTINGS: [&str; 7] = [
                "tagging",
                "encryption",
                "versioning",
                "publicAccessBlock",
                "ownershipControls",
                "lifecycle",
                "versions",
            ];
            for setting in SETTINGS {
                let answer = self.account.rest("s3", "GET", &format!("/{bucket}?{setting}"), "");
                self.xml(setting, &answer);
            }
            let policy = self.account.rest("s3", "GET", &format!("/{bucket}?policy"), "");
            match serde_json::from_str(&policy) {
                Ok(policy) => self.json("policy", &policy),
                Err(_) => self.xml("policy", &policy),
            }
        }
    }

    fn cloudfront(&mut self) {
        for list in ["distribution", "origin-access-control", "response-headers-policy?Type=custom"] {
            let answer = self.account.rest("cloudfront", "GET", &format!("/2020-05-31/{list}"), "");
            self.xml(list, &answer);
        }
    }

    fn get_json(&self, service: &str, path: &str) -> Value {
        parse(&self.account.rest(service, "GET", path, ""))
    }

    fn xml(&mut self, what: &str, text: &str) {
        for (path, value) in leaves(text) {
            self.fact(what, &path, &value);
        }
    }

    fn json(&mut self, what: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| self.json(&format!("{what}/{key}"), value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.json(what, item)),
            Value::Null => {}
            Value::String(text) => self.fact(what, "", text),
            other => self.fact(what, "", &other.to_string()),
        }
    }

    fn fact(&mut self, what: &str, path: &str, value: &str) {
        let field = format!("{what}{path}").rsplit('/').next().unwrap_or_default().to_lowercase();
        if FLEETING.iter().any(|fleeting| field.ends_with(fleeting)) {
            return;
        }
        // The value of a tag that names a create call: a random run id and a count.
        if is_attempt(value) {
            return;
        }
        let fact = format!("{what}{path} = {}", without_ids(&value.replace(&self.account.number, "ACCOUNT")));
        *self.facts.entry(fact).or_default() += 1;
    }
}

fn is_attempt(value: &str) -> bool {
    let is_run = |run: &str| run.len() == 16 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_count = |count: &str| count.parse::<u32>().is_ok();
    value.split_once('-').is_some_and(|(run, count)| is_run(run) && is_count(count))
}

/// Takes out words that were made up by AWS: hexadecimal ones, UUIDs, and those of capitals
/// and digits.
fn without_ids(text: &str) -> String {
    if is_uuid(text) {
        return "*".to_string();
    }
    let made_up = |word: &str| {
        let hex = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let capitals = word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        (word.len() >= 8 && hex) || (word.len() >= 10 && capitals)
    };
    let mut out = String::new();
    for piece in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        out.push_str(if made_up(word) { "*" } else { word });
        out.push_str(&piece[word.len()..]);
    }
    out
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

/// The texts of an XML document with the names of the elements that they are in.
fn leaves(text: &str) -> Vec<(String, String)> {
    let mut leaves = vec![];
    let mut path: Vec<&str> = vec![];
    for piece in text.split('<').skip(1) {
        let Some((tag, content)) = piece.split_once('>') else { continue };
        let name = tag.split_whitespace().next().unwrap_or_default();
        if name.starts_with(['?', '!']) || tag.ends_with('/') {
            continue;
        }
        if name.starts_with('/') {
            path.pop();
            continue;
        }
        path.push(name);
        if !content.trim().is_empty() {
            leaves.push((format!("/{}", path.join("/")), content.trim().to_string()));
        }
    }
    leaves
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_string).collect()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
