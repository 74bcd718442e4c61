//! The same sites, and the same objects, as techdocs-cli makes; and the portal's own publisher
//! reads ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::project::{billpay, files, site, with_mkdocs};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Sandbox, access_key, npm};

const SITES: [(&str, &[&str]); 3] = [
    ("plain", &[]),
    ("nested", &[]),
    ("readme", &["--legacyCopyReadmeMdToIndexMd", "--site-name", "Documentation Site"]),
];

/// Runs techdocs-cli, which has to succeed.
fn techdocs(sandbox: &Sandbox, args: &[&str]) {
    let program = npm::techdocs().join("node_modules/.bin/techdocs-cli");
    let mut command = with_mkdocs(sandbox.command(program));
    command.args(args).env("AWS_REGION", "us-east-1");
    let output = command.output().expect("techdocs-cli can be run");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "techdocs-cli {}: {said}", args.join(" "));
}

/// The objects of a bucket: their keys and what they hold.
fn objects(sandbox: &Sandbox, bucket: &str) -> BTreeMap<String, String> {
    let list = sandbox.aws(&["s3api", "list-objects-v2", "--bucket", bucket]);
    items(&list["Contents"])
        .iter()
        .map(|object| (text(&object["Key"]).to_string(), text(&object["ETag"]).to_string()))
        .collect()
}

#[test]
#[ignore = "full tier: installs techdocs-cli and MkDocs, and starts the emulator"]
fn sites_and_objects_are_the_same_as_those_of_techdocs_cli() {
    let sandbox = Sandbox::new();
    for (name, flags) in SITES {
        let (ours, theirs) =
            (site(&sandbox, name, &format!("ours/{name}")), site(&sandbox, name, &format!("theirs/{name}")));
        let before = files(&ours);
        let (out, theirs_out) =
            (sandbox.path(&format!("{name}.ours")), sandbox.path(&format!("{name}.theirs")));
        let paths = [&ours, &out, &theirs, &theirs_out].map(|path| path.display().to_string());
        let [ours_path, out_path, theirs_path, theirs_out_path] = paths.each_ref().map(String::as_str);
        billpay(&sandbox, &["docs", "build", "--dir", ours_path, "--out", out_path, "--etag", "abc"])
            .exits(0);
        assert_eq!(files(&ours), before, "{name}: the project was changed");
        let generate = [
            "generate",
            "--no-docker",
            "--etag",
            "abc",
            "--source-dir",
            theirs_path,
            "--output-dir",
            theirs_out_path,
        ];
        techdocs(&sandbox, &[&generate[..], flags].concat());
        same_site(name, &out, &theirs_out);

        // The same folder by both, so that only the publishing differs.
        let buckets = [format!("{name}-ours"), format!("{name}-theirs")];
        for bucket in &buckets {
            sandbox.aws(&["s3api", "create-bucket", "--bucket", bucket]);
        }
        let entity = "Default/Component/Some-Service";
        let publish = [
            "docs",
            "publish",
            "--site",
            out_path,
            "--bucket",
            &buckets[0],
            "--region",
            "us-east-1",
            "--entity",
            entity,
        ];
        billpay(&sandbox, &publish).exits(0);
        let publish = [
            "publish",
            "--publisher-type",
            "awsS3",
            "--storage-name",
            &buckets[1],
            "--entity",
            entity,
            "--directory",
            out_path,
            "--awsEndpoint",
            &sandbox.url,
            "--awsS3ForcePathStyle",
        ];
        techdocs(&sandbox, &publish);
        let [ours, theirs] = buckets.each_ref().map(|bucket| objects(&sandbox, bucket));
        assert!(
            ours.len() > 40 && ours.contains_key("default/component/some-service/index.html"),
            "{ours:?}"
        );
        assert_eq!(ours, theirs, "{name}: the objects differ");
        // What techdocs-cli wrote is recognised: nothing is written again.
        let again = [
            "docs",
            "publish",
            "--site",
            out_path,
            "--bucket",
            &buckets[1],
            "--region",
            "us-east-1",
            "--entity",
            entity,
        ];
        let args: Vec<&str> = again.iter().copied().chain(["--output", "json"]).collect();
        let said = billpay(&sandbox, &args).exits(0).json();
        assert_eq!(
            (items(&said["uploaded"]).len(), said["unchanged"].as_u64()),
            (0, Some(ours.len() as u64))
        );
    }
}

