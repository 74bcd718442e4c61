//! Published again, with less, by the wrong account, to no bucket, cut off and refused.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use super::project::{billpay, files, mkdocs, site, with_mkdocs, without_mkdocs};
use billpay_testkit::proxy::{Fault, Proxy};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Emulator, Run, Sandbox};

/// An environment with a bucket for documentation, and a proxy before AWS that counts and breaks.
fn sandbox() -> (Proxy, Sandbox, String) {
    let emulator = Emulator::ministack();
    let proxy = Proxy::before(&emulator.url);
    let sandbox = Sandbox::of_account(proxy.url(), &emulator.fresh_account());
    let bucket = format!("billpay-techdocs-dev-{}", sandbox.account);
    sandbox.aws(&["s3api", "create-bucket", "--bucket", &bucket]);
    (proxy, sandbox, bucket)
}

/// Returns the contents of a bucket: keys and ETags.
fn objects(sandbox: &Sandbox, bucket: &str) -> BTreeMap<String, String> {
    let list = sandbox.aws(&["s3api", "list-objects-v2", "--bucket", bucket]);
    let entry = |object: &Value| (text(&object["Key"]).to_string(), text(&object["ETag"]).to_string());
    items(&list["Contents"]).iter().map(entry).collect()
}

const PUBLISH: [&str; 6] = ["docs", "publish", "--env", "dev", "--dir", "plain"];
/// Destination of the fixture.
const PREFIX: &str = "default/component/plain-service/";

fn publish(sandbox: &Sandbox, more: &[&str]) -> Value {
    let args: Vec<&str> = PUBLISH.iter().chain(more).copied().chain(["--output", "json"]).collect();
    billpay(sandbox, &args).exits(0).json()
}

#[test]
#[ignore = "full tier: installs MkDocs and starts the emulator"]
fn again_with_less_only_what_changed_is_written_and_what_is_stale_goes() {
    let (proxy, sandbox, bucket) = sandbox();
    let project = site(&sandbox, "plain", "plain");
    fs::write(project.join("docs/second.md"), "# Second\n").expect("a page");
    fs::write(project.join("mkdocs.yml"), "site_name: Plain\n").expect("settings");
    let others =
        ["default/component/plain-service-2/index.html", "default/component/plain/index.html", "index.html"];
    for key in others {
        sandbox.aws(&["s3api", "put-object", "--bucket", &bucket, "--key", key]);
    }

    let first = publish(&sandbox, &["--dry-run"]);
    assert_eq!(objects(&sandbox, &bucket).len(), others.len(), "a dry run wrote something");
    let written = items(&first["uploaded"]).len();
    let first = publish(&sandbox, &[]);
    assert_eq!(
        (first["schema"].as_str(), first["prefix"].as_str()),
        (Some("billpay/docs-publish/v1"), Some(PREFIX))
    );
    assert_eq!((items(&first["uploaded"]).len(), first["unchanged"].as_u64()), (written, Some(0)));
    let page =
        sandbox.aws(&["s3api", "head-object", "--bucket", &bucket, "--key", &format!("{PREFIX}index.html")]);
    assert_eq!(page["ContentType"], "text/html; charset=utf-8");
    assert_eq!(page.get("CacheControl"), None);

    fs::remove_file(project.join("docs/second.md")).expect("the page");
    proxy.take_calls();
    let second = publish(&sandbox, &[]);
    let calls = proxy.take_calls();
    let deleted: Vec<&str> = items(&second["deleted"]).iter().map(text).collect();
    assert_eq!(deleted, [format!("{PREFIX}second/index.html")]);
    let uploaded: Vec<&str> = items(&second["uploaded"]).iter().map(text).collect();
    assert_eq!(uploaded.last(), Some(&"techdocs_metadata.json"));
    // All of the pages know of one another; the theme does not change.
    assert!(uploaded.len() <= 6 && !uploaded.iter().any(|path| path.starts_with("assets/")), "{uploaded:?}");
    // Who we are, what is there, what is new, what goes: no call for anything else.
    assert_eq!(calls.total(), uploaded.len() + 3, "{:?}", calls.by_name());
    let there = objects(&sandbox, &bucket);
    assert!(others.iter().all(|key| there.contains_key(*key)), "what is of others is gone: {there:?}");
    assert_eq!(there.len(), written - 1 + others.len());
}

