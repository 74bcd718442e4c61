//! Files of the generated frontends.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::project::Project;
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Description of hostile characters.
pub const HOSTILE: &str = r##"It's "a" & <b>b</b>: #1 \ {{ x }} ${y} *c* `d` – 100 %"##;

pub fn shell(dev: &[&str; 2], gateway: &str) -> Value {
    json!({
        "name": "app",
        "title": "Customer portal",
        "description": "Where customers see and pay their bills",
        "role": "shell",
        "gatewayDev": gateway,
        "remotes": [
            { "name": "payment", "title": "Payments", "path": "payments", "dev": dev[0] },
            { "name": "statements", "title": "Statements", "dev": dev[1], "prod": "https://statements.billpay.com" },
        ],
    })
}

pub fn remote(name: &str, title: &str, description: &str, shell: &str, gateway: &str) -> Value {
    json!({
        "name": name,
        "title": title,
        "description": description,
        "shellDev": shell,
        "gatewayDev": gateway,
    })
}

fn both(below: &TempDir) -> [Project; 2] {
    let dev = ["https://payments.dev.billpay.com", "https://statements.dev.billpay.com"];
    let gateway = "https://api.dev.billpay.com/api";
    let shell = shell(&dev, gateway);
    let remote = remote("payment", HOSTILE, HOSTILE, "https://app.dev.billpay.com", gateway);
    [&shell, &remote].map(|answers| Project::new(answers, below.path()))
}

#[test]
fn a_frontend_brings_what_its_team_needs_on_the_first_day() {
    let below = TempDir::new().expect("a folder");
    for project in both(&below) {
        let mut files = project.files();
        // What billpay itself keeps for updates.
        files.retain(|path, _| !path.starts_with(".billpay/"));
        for expected in [
            ".editorconfig",
            ".github/CODEOWNERS",
            ".gitignore",
            ".nvmrc",
            "README.md",
            "catalog-info.yaml",
            "deploy/config/dev.json",
            "deploy/config/prod.json",
            "deploy/config/staging.json",
            "docs/index.md",
            "mkdocs.yml",
            "package.json",
        ] {
            assert!(files.contains_key(expected), "{} has no {expected}", project.name);
        }
        for (path, bytes) in &files {
            let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not text"));
            assert!(!text.contains('\0'), "{path} is not text");
            assert!(
                !text.contains("{%") && !text.contains("${{ values."),
                "{path} has been rendered halfway"
            );
        }
        let manifest = project.json("package.json");
        for list in ["dependencies", "devDependencies"] {
            let packages = manifest[list].as_object().expect("packages");
            for (package, version) in packages {
                let exact = text(version).split('.').all(|part| part.parse::<u32>().is_ok());
                assert!(exact, "{package} is not pinned: {version}");
            }
        }
    }
}

#[test]
fn texts_are_kept_whatever_is_in_them() {
    let below = TempDir::new().expect("a folder");
    let [_, remote] = both(&below);
    assert_eq!(remote.json("package.json")["description"], HOSTILE);
    assert_eq!(remote.json("src/app/about.json")["title"], HOSTILE);
    let yaml = |path: &str| -> Value { serde_yaml::from_str(&remote.text(path)).expect(path) };
    assert_eq!(yaml("catalog-info.yaml")["metadata"]["description"], HOSTILE);
    assert_eq!(yaml("mkdocs.yml")["site_name"], HOSTILE);
}

#[test]
fn a_shell_knows_the_remotes_that_an_environment_has() {
    let below = TempDir::new().expect("a folder");
    let [shell, _] = both(&below);
    let remotes = |env: &str| {
        let config = shell.json(&format!("deploy/config/{env}.json"));
        assert_eq!(config["environment"], env);
        let entries = items(&config["remotes"]).iter();
        entries
            .map(|remote| format!("{} {}", text(&remote["path"]), text(&remote["entry"])))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        remotes("dev"),
        [
            "payments https://payments.dev.billpay.com/remoteEntry.js",
            "statements https://statements.dev.billpay.com/remoteEntry.js"
        ]
    );
    assert_eq!(remotes("staging"), Vec::<String>::new());
    assert_eq!(remotes("prod"), ["statements https://statements.billpay.com/remoteEntry.js"]);
    let config = shell.json("deploy/config/dev.json");
    assert_eq!(config["metricsUrl"], "https://api.dev.billpay.com/api/page-metrics");
    assert_eq!(shell.json("deploy/config/prod.json")["metricsUrl"], "");
}

#[test]
fn the_entries_are_taken_by_the_spec_of_an_environment() {
    let below = TempDir::new().expect("a folder");
    let sandbox = Sandbox::of_account("http://127.0.0.1:1", "123456789012");
    let folder = sandbox.specs().join("frontends");
    std::fs::create_dir(&folder).expect("a folder for the entries");
    for project in both(&below) {
        std::fs::copy(project.entry(), folder.join(format!("{}.yaml", project.name))).expect("an entry");
    }
    let spec: Value = sandbox.json(&["config", "--env", "dev"]);
    let frontends = &spec["spec"]["frontends"];
    assert_eq!(frontends["app"]["repository"], "app", "{spec:#}");
    assert_eq!(frontends["payment"]["allowed_origins"], json!(["https://app.dev.billpay.com"]));
    let policy = text(&frontends["app"]["content_security_policy"]);
    let scripts = "script-src 'self' https://payments.dev.billpay.com https://statements.dev.billpay.com \
                   https://statements.billpay.com;";
    assert!(policy.contains(scripts), "{policy}");
    assert!(policy.contains("https://api.dev.billpay.com/api/;"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' 'unsafe"), "{policy}");
}
