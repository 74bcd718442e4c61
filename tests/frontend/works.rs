//! A shell and two remotes, from the answers to the browser.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::edge::Distribution;
use crate::generated::{HOSTILE, remote, shell};
use crate::http::{Answer, Origin, Server};
use crate::project::Project;
use billpay_testkit::Sandbox;
use billpay_testkit::install::run;
use billpay_testkit::values::{items, text};

/// Says how long something took; nothing depends on it.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = work();
    println!("{what}: {:.1} s", begun.elapsed().as_secs_f32());
    result
}

#[test]
#[ignore = "full tier: installs Angular, builds three frontends and looks at them in Chromium"]
fn a_shell_shows_its_remotes_as_cloudfront_serves_them() {
    let below = TempDir::new().expect("a folder");
    let [app, payment, statements, gateway] = [(); 4].map(|()| Origin::new());
    let urls = [&app, &payment, &statements].map(|origin| origin.url.clone());
    let [app_url, payment_url, statements_url] = urls.each_ref().map(String::as_str);
    let api = format!("{}/api", gateway.url);
    let projects = [
        shell(&[payment_url, statements_url], &api),
        remote("payment", "Payments", "What customers owe, and what they have paid.", app_url, &api),
        remote("statements", HOSTILE, HOSTILE, app_url, &api),
    ]
    .map(|answers| Project::new(&answers, below.path()));

    timed("install", || projects.iter().for_each(Project::install));
    same_policy(&projects[1]);
    for project in &projects {
        timed(&format!("{}: build", project.name), || project.script("build"));
        assert_eq!(project.json(&format!("dist/{}/build.json", project.name))["version"], "0.1.0");
    }
    for project in &projects[..2] {
        timed(&format!("{}: lint", project.name), || project.script("lint"));
        let said = timed(&format!("{}: unit tests", project.name), || project.script("test"));
        assert!(said.contains("SUCCESS"), "{said}");
        let said = timed(&format!("{}: browser test", project.name), || project.script("e2e"));
        assert!(said.contains("# pass 2"), "{said}");
    }

    let sandbox = Sandbox::new();
    let entries = sandbox.specs().join("frontends");
    std::fs::create_dir(&entries).expect("a folder for the entries");
    for project in &projects {
        std::fs::copy(project.entry(), entries.join(format!("{}.yaml", project.name))).expect("an entry");
    }
    timed("provision", || sandbox.provision("dev"));
    let origins = [app, payment, statements];
    let _edges = origins.into_iter().zip(&projects).map(|(origin, project)| edge(&sandbox, project, origin));
    let _edges: Vec<Server> = _edges.collect();
    let metrics = Arc::new(Mutex::new(vec![]));
    let _gateway = collect(gateway, metrics.clone());

    let modules = projects[0].folder.join("node_modules");
    let mut browser = Browser::start(&modules);
    timed("pages", || {
        pages(&mut browser, app_url, below.path());
        alone(&mut browser, payment_url);
        browser.does("open", "about:blank");
        sent(&metrics);
        out_of_order(&mut browser, &sandbox, &projects, app_url);
    });
}

/// The development server answers with what CloudFront will, and may call the gateway of this machine and show
/// errors on top of a page, too.
fn same_policy(remote: &Project) {
    let entry: Value = serde_yaml::from_str(&remote.text("platform/environments/frontends/payment.yaml"))
        .expect("an entry that is YAML");
    let deployed = text(&entry["content_security_policy"]);
    let program =
        "process.stdout.write(require('./webpack.config.js').devServer.headers['Content-Security-Policy'])";
    let served = run(Command::new("node").args(["-e", program]).current_dir(&remote.folder));
    let local = deployed.replace("; font-src", " http://localhost:8080; font-src");
    assert_eq!(served, format!("{local} webpack-dev-server#overlay"));
}

/// Uploads a bundle as `billpay deploy` will, and serves it.
fn edge(sandbox: &Sandbox, project: &Project, origin: Origin) -> Server {
    let distribution = Distribution::of(sandbox, &project.name);
    let target = format!("s3://{}/", distribution.bucket());
    let bundle = project.bundle().display().to_string();
    // Names with a hash never mean anything else; everything else is asked for each time.
    let hashed =
        ["--exclude", "*", "--include", "*.????????????????.js", "--include", "*.????????????????.css"];
    let others = ["--exclude", "*.????????????????.js", "--exclude", "*.????????????????.css"];
    let copy = |filter: &[&str], cache: &str| {
        let start = ["s3", "cp", "--recursive", "--quiet", "--cache-control", cache, &bundle, &target];
        sandbox.aws(&[&start, filter].concat());
    };
    copy(&hashed, "public, max-age=31536000, immutable");
    copy(&others, "no-cache");
    let config = project.folder.join("deploy/config/dev.json");
    put(sandbox, &config, &format!("{target}config.json"));
    origin.serve(move |request| distribution.answer(request))
}

fn put(sandbox: &Sandbox, file: &Path, target: &str) {
    let file = file.display().to_string();
    sandbox.aws(&["s3", "cp", "--quiet", "--cache-control", "no-cache", &file, target]);
}