#[test]
#[ignore = "full tier: installs MkDocs and starts the emulator"]
fn a_publisher_that_is_killed_leaves_a_site_and_the_next_run_finishes_it() {
    let (proxy, sandbox, bucket) = sandbox();
    site(&sandbox, "plain", "plain");
    // Each built once, so that the runs can be compared.
    fs::write(sandbox.path("plain/mkdocs.yml"), "site_name: Plain\n").expect("settings");
    fs::write(sandbox.path("plain/docs/old.md"), "# Old\n").expect("a page");
    billpay(&sandbox, &["docs", "build", "--dir", "plain", "--out", "first"]).exits(0);
    fs::remove_file(sandbox.path("plain/docs/old.md")).expect("the page");
    fs::write(sandbox.path("plain/docs/more.md"), "# More\n").expect("a page");
    billpay(&sandbox, &["docs", "build", "--dir", "plain", "--out", "second"]).exits(0);
    let run = |folder: &str| -> Run {
        let args: Vec<&str> = PUBLISH.iter().copied().chain(["--site", folder]).collect();
        let child = with_mkdocs(sandbox.billpay_command(&args))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("billpay can be run");
        proxy.victim(child.id());
        Run::new(&args, child.wait_with_output().expect("it ends"))
    };
    let (first, second) = (sandbox.path("first"), sandbox.path("second"));
    let (first, second) = (first.display().to_string(), second.display().to_string());
    run(&second).exits(0);
    let wanted = objects(&sandbox, &bucket);
    run(&first).exits(0);
    // The last change is the call that deletes what is stale.
    let changes = items(&publish(&sandbox, &["--site", &second, "--dry-run"])["uploaded"]).len() + 1;
    for (fault, places) in [
        (Fault::Kill, vec![1, changes / 2, changes - 1, changes]),
        (Fault::LoseAnswer, vec![1, changes]),
        (Fault::Throttle, vec![1, changes]),
        (Fault::ErrorBefore, vec![2]),
        (Fault::ErrorAfter, vec![2]),
    ] {
        for nth in places {
            proxy.break_nothing();
            run(&first).exits(0);
            proxy.break_change(nth, fault);
            let broken = run(&second);
            assert!(proxy.struck(), "{fault:?} {nth}: nothing was broken");
            proxy.break_nothing();
            if fault == Fault::Kill {
                assert_eq!(broken.code, -1, "{fault:?} {nth}: {broken:?}");
                let there = objects(&sandbox, &bucket);
                for page in ["index.html", "techdocs_metadata.json", "search/search_index.json"] {
                    assert!(there.contains_key(&format!("{PREFIX}{page}")), "{nth}: {page} is gone");
                }
                run(&second).exits(0);
            } else {
                broken.exits(0);
            }
            assert_eq!(objects(&sandbox, &bucket), wanted, "{fault:?} {nth}");
        }
    }
}

#[test]
#[ignore = "full tier: installs MkDocs and starts the emulator"]
fn what_can_not_be_published_is_told_with_the_way_out() {
    let (_proxy, sandbox, bucket) = sandbox();
    site(&sandbox, "plain", "plain");
    billpay(&sandbox, &["docs", "build", "--dir", "plain"]).exits(0);
    let run = |args: &[&str]| billpay(&sandbox, &[&["docs", "publish"], args].concat());
    let built = ["--site", "site", "--entity", "default/component/x"];
    let with = |more: &[&'static str]| [&built[..], more].concat();

    run(&with(&["--env", "staging"]))
        .exits(1)
        .says("there is no bucket")
        .says("billpay provision --env staging");
    run(&with(&["--bucket", "nobody-s", "--region", "us-east-1"]))
        .exits(1)
        .says("there is no bucket nobody-s");
    run(&built).exits(1).says("--env").says("--bucket");
    run(&["--site", "site", "--env", "dev"]).exits(1).says("--entity");
    run(&["--dir", "plain", "--env", "dev", "--entity", "default/component"])
        .exits(1)
        .says("namespace/kind/name");
    sandbox.edit("dev", serde_json::json!({"buckets": {"techdocs": null}}));
    run(&with(&["--env", "dev"])).exits(1).says("has no bucket `techdocs`");
    sandbox.edit("dev", serde_json::json!({"buckets": {"techdocs": {}}}));
    sandbox.edit("dev", serde_json::json!({"account": "999999999999"}));
    run(&with(&["--env", "dev"])).exits(1).says("999999999999").says("sign in to");
    sandbox.edit("dev", serde_json::json!({"account": sandbox.account}));

    fs::create_dir(sandbox.path("empty")).expect("a folder");
    run(&["--site", "empty", "--entity", "default/component/x", "--env", "dev"])
        .exits(1)
        .says("billpay docs build");
    symlink("/etc/passwd", sandbox.path("site/passwd")).expect("a link");
    run(&with(&["--env", "dev"])).exits(1).says("a symbolic link");
    assert_eq!(objects(&sandbox, &bucket), BTreeMap::new());
}

#[test]
#[ignore = "full tier: installs MkDocs"]
fn mkdocs_is_strict_and_says_which_page_is_missing() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let project = site(&sandbox, "plain", "plain");
    let settings = "site_name: x\nnav: [{Home: index.md}, {Gone: gone.md}]\n";
    fs::write(project.join("mkdocs.yml"), settings).expect("settings");
    let build = ["docs", "build", "--dir", "plain", "--out", "site"];
    billpay(&sandbox, &build).exits(1).says("gone.md").says("--no-strict");
    assert!(!sandbox.path("site").exists(), "a failed build left something");
    billpay(&sandbox, &[&build[..], &["--no-strict"]].concat()).exits(0).says("gone.md");
    let built = files(&sandbox.path("site"));
    assert!(built.contains_key("index.html") && built.contains_key("techdocs_metadata.json"));

    // Settings that TechDocs does not take are left out, and told.
    fs::write(project.join("mkdocs.yml"), "site_name: x\nhooks: [evil.py]\n").expect("settings");
    fs::write(project.join("evil.py"), "raise SystemExit('the hook ran')\n").expect("a hook");
    billpay(&sandbox, &build).exits(1).says("`hooks`");
    billpay(&sandbox, &[&build[..], &["--no-strict"]].concat()).exits(0).says("left out");
}

