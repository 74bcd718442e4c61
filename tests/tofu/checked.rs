//! The modules through the programs of others: OpenTofu, Terraform, Checkov.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::{files, modules, names, none};
use billpay_testkit::programs::{Tofu, opentofu, terraform};
use billpay_testkit::{install, values::items, values::text};

/// A copy of all modules, in which programs may leave what they like.
fn copy() -> TempDir {
    let copy = TempDir::new().expect("a temporary folder");
    for path in files(&modules()) {
        let target = copy.path().join(path.strip_prefix(modules()).expect("a file of a module"));
        std::fs::create_dir_all(target.parent().expect("its folder")).expect("a folder");
        std::fs::copy(&path, &target).expect("a file that can be copied");
    }
    copy
}

/// Runs a check of each module, two at a time: each loads a provider of some hundred
/// megabytes. Returns what went wrong.
fn each_module(check: impl Fn(&str) -> Result<(), String> + Sync) -> Vec<String> {
    let (names, wrong) = (Mutex::new(names().into_iter()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let next = names.lock().expect("no check panicked").next();
            let Some(name) = next else { return };
            let begun = Instant::now();
            if let Err(why) = check(&name) {
                wrong.lock().expect("no check panicked").push(format!("{name}: {why}"));
            }
            println!("{name}: {:.1} s", begun.elapsed().as_secs_f64());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    wrong.into_inner().expect("no check panicked")
}

fn valid_and_tested(tofu: &Tofu) {
    // OpenTofu and Terraform after one another: two modules at a time, and not four.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let copy = copy();
    none(&each_module(|module| {
        let folder = copy.path().join(module);
        tofu.init(&folder)?;
        let said = tofu.say(&folder, &["validate", "-no-color"])?;
        if said.contains("Warning:") {
            return Err(said);
        }
        let said = tofu.say(&folder, &["test", "-no-color"])?;
        let result = said.lines().rfind(|line| line.contains(" passed, ")).unwrap_or_default();
        println!("{module}: {}: {result}", tofu.name);
        // Without a file of tests there is nothing that could fail.
        if result.contains("0 passed") || result.is_empty() { Err(said) } else { Ok(()) }
    }));
}

#[test]
#[ignore = "needs OpenTofu: cargo test -- --include-ignored"]
fn the_modules_are_formatted() {
    // The rendered units, which are templates here, are formatted after rendering.
    let said = opentofu().say(&modules(), &["fmt", "-check", "-diff", "-recursive", "-no-color"]);
    none(&said.err().into_iter().collect::<Vec<_>>());
}

#[test]
#[ignore = "needs OpenTofu: cargo test -- --include-ignored"]
fn the_modules_are_valid_and_their_tests_pass_in_opentofu() {
    valid_and_tested(opentofu());
}

#[test]
#[ignore = "needs Terraform 1.11: cargo test -- --include-ignored"]
fn the_modules_are_valid_and_their_tests_pass_in_terraform() {
    match terraform() {
        Ok(terraform) => valid_and_tested(terraform),
        Err(why) => billpay_testkit::skip_even_in_ci(why),
    }
}

#[test]
#[ignore = "needs Checkov: cargo test -- --include-ignored"]
fn the_modules_follow_the_policies_of_others_or_say_why_not() {
    // Alone, as a unit has it, and together: some policies ask whether another resource exists.
    let mut wrong = each_module(|module| judged(&modules().join(module)));
    wrong.extend(judged(&modules()).err());
    none(&wrong);
}

/// Returns Checkov's findings in a folder.
fn judged(folder: &Path) -> Result<(), String> {
    let report = checkov(folder);
    let (results, summary) = (&report["results"], &report["summary"]);
    let of = |check: &Value| {
        let text = |key: &str| text(&check[key]).to_string();
        format!("{}: {} {}", text("file_path"), text("resource"), text("check_id"))
    };
    let failed = items(&results["failed_checks"]).iter();
    let failed = failed.map(|check| format!("{}: {}", of(check), text(&check["check_name"])));
    let skipped = items(&results["skipped_checks"]).iter().filter_map(|check| {
        let reason = text(&check["check_result"]["suppress_comment"]);
        let too_short = reason.split_whitespace().count() <= 3;
        too_short.then(|| format!("{}: skipped without saying why: {reason:?}", of(check)))
    });
    let unreadable = items(&results["parsing_errors"]).iter().map(|file| format!("{file}: not readable"));
    let mut wrong: Vec<String> = failed.chain(skipped).chain(unreadable).collect();
    if summary["resource_count"].as_u64().is_none_or(|count| count == 0) {
        wrong.push(format!("nothing to look at: {report:#}"));
    }
    println!("{}: {} passed, {} skipped", folder.display(), summary["passed"], summary["skipped"]);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn checkov(folder: &Path) -> Value {
    let mut checkov = Command::new(install::checkov());
    checkov.arg("-d").arg(folder).args(["--framework", "terraform", "--skip-download", "--compact"]);
    // Failed checks are told apart from a failure of the program by its output.
    checkov.args(["--soft-fail", "--output", "json"]).stdin(Stdio::null()).env("LOG_LEVEL", "ERROR");
    let output = checkov.output().expect("Checkov can be run");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        panic!("Checkov: {error}:\n{}{}", text(&output.stdout), text(&output.stderr))
    })
}