/// The gateway, as far as page metrics go.
fn collect(origin: Origin, into: Arc<Mutex<Vec<Value>>>) -> Server {
    origin.serve(move |request| {
        if request.path == "/api/page-metrics" {
            let body = serde_json::from_str(&request.body);
            into.lock().expect("metrics").push(body.unwrap_or_else(|_| json!({ "not JSON": request.body })));
        }
        Answer { status: 204, ..Answer::default() }
    })
}

/// The shell with both of its remotes.
fn pages(browser: &mut Browser, shell: &str, below: &Path) {
    let calm = |seen: Value| {
        assert_eq!(seen["complaints"], json!([]), "{seen:#}");
        seen
    };
    calm(browser.does("open", shell));
    let seen = calm(browser.does("heading", "Customer portal"));
    assert_eq!(seen["links"], json!(["Home", "Payments", "Statements"]));
    assert_eq!(seen["title"], "Home – Customer portal – BillPay");
    calm(browser.does("accessible", ""));
    // The first thing that the keyboard comes to leads past the navigation.
    calm(browser.does("key", "Tab"));
    let seen = calm(browser.does("key", "Enter"));
    assert_eq!((&seen["focus"], &seen["path"]), (&json!("Customer portal"), &json!("/")));

    calm(browser.does("follow", "Payments"));
    let seen = calm(browser.does("heading", "Payments"));
    assert_eq!((&seen["focus"], &seen["path"]), (&json!("Payments"), &json!("/payments")));
    assert_eq!(seen["title"], "Payments – Customer portal – BillPay");
    calm(browser.does("text", "What customers owe, and what they have paid."));
    calm(browser.does("accessible", ""));
    let shot = std::env::var("BILLPAY_TEST_SCREENSHOT");
    calm(browser.does("screenshot", &shot.unwrap_or_else(|_| below.join("shell.png").display().to_string())));

    // An address inside a remote, by a link and as it is.
    calm(browser.does("follow", "Help"));
    calm(browser.does("heading", "Help"));
    calm(browser.does("reload", ""));
    let seen = calm(browser.does("heading", "Help"));
    assert_eq!(seen["path"], "/payments/help");

    calm(browser.does("follow", "Statements"));
    let seen = calm(browser.does("heading", HOSTILE));
    assert_eq!(seen["path"], "/statements");
    calm(browser.does("open", &format!("{shell}/nowhere")));
    calm(browser.does("heading", "Page not found"));
}

/// A remote at its own address.
fn alone(browser: &mut Browser, remote: &str) {
    browser.does("open", &format!("{remote}/help"));
    let seen = browser.does("heading", "Help");
    assert_eq!(seen["complaints"], json!([]), "{seen:#}");
    assert_eq!(seen["links"], json!(["Overview", "Help"]));
}

/// Checks the metrics that the gateway received.
fn sent(metrics: &Mutex<Vec<Value>>) {
    // A page that is left sends them when it is gone already.
    let there = || metrics.lock().expect("metrics").iter().any(|body| body["frontend"] == "payment");
    (0..100).take_while(|_| !there()).for_each(|_| std::thread::sleep(Duration::from_millis(100)));
    let metrics = metrics.lock().expect("metrics");
    let events = |frontend: &str| -> Vec<Value> {
        let of = metrics.iter().filter(|body| body["frontend"] == frontend);
        of.flat_map(|body| items(&body["events"]).to_vec()).collect()
    };
    let paths: Vec<String> = events("app").iter().map(|event| text(&event["path"]).to_string()).collect();
    let expected = ["/", "/payments", "/payments/help", "/payments/help", "/statements", "/**"];
    assert_eq!(paths, expected, "{metrics:#?}");
    assert!(events("app").iter().all(|event| event["type"] == "view" && event["loadMs"].is_u64()));
    assert_eq!(events("payment").len(), 1, "{metrics:#?}");
}

/// A remote that is gone and comes back, and the same bundle in another environment.
fn out_of_order(browser: &mut Browser, sandbox: &Sandbox, projects: &[Project; 3], shell: &str) {
    let entry = format!("s3://{}/remoteEntry.js", Distribution::of(sandbox, "payment").bucket());
    sandbox.aws(&["s3", "rm", "--quiet", &entry]);
    browser.does("open", &format!("{shell}/payments/help"));
    browser.does("heading", "Payments is not available");
    browser.does("accessible", "");
    browser.does("follow", "Statements");
    browser.does("heading", HOSTILE);
    browser.does("follow", "Payments");
    browser.does("heading", "Payments is not available");
    put(sandbox, &projects[1].bundle().join("remoteEntry.js"), &entry);
    browser.does("press", "Try again");
    browser.does("heading", "Payments");

    let bucket = Distribution::of(sandbox, "app").bucket().to_string();
    let config = projects[0].folder.join("deploy/config/staging.json");
    put(sandbox, &config, &format!("s3://{bucket}/config.json"));
    browser.does("open", shell);
    browser.does("text", "staging");
    let seen = browser.does("heading", "Customer portal");
    assert_eq!(seen["links"], json!(["Home"]));

    let wrong = projects[0].folder.join("wrong.json");
    std::fs::write(&wrong, r#"{"environment": "dev"}"#).expect("a file");
    put(sandbox, &wrong, &format!("s3://{bucket}/config.json"));
    browser.does("open", shell);
    browser.does("heading", "This page can’t be shown");
}