#[test]
#[ignore = "full tier: installs MkDocs"]
fn what_is_no_site_is_not_written_over_and_nothing_is_left_aside() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let project = site(&sandbox, "plain", "plain");
    fs::create_dir(sandbox.path("mine")).expect("a folder");
    fs::write(sandbox.path("mine/letter.txt"), "dear").expect("a file");
    for out in ["mine", "plain", "plain/docs", "."] {
        billpay(&sandbox, &["docs", "build", "--dir", "plain", "--out", out])
            .exits(1)
            .says("not written over");
    }
    assert_eq!(files(&sandbox.path("mine")).len(), 1);
    let before = files(&project);
    let aside = sandbox.path("aside");
    fs::create_dir(&aside).expect("a folder");
    for _ in 0..2 {
        let args = ["docs", "build", "--dir", "plain", "--out", "site", "--output", "json"];
        let mut command = with_mkdocs(sandbox.billpay_command(&args));
        let output =
            command.env("TMPDIR", &aside).env("DOCS_SECRET", "x").output().expect("billpay can be run");
        let told = Run::new(&args, output).exits(0).json();
        assert_eq!(
            (told["schema"].as_str(), told["strict"].as_bool()),
            (Some("billpay/docs-build/v1"), Some(true))
        );
    }
    assert_eq!(files(&project), before);
    assert_eq!(fs::read_dir(&aside).expect("the folder").count(), 0, "something was left aside");
}

#[test]
#[ignore = "full tier: installs MkDocs"]
fn credentials_do_not_get_into_a_site() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let project = site(&sandbox, "plain", "plain");
    let settings =
        "site_name: !ENV [AWS_SECRET_ACCESS_KEY, GITHUB_TOKEN, nothing]\nsite_description: !ENV DOCS_TEAM\n";
    fs::write(project.join("mkdocs.yml"), settings).expect("settings");
    let args = ["docs", "build", "--dir", "plain", "--out", "site"];
    let mut command = with_mkdocs(sandbox.billpay_command(&args));
    let output =
        command.env("GITHUB_TOKEN", "s3cret").env("DOCS_TEAM", "ours").output().expect("billpay can be run");
    Run::new(&args, output).exits(0);
    let metadata = fs::read_to_string(sandbox.path("site/techdocs_metadata.json")).expect("metadata");
    assert!(
        metadata.contains("\"site_name\":\"nothing\"") || metadata.contains("\"site_name\": \"nothing\""),
        "{metadata}"
    );
    assert!(metadata.contains("ours"), "{metadata}");
    let told = files(&sandbox.path("site"))
        .into_iter()
        .find(|(_, bytes)| bytes.windows(6).any(|part| part == b"s3cret"));
    assert!(told.is_none(), "{} tells the token", told.expect("a file").0);
}

#[test]
#[ignore = "full tier: installs MkDocs"]
fn whoever_has_no_mkdocs_gets_billpays_own_and_the_same_site() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    mkdocs();
    let told = without_mkdocs(&sandbox, "readme");
    assert_eq!(told.json()["mkdocs"], "billpay's own");
    assert!(!told.stderr.contains("installing"), "{}", told.stderr);
    billpay(&sandbox, &["docs", "build", "--dir", "readme", "--out", "again"]).exits(0);
    let sites = ["site", "again"].map(|name| files(&sandbox.path(name)).into_keys().collect::<Vec<_>>());
    assert_eq!(sites[0], sites[1]);
}