/// Every file is the same, but for the time in the metadata.
fn same_site(name: &str, ours: &Path, theirs: &Path) {
    let (mut ours, mut theirs) = (files(ours), files(theirs));
    let metadata = [&mut ours, &mut theirs].map(|files| {
        let text = files.remove("techdocs_metadata.json").expect("metadata");
        assert!(text.ends_with(b"\n"));
        let metadata: Value = serde_json::from_slice(&text).expect("metadata that is JSON");
        let keys: Vec<String> = metadata.as_object().expect("an object").keys().cloned().collect();
        let listed: BTreeSet<String> = items(&metadata["files"]).iter().map(text_of).collect();
        assert!(metadata["build_timestamp"].as_i64().is_some_and(|time| time > 1_700_000_000_000));
        (
            keys,
            metadata["site_name"].clone(),
            metadata["site_description"].clone(),
            metadata["etag"].clone(),
            listed,
        )
    });
    assert_eq!(metadata[0], metadata[1], "{name}: the metadata differ");
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs), "{name}: other files");
    for (path, bytes) in &ours {
        assert!(theirs[path] == *bytes, "{name}: {path} differs");
    }
}

fn text_of(value: &Value) -> String {
    text(value).to_string()
}

#[test]
#[ignore = "full tier: installs techdocs-cli and MkDocs, and starts the emulator"]
fn the_portal_reads_what_is_published() {
    let sandbox = Sandbox::new();
    sandbox.aws(&["s3api", "create-bucket", "--bucket", "docs"]);
    let project = site(&sandbox, "nested", "nested").display().to_string();
    let entity = "default/Component/Nested";
    let publish = [
        "docs",
        "publish",
        "--dir",
        &project,
        "--bucket",
        "docs",
        "--region",
        "us-east-1",
        "--entity",
        entity,
    ];
    billpay(&sandbox, &publish).exits(0).says("0 deleted");
    let asked = json!({
        "url": sandbox.url, "key": access_key(&sandbox.account), "bucket": "docs",
        "entities": [{"namespace": "default", "kind": "Component", "name": "Nested"}, {"namespace": "default", "kind": "Component", "name": "Other"}],
        "paths": [
            "/default/Component/Nested/index.html", "/default/component/nested/guides/deploying/index.html",
            "/default/component/nested/images/way.svg", "/default/component/nested/nothing.html", "/default/component/nested/../../x/y/z",
        ],
    });
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/portal.cjs");
    let output = Command::new("node")
        .arg(program)
        .arg(npm::techdocs())
        .arg(asked.to_string())
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {said}\n{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(told["ready"], true);
    assert_eq!(told["built"], json!([true, false]));
    assert_eq!(told["metadata"]["site_name"], "Nested");
    assert!(items(&told["metadata"]["files"]).iter().any(|file| file == "guides/deploying/index.html"));
    let pages = items(&told["pages"]);
    let statuses: Vec<u64> = pages.iter().filter_map(|page| page["status"].as_u64()).collect();
    assert_eq!(statuses, [200, 200, 200, 404, 404], "{told:#}");
    assert!(text(&pages[0]["body"]).contains("This sentence comes from the README."), "{told:#}");
    assert!(text(&pages[1]["body"]).contains("From dev to prod."), "{told:#}");
    assert!(text(&pages[2]["body"]).starts_with("<svg"), "{told:#}");
}

#[test]
#[ignore = "full tier: installs techdocs-cli and MkDocs"]
fn content_types_are_those_of_the_list_that_techdocs_uses() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let project = site(&sandbox, "nested", "nested").display().to_string();
    billpay(&sandbox, &["docs", "build", "--dir", &project, "--out", "site"]).exits(0);
    let built = files(&sandbox.path("site"));
    let ends: BTreeSet<&str> = built.keys().filter_map(|path| Some(path.rsplit_once('.')?.1)).collect();
    let more = [
        "avif",
        "csv",
        "gif",
        "ico",
        "jpeg",
        "jpg",
        "json",
        "md",
        "mjs",
        "mp4",
        "otf",
        "pdf",
        "ttf",
        "txt",
        "wasm",
        "webm",
        "webmanifest",
        "webp",
        "woff",
        "woff2",
        "yaml",
        "yml",
        "zip",
    ];
    let ends: Vec<&str> = ends.into_iter().chain(more).collect();
    let script = "const mime = require('mime-types'); console.log(JSON.stringify(JSON.parse(process.argv[1]).map(e => mime.contentType('.' + e) || null)))";
    let mut node = Command::new("node");
    node.current_dir(npm::techdocs()).args(["-e", script, &json!(ends).to_string()]);
    let theirs: Vec<Option<String>> =
        serde_json::from_slice(&node.output().expect("node runs").stdout).expect("a list");
    for (end, theirs) in ends.iter().zip(theirs) {
        let ours = billpay_docs::content_types::content_type(&format!("a/b.{end}"));
        // Their list is older than RFC 9239, which says what JavaScript is.
        let theirs = theirs.map(|theirs| theirs.replace("application/javascript", "text/javascript"));
        assert_eq!(ours, theirs.as_deref(), ".{end}");
    }
}
