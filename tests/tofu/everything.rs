//! An environment with all that can be switched on, and texts that want out of their quotes.

use serde_json::{Value, json};

use crate::differences::{self, EVERYTHING};
use crate::remains;
use crate::tree::Tree;
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, tags, text};

const ZONE: &str = "billpay.example";
const DOMAIN: &str = "payments.billpay.example";
/// Tags with letters of any script, and no quotes.
const TAGS: [(&str, &str); 2] =
    [("équipe/paiement", "a=b+c@d: e_f.g-h"), ("Kostenstelle", "Zahlungen für 支付")];
const DESCRIPTION: &str = r#"${x} %{y} $${z} %%{w} "quoted" \ back\n {{ account }} 支付 ü"#;
const POLICY: &str = r#"default-src 'self'; report-uri https://billpay.example/${x}?%{y}=$${z}"\n""#;

/// Resources that a person makes before: the zone, the certificate for CloudFront, a role that gets access.
/// Says what the certificate is called. The function that rotates a secret, the emulator takes for granted.
fn made_before(sandbox: &Sandbox) -> String {
    let zone = ["route53", "create-hosted-zone", "--name", ZONE, "--caller-reference", "once"];
    sandbox.aws(&zone);
    let certificate = ["acm", "request-certificate", "--validation-method", "DNS", "--domain-name", DOMAIN];
    let certificate = sandbox.aws(&certificate);
    let who = json!({"AWS": format!("arn:aws:iam::{}:root", sandbox.account)});
    let statement = json!([{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]);
    let trust = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let name = "PlatformEngineer";
    sandbox.aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust]);
    text(&certificate["CertificateArn"]).to_string()
}

/// GuardDuty is left out: the emulator has none.
fn all_of_it(account: &str, certificate: &str) -> Value {
    json!({
        "tags": TAGS.iter().map(|(key, value)| (key.to_string(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "network": {"nat": "per-zone"},
        "cluster": {
            "nodes": {"cheap": {
                "type": "t3.large", "min": 0, "max": 3, "capacity": "spot", "disk": 30,
                "labels": {"billpay.example/work": "batch"},
            }},
            "fargate": {"jobs": {"namespaces": ["billpay-jobs"]}},
            "efs": true,
            "access": {"platform": {
                "principal": "arn:aws:iam::{account}:role/PlatformEngineer",
                "policy": "view",
                "namespaces": ["billpay-dev"],
            }},
        },
        "services": {
            "user-service": {"port": 8081, "repository": "user-service", "buckets": ["techdocs"]},
            "admin-service": {"port": 9000},
        },
        "frontends": {
            "payment": {"domain": DOMAIN, "certificate": certificate, "content_security_policy": POLICY},
            "feature-flags": {"allowed_origins": [format!("https://{DOMAIN}"), "http://localhost:4200"]},
        },
        "dns": {"zone": ZONE},
        "monitoring": {"xray": true, "prometheus": true, "dashboard": true, "notify": ["ops@billpay.example"]},
        "backup": {"enabled": true},
        "secrets": {"billpay/api/keys": {
            "description": DESCRIPTION,
            "rotation_function": format!("arn:aws:lambda:us-east-1:{account}:function:rotate"),
        }},
    })
}

#[test]
#[ignore = "needs Terragrunt, OpenTofu and the emulator: cargo test -- --include-ignored"]
fn all_that_can_be_switched_on_is_made_and_no_text_is_changed() {
    let tree = Tree::new();
    let sandbox = &tree.sandbox;
    let certificate = made_before(sandbox);
    sandbox.edit("dev", all_of_it(&sandbox.account, &certificate));
    let before = remains::names(sandbox);
    tree.scaffold(&["--env", "dev"]).exits(0);

    tree.apply("accounts");
    tree.apply("environments/dev").says("Succeeded    11");
    tree.plan("environments/dev").exits(0);
    differences::are(&EVERYTHING, sandbox);
    texts_arrived(sandbox);
    names_lead_to_the_frontend(sandbox);

    tree.destroy("environments/dev");
    let account = format!("accounts/{}/us-east-1/scope.hcl", sandbox.account);
    tree.replace(&account, "protected = true", "protected = false");
    tree.destroy("accounts");
    tree.destroy("environments/dev");
    remains::only_state(&before, sandbox);
}

fn texts_arrived(sandbox: &Sandbox) {
    let secret = sandbox.aws(&["secretsmanager", "describe-secret", "--secret-id", "billpay/api/keys-dev"]);
    assert_eq!(secret["Description"], DESCRIPTION);
    assert_eq!(secret["RotationEnabled"], true, "{secret:#}");
    let found = tags(&secret["Tags"]);
    TAGS.iter().for_each(|(key, value)| assert_eq!(found.get(*key).map(String::as_str), Some(*value)));

    let list = ["cloudfront", "list-response-headers-policies", "--type", "custom"];
    let list = sandbox.aws(&list);
    let policies = items(&list["ResponseHeadersPolicyList"]["Items"]).iter();
    let policies = policies.map(|item| {
        let config = &item["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"];
        text(&config["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    });
    let policies: Vec<&str> = policies.collect();
    assert!(policies.contains(&POLICY), "{policies:#?}");
}

fn names_lead_to_the_frontend(sandbox: &Sandbox) {
    let distributions = sandbox.aws(&["cloudfront", "list-distributions"]);
    let ours = items(&distributions["DistributionList"]["Items"]).iter();
    let mut ours = ours.filter(|one| items(&one["Aliases"]["Items"]).contains(&json!(DOMAIN)));
    let target = text(&ours.next().expect("the distribution of the domain")["DomainName"]);

    let zones = sandbox.aws(&["route53", "list-hosted-zones"]);
    let zone = text(&zones["HostedZones"][0]["Id"]);
    let records = sandbox.aws(&["route53", "list-resource-record-sets", "--hosted-zone-id", zone]);
    let name = format!("{DOMAIN}.");
    let aliases = items(&records["ResourceRecordSets"]).iter().filter(|record| record["Name"] == name);
    let aliases: Vec<(&str, &str)> = aliases
        .map(|record| (text(&record["Type"]), text(&record["AliasTarget"]["DNSName"]).trim_end_matches('.')))
        .collect();
    assert_eq!(aliases, [("A", target), ("AAAA", target)], "{records:#}");
}
