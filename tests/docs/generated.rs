//! The documentation that projects from our templates begin with.

use crate::project::billpay;
use billpay_testkit::Sandbox;

/// A title that wants out of its quotes.
const TITLE: &str = r#"title=Invoices: "all" of {{ them }} & more # 'here'"#;

#[test]
#[ignore = "full tier: installs MkDocs"]
fn what_templates_bring_builds_without_a_warning() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let description = "description=Says \"yes\": to <all> & #nothing, 'no' {{ more }}";
    let projects: [(&str, &[&str]); 4] = [
        ("billpay-service", &["needs=[backend-api]", "secrets=[billpay/api/keys]", "pageMetrics=true"]),
        ("billpay-service", &["build=maven"]),
        ("billpay-frontend", &["role=shell", TITLE]),
        ("billpay-frontend", &["role=remote", TITLE]),
    ];
    for (at, (template, answers)) in projects.into_iter().enumerate() {
        let out = sandbox.path(&format!("project-{at}")).display().to_string();
        let mut args =
            vec!["scaffold", template, "--out", &out, "--set", "name=invoices", "--set", description];
        args.extend(answers.iter().flat_map(|answer| ["--set", answer]));
        sandbox.billpay(&args).exits(0);
        let site = sandbox.path(&format!("site-{at}"));
        let to = site.display().to_string();
        billpay(&sandbox, &["docs", "build", "--dir", &out, "--out", &to]).exits(0);
        let page = std::fs::read_to_string(site.join("index.html")).expect("a first page");
        assert!(page.contains("&lt;all&gt; &amp; #nothing"), "{template} {answers:?} lost its description");
    }
}
