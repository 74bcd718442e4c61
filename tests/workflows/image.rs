//! The image of a service on its way from the build to the registry, with the real skopeo and a real registry.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::action::{COMMIT, Runner};
use billpay_testkit::debian::debian;
use billpay_testkit::install::run;

/// A registry on a port of its own; gone with the test.
struct Registry {
    child: Child,
    host: String,
}

impl Registry {
    fn start(runner: &Runner) -> Registry {
        let program = debian("docker-registry");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let host = format!("127.0.0.1:{port}");
        let storage = json!({"filesystem": {"rootdirectory": runner.path("registry")}});
        let config =
            json!({"version": 0.1, "storage": storage, "http": {"addr": host}, "log": {"level": "error"}});
        let config = runner.file("registry.yml", config.to_string());
        let mut command = Command::new(program);
        command.args(["serve", &config]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Registry { child: command.spawn().expect("a registry"), host };
        let end = Instant::now() + Duration::from_secs(30);
        while registry.get("/v2/").is_none() {
            assert!(Instant::now() < end, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        registry
    }

    /// Returns the content of a path, of whatever type.
    fn get(&self, path: &str) -> Option<String> {
        let types = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
        let answer = ureq::get(format!("http://{}{path}", self.host)).header("Accept", types).call().ok()?;
        answer.into_body().read_to_string().ok()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An image as BuildKit writes it with an attestation: an index in an index. Returns the digest of the inner one.
fn build(runner: &Runner, content: &str) -> String {
    let layout = runner.path("layout");
    let _ = fs::remove_dir_all(&layout);
    fs::create_dir_all(layout.join("blobs/sha256")).expect("a layout");
    let root = runner.path("rootfs");
    fs::create_dir_all(&root).expect("a folder");
    fs::write(root.join("app"), content).expect("the application");
    let tar = run(Command::new("tar")
        .args(["--sort=name", "--mtime=@0", "-cf", "layer.tar", "app"])
        .current_dir(&root));
    assert!(tar.is_empty());
    let bytes = fs::read(root.join("layer.tar")).expect("a layer");
    let layer = blob(&layout, "application/vnd.oci.image.layer.v1.tar", &bytes);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config = json_blob(&layout, "application/vnd.oci.image.config.v1+json", &config);
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let of = |config: &Value, layers: Value| json!({"schemaVersion": 2, "mediaType": manifest, "config": config, "layers": layers});
    let mut image = json_blob(&layout, manifest, &of(&config, json!([layer])));
    image["platform"] = json!({"architecture": "amd64", "os": "linux"});
    let statement = json_blob(
        &layout,
        "application/vnd.in-toto+json",
        &json!({"predicateType": "https://slsa.dev/provenance/v1"}),
    );
    let unknown = json!({
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]},
    });
    let unknown = json_blob(&layout, "application/vnd.oci.image.config.v1+json", &unknown);
    let mut attestation = json_blob(&layout, manifest, &of(&unknown, json!([statement])));
    attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    attestation["annotations"] = json!({
        "vnd.docker.reference.digest": image["digest"], "vnd.docker.reference.type": "attestation-manifest",
    });
    let index = "application/vnd.oci.image.index.v1+json";
    let inner = json!({"schemaVersion": 2, "mediaType": index, "manifests": [image, attestation]});
    let inner = json_blob(&layout, index, &inner);
    let outer = json!({"schemaVersion": 2, "manifests": [inner]});
    fs::write(layout.join("index.json"), outer.to_string()).expect("the index");
    fs::write(layout.join("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string())
        .expect("the layout");
    let archive = runner.path("temp/image.tar");
    run(Command::new("tar")
        .arg("-cf")
        .arg(archive)
        .args(["blobs", "index.json", "oci-layout"])
        .current_dir(&layout));
    inner["digest"].as_str().expect("a digest").to_string()
}

fn json_blob(layout: &Path, media_type: &str, value: &Value) -> Value {
    blob(layout, media_type, value.to_string().as_bytes())
}

fn blob(layout: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(layout.join("blobs/sha256").join(&digest), bytes).expect("a blob");
    json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
}

#[test]
#[ignore = "full tier: installs skopeo and a registry"]
fn what_is_deployed_is_what_was_built_and_scanned() {
    debian("skopeo");
    let runner = Runner::new();
    let registry = Registry::start(&runner);
    runner
        .file("home/.config/containers/policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
    let insecure = format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", registry.host);
    runner.file("home/.config/containers/registries.conf", insecure);
    let built = build(&runner, "the application");

    // What the scanner gets is the image, and not what is attested of it.
    let ran = runner.script(
        "service.yml",
        "image",
        "Take the image out of its archive, for the scanner",
        &[("SERVICE", "ledger")],
    );
    ran.succeeds();
    let list = run(Command::new("tar").arg("-xOf").arg(runner.path("temp/scan.tar")).arg("manifest.json"));
    let scanned: Value = serde_json::from_str(&list).expect("a list of images");
    let layers = scanned[0]["Layers"].as_array().expect("layers");
    let layer = run(Command::new("tar")
        .arg("-xOf")
        .arg(runner.path("temp/scan.tar"))
        .arg(layers[0].as_str().expect("a layer")));
    assert!(layers.len() == 1 && layer.contains("the application"));

    let image = format!("{}/billpay-ledger-dev", registry.host);
    let archive = runner.path("temp/image.tar").display().to_string();
    let push = |runner: &Runner| {
        let inputs = [("archive", archive.as_str()), ("image", image.as_str()), ("tag", COMMIT)];
        runner.run("push-image", &inputs).succeeds().output("image").to_string()
    };
    assert_eq!(push(&runner), format!("{image}@{built}"));
    let index = registry.get(&format!("/v2/billpay-ledger-dev/manifests/{built}")).expect("the index");
    assert!(index.contains("attestation-manifest"), "{index}");

    // A run that is repeated builds other bytes, and deploys those of the first one.
    assert_ne!(build(&runner, "the application, again"), built);
    assert_eq!(push(&runner), format!("{image}@{built}"));
}
