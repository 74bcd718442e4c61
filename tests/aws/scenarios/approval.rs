//! Nothing happens by accident, and whoever runs billpay from a script can tell what happened.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::inventory::{inventory, same};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Run, Sandbox, access_key};

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn the_wrong_account_is_refused_before_anything_is_changed() {
    let sandbox = Sandbox::new();
    let other = Sandbox::new();
    let before = inventory(&other);
    for command in ["plan", "provision", "status", "destroy"] {
        let args = [command, "--env", "dev"];
        let mut command = sandbox.billpay_command(&args);
        let output = command
            .env("AWS_ACCESS_KEY_ID", access_key(&other.account))
            .output()
            .expect("billpay can be run");
        let run = Run::new(&args, output).exits(1).says("the credentials are for account ");
        run.says(&other.account).says(&sandbox.account).says("sign in to ");
    }
    same(&before, &inventory(&other));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn without_a_terminal_nobody_is_asked_and_nothing_is_changed() {
    let sandbox = Sandbox::new();
    let run = sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr"]).exits(1);
    run.says("there is no terminal to ask on").says("--auto-approve");
    assert_eq!(sandbox.aws(&["ecr", "describe-repositories"])["repositories"], json!([]));

    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "-y"]).exits(0);
    let run = sandbox.billpay(&["destroy", "--env", "dev"]).exits(1);
    run.says("there is no terminal to ask on").says("--auto-approve");
    assert_eq!(items(&sandbox.aws(&["ecr", "describe-repositories"])["repositories"]).len(), 4);
}

/// Runs `billpay` on a terminal of its own and types an answer.
fn on_a_terminal(sandbox: &Sandbox, args: &[&str], answer: &str) -> (i32, String) {
    const PTY: &str = "import os, pty, sys\n\
        status = pty.spawn(sys.argv[1:], stdin_read=lambda fd: os.read(fd, 1024))\n\
        sys.exit(os.waitstatus_to_exitcode(status))";
    let billpay = sandbox.billpay_command(args);
    let mut command = Command::new("python3");
    command.args(["-c", PTY]).arg(billpay.get_program()).args(billpay.get_args());
    for (name, value) in billpay.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = billpay.get_current_dir() {
        command.current_dir(folder);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("python3");
    let mut keyboard = child.stdin.take().expect("its keyboard");
    keyboard.write_all(answer.as_bytes()).expect("an answer that is typed");
    let output = child.wait_with_output().expect("its end");
    drop(keyboard);
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), screen)
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn on_a_terminal_a_person_is_asked() {
    let sandbox = Sandbox::new();
    let provision = ["provision", "--env", "dev", "--only", "ecr"];
    let (code, screen) = on_a_terminal(&sandbox, &provision, "n\n");
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("4 to create") && screen.contains("Apply to dev? [y/N]"), "{screen}");
    assert_eq!(sandbox.aws(&["ecr", "describe-repositories"])["repositories"], json!([]));

    let (code, screen) = on_a_terminal(&sandbox, &provision, "y\n");
    assert_eq!(code, 0, "{screen}");
    assert_eq!(items(&sandbox.aws(&["ecr", "describe-repositories"])["repositories"]).len(), 4);

    // A protected environment is destroyed only for whoever types its name.
    sandbox.edit("dev", json!({"protected": true}));
    let (code, screen) = on_a_terminal(&sandbox, &["destroy", "--env", "dev"], "yes\n");
    assert_eq!(code, 4, "{screen}");
    assert!(screen.contains("dev is protected. Type its name"), "{screen}");
    let (code, screen) = on_a_terminal(&sandbox, &["destroy", "--env", "dev"], "dev\n");
    assert_eq!(code, 0, "{screen}");
    assert_eq!(sandbox.aws(&["ecr", "describe-repositories"])["repositories"], json!([]));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn exit_codes_tell_scripts_what_happened() {
    let sandbox = Sandbox::new();
    let code = |args: &[&str]| sandbox.billpay(args).code;
    assert_eq!(code(&["plan", "--env", "dev"]), 0);
    assert_eq!(code(&["plan", "--env", "dev", "--detailed-exitcode"]), 2);
    assert_eq!(code(&["status", "--env", "dev", "--detailed-exitcode"]), 2);
    assert_eq!(code(&["provision", "--env", "dev", "--plan-only", "--detailed-exitcode"]), 2);
    sandbox.provision("dev");
    assert_eq!(code(&["plan", "--env", "dev", "--detailed-exitcode"]), 0);
    assert_eq!(code(&["status", "--env", "dev", "--detailed-exitcode"]), 0);
    assert_eq!(code(&["doctor", "--env", "dev"]), 0);
    assert_eq!(code(&["plan", "--env", "nowhere"]), 1);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn events_are_one_json_object_a_line() {
    let sandbox = Sandbox::new();
    let run = sandbox.json(&["provision", "--env", "dev", "--auto-approve", "--events", "events.ndjson"]);
    assert_eq!(run["schema"], "billpay/run/v1");
    let done: Vec<&str> = items(&run["done"]).iter().map(text).collect();
    assert_eq!((&run["failed"], &run["left"], &run["interrupted"]), (&json!([]), &json!([]), &json!(false)));

    let events = std::fs::read_to_string(sandbox.path("events.ndjson")).expect("the events");
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    let of = |kind: &str| -> Vec<&str> {
        events.iter().filter(|event| event["event"] == kind).map(|event| text(&event["address"])).collect()
    };
    assert_eq!(of("finished"), done, "in the order in which they were done");
    for address in &done {
        let begun =
            events.iter().position(|event| event["event"] == "started" && event["address"] == *address);
        let ended =
            events.iter().position(|event| event["event"] == "finished" && event["address"] == *address);
        assert!(begun.is_some() && begun < ended, "{address} is finished after it is started");
    }
    let mut times: Vec<&str> = events.iter().map(|event| text(&event["time"])).collect();
    assert!(times.iter().all(|time| time.ends_with('Z')), "times are UTC");
    let written = times.clone();
    times.sort();
    assert_eq!(times, written, "times go up");
}
