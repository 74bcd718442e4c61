//! The local AWS, and web pages that try it: from Chromium, with and without the user's key.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Answer, Origin};
use billpay_testkit::debian::debian;
use billpay_testkit::values::text;
use billpay_testkit::{Sandbox, access_key};

/// A page that tries everything a page can, and writes down what it was told.
const PAGE: &str = r#"<!doctype html><title>trying</title>
<iframe name="into"></iframe><pre id="told"></pre>
<script>
const [aws, key, bucket] = VALUES;
const told = {};
const scope = (key, service) => `${key}/20260101/us-east-1/${service}/aws4_request`;
const tell = (what, promise) => promise.then(
  async (answer) => (told[what] = `${answer.type} ${answer.status} ${await answer.text()}`),
  (error) => (told[what] = `refused: ${error.name}`),
);
const user = (name) => new URLSearchParams({ Action: 'CreateUser', Version: '2010-05-08', UserName: name });
const signed = (service) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${scope(key, service)}, SignedHeaders=host, Signature=0`,
});
const url = (service) => `${aws}/?X-Amz-Credential=${encodeURIComponent(scope(key, service))}`;
const form = (name, action) => {
  const form = Object.assign(document.createElement('form'), { method: 'post', action, target: 'into' });
  for (const [field, value] of user(name)) {
    form.append(Object.assign(document.createElement('input'), { name: field, value }));
  }
  document.body.append(form);
  form.submit();
};
const image = (what, src) => new Promise((done) => {
  const image = new Image();
  image.onload = () => done((told[what] = 'seen'));
  image.onerror = () => done((told[what] = 'refused: image'));
  image.src = src;
});
const socket = (what, address) => new Promise((done) => {
  const socket = new WebSocket(address);
  socket.onopen = () => done((told[what] = 'open'));
  socket.onerror = () => done((told[what] = 'refused: socket'));
});
(async () => {
  await tell('reads', fetch(`${aws}/${bucket}/logo.svg`));
  await tell('asks', fetch(`${aws}/_ministack/health`));
  await tell('simple post', fetch(aws, { method: 'POST', body: user('simple') }));
  await tell('simple post, unread', fetch(aws, { method: 'POST', body: user('unread'), mode: 'no-cors' }));
  await tell('with the key', fetch(url('iam'), { method: 'POST', body: user('known') }));
  await tell('with the key, unread', fetch(url('iam'), { method: 'POST', body: user('blind'), mode: 'no-cors' }));
  await tell('signed', fetch(aws, { method: 'POST', body: user('signed'), headers: signed('iam') }));
  await tell('reads, signed', fetch(`${aws}/${bucket}/logo.svg`, { headers: signed('s3') }));
  await image('image', `${aws}/${bucket}/logo.svg`);
  await socket('socket', aws.replace('http', 'ws'));
  form('form', aws);
  await new Promise((done) => setTimeout(done, 300));
  form('form-known', url('iam'));
  await new Promise((done) => setTimeout(done, 300));
  await fetch('/told', { method: 'POST', body: JSON.stringify(told) });
})();
</script>"#;

#[test]
#[ignore = "full tier: starts the emulator, and installs Chromium"]
fn a_web_page_gets_nothing_of_the_local_aws_and_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.aws(&["s3api", "create-bucket", "--bucket", "shown-to-nobody"]);
    let logo = sandbox.path("logo.svg");
    std::fs::write(&logo, r#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>"#)
        .expect("a file");
    let (logo, kind) = (logo.display().to_string(), "image/svg+xml");
    let put =
        ["s3api", "put-object", "--bucket", "shown-to-nobody", "--key", "logo.svg", "--content-type", kind];
    sandbox.aws(&[&put[..], &["--body", &logo]].concat());

    let values = json!([sandbox.url, access_key(&sandbox.account), "shown-to-nobody"]);
    let page = PAGE.replace("VALUES", &values.to_string());
    let (tell, told) = std::sync::mpsc::channel();
    let origin = Origin::new();
    let url = origin.url.clone();
    let _server = origin.serve(move |request| {
        if request.path == "/told" {
            let _ = tell.send(request.body.clone());
        }
        let kind = ("content-type", "text/html".to_string());
        Answer { status: 200, headers: vec![kind], body: page.clone().into_bytes() }
    });
    let profile = TempDir::new().expect("a folder for the profile");
    let mut browser = Command::new(debian("chromium"));
    browser.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--remote-debugging-port=0",
    ]);
    browser.arg(format!("--user-data-dir={}", profile.path().display())).arg(&url);
    let mut browser = browser.stderr(std::process::Stdio::null()).spawn().expect("Chromium runs");
    let told = told.recv_timeout(Duration::from_secs(60));
    let begun = Instant::now();
    let _ = browser.kill();
    let _ = browser.wait();
    let told: Value = serde_json::from_str(&told.expect("the page tells")).expect("what it was told");
    println!("{told:#} ({:?} to end Chromium)", begun.elapsed());

    let told = told.as_object().expect("what it was told");
    assert_eq!(told.len(), 10, "{told:#?}");
    for (what, answer) in told {
        // Of a request that it can't read, a page learns that there was an answer.
        let nothing = if what.ends_with("unread") { "opaque 0 " } else { "refused: " };
        assert!(text(answer).starts_with(nothing), "{what}: {answer}");
    }
    assert_eq!(sandbox.aws(&["iam", "list-users"])["Users"], json!([]), "a page made a user");
}
