//! Output of the program where no cloud is needed, word for word.
//!
//! The words are in `golden/`.

mod local;
mod terminal;
mod trust;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use billpay_testkit::reports::check_report;
use clap::CommandFactory;
use snapbox::{Data, assert_data_eq};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Data {
    let path = root().join("tests/cli/golden").join(name);
    // Compared as text: the snapshots need not be parsed.
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw()
}

fn billpay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
    let inherited = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        ["AWS_", "BILLPAY_", "GITHUB_", "CLICOLOR"].iter().any(|prefix| name.starts_with(prefix))
    });
    inherited.for_each(|(name, _)| {
        command.env_remove(name);
    });
    // Nobody answers at this address: whatever calls AWS fails at once.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "123456789012").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("BILLPAY_STATE", "local");
    // The settings of whoever runs the tests are none of their business.
    command.env("XDG_CONFIG_HOME", root().join("target/no-settings"));
    command.env("COLUMNS", "100").env("NO_COLOR", "1").env_remove("CI").stdin(Stdio::null());
    command.current_dir(root()).args(args);
    command
}

/// Output of a run, and its exit code.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(command: &mut Command) -> Said {
    let output = command.output().expect("billpay can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn say(args: &[&str]) -> Said {
    run(&mut billpay(args))
}

#[test]
fn help_says_what_each_command_does() {
    let mut program = billpay_cli::Cli::command();
    program.build();
    assert_data_eq!(say(&["--help"]).out, golden("help.txt"));
    let commands = program.get_subcommands().map(|command| command.get_name());
    for command in commands.filter(|command| *command != "help") {
        let said = say(&[command, "--help"]);
        assert_eq!(said.code, 0, "{command} --help: {}", said.err);
        assert_data_eq!(said.out, golden(&format!("help-{command}.txt")));
    }
}

#[test]
fn a_mistake_on_the_command_line_is_an_error_and_not_a_finding() {
    // 2 means "changes found" to whoever asked for --detailed-exitcode.
    for args in [vec!["plan", "--no-such-flag"], vec!["plann"], vec!["plan"], vec![]] {
        let said = say(&args);
        assert_eq!(said.code, 1, "billpay {}", args.join(" "));
        assert!(
            said.out.is_empty() && said.err.contains("Usage:"),
            "billpay {}: {}",
            args.join(" "),
            said.err
        );
    }
    assert!(say(&["plann"]).err.contains("'plan'"), "it says what was meant");
}

#[test]
fn the_graph_of_dev_in_every_format() {
    for format in ["text", "mermaid", "dot", "json"] {
        let said = say(&["graph", "--env", "dev", "--format", format]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{format}");
        assert_data_eq!(said.out, golden(&format!("graph-dev.{format}")));
    }
}

#[test]
fn the_effective_spec_of_dev_and_where_it_comes_from() {
    assert_data_eq!(say(&["config", "--env", "dev"]).out, golden("config-dev.yaml"));
    assert_data_eq!(say(&["config", "--env", "dev", "--origin"]).out, golden("config-dev-origin.txt"));
    let json: serde_json::Value =
        serde_json::from_str(&say(&["config", "--env", "dev", "--output", "json"]).out).expect("JSON");
    assert_eq!(json["schema"], "billpay/config/v1");
    assert_eq!(json["spec"]["cluster"]["nodes"]["billpay-nodes"]["max"], 4, "dev's own value");
    assert_eq!(json["spec"]["network"]["cidr"], "10.0.0.0/16", "the shared value");
}

#[test]
fn the_schema_that_editors_use_is_the_programs() {
    let said = say(&["schema"]);
    let committed =
        Data::read_from(&root().join("environments/schema.json"), Some(snapbox::data::DataFormat::Text));
    assert_data_eq!(said.out, committed.raw());
}

#[test]
fn schemas_of_reports_are_as_programs_rely_on_them() {
    for of in [
        "plan",
        "run",
        "status",
        "graph",
        "config",
        "doctor",
        "local",
        "history",
        "lock",
        "state",
        "state-move",
        "scaffold",
        "docs-build",
        "docs-publish",
        "scaffold-new",
        "scaffold-update",
        "scaffold-adopt",
        "scaffold-list",
        "scaffold-show",
        "error",
        "event",
    ] {
        let said = say(&["schema", "--of", of]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{of}");
        assert_data_eq!(said.out, golden(&format!("schema-{of}.json")));
    }
}

#[test]
fn reports_are_valid_by_their_schemas() {
    for (of, args) in [
        ("graph", &["graph", "--env", "dev"][..]),
        ("config", &["config", "--env", "dev", "--origin"]),
        ("doctor", &["doctor"]),
        ("lock", &["lock", "show", "--env", "dev"]),
        ("history", &["history", "--env", "dev"]),
        ("scaffold-list", &["scaffold", "list"]),
        ("scaffold-show", &["scaffold", "show", "billpay-service"]),
        ("scaffold", &["scaffold", "infrastructure", "--all", "--check"]),
    ] {
        let said = say(&[args, &["--output", "json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        check_report(&report);
        assert_eq!(report["schema"], format!("billpay/{of}/v1"));
    }
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    let nowhere = tempfile::tempdir().expect("a folder without specs");
    let mut nothing = billpay(&["plan", "--env", "dev"]);
    nothing.current_dir(nowhere.path());
    let cases = [
        ("unknown-environment", billpay(&["plan", "--env", "stagin"])),
        ("unknown-component", billpay(&["plan", "--env", "dev", "--only", "netwrok"])),
        ("no-specs", nothing),
        ("no-such-specs", billpay(&["plan", "--env", "dev", "--specs", "nowhere/at/all"])),
        ("no-saved-plan", billpay(&["provision", "--env", "dev", "--plan-file", "nowhere.json"])),
        ("not-a-saved-plan", billpay(&["provision", "--env", "dev", "--plan-file", "Cargo.toml"])),
    ];
    for (name, mut command) in cases {
        let said = run(&mut command);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{name}: {}", said.err);
        let folders = [(nowhere.path(), "[NOWHERE]"), (root(), "[PROJECT]")];
        let words = folders.iter().fold(said.err, |text, (path, name)| {
            let canonical = path.canonicalize().unwrap_or_else(|_| PathBuf::from(path));
            text.replace(&*canonical.to_string_lossy(), name).replace(&*path.to_string_lossy(), name)
        });
        assert_data_eq!(words, golden(&format!("error-{name}.txt")));
    }
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let said = say(&["plan", "--env", "stagin", "--output", "json"]);
    assert_eq!(said.code, 1);
    let error: serde_json::Value = serde_json::from_str(&said.out).expect("JSON on standard output");
    assert_eq!(error["schema"], "billpay/error/v1");
    assert_eq!(error["error"]["heading"], "there is no environment `stagin`");
    assert_eq!(error["error"]["hints"][0], "did you mean `staging`?");
}

#[test]
fn specs_are_found_from_a_folder_below() {
    let mut command = billpay(&["config", "--env", "dev"]);
    command.current_dir(root().join("src/cli"));
    assert_data_eq!(run(&mut command).out, golden("config-dev.yaml"));
}

#[test]
fn the_reference_is_what_the_program_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = run(billpay(&["reference"]).arg(folder.path()));
    assert_eq!(written.code, 0, "{}", written.err);
    for page in ["commands.md", "kinds.md"] {
        let fresh = std::fs::read_to_string(folder.path().join(page)).expect("a page");
        let path = root().join("docs/reference").join(page);
        assert_data_eq!(fresh, Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw());
    }
}

#[test]
fn a_projects_settings_fill_in_for_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = root().join("environments");
    let settings = format!("env: staging\noutput: json\nspecs: {}\n", specs.display());
    std::fs::write(folder.path().join(".billpay.yaml"), settings).expect("the settings");
    let below = folder.path().join("deep/below");
    std::fs::create_dir_all(&below).expect("a folder below");
    let shown = run(billpay(&["config"]).current_dir(&below));
    assert!(shown.out.contains("\"environment\": \"staging\""), "{}{}", shown.out, shown.err);
    let shown = run(billpay(&["config", "--env", "dev", "--output", "text"]).current_dir(&below));
    assert!(shown.out.contains("environment: dev"), "{}{}", shown.out, shown.err);
    std::fs::write(folder.path().join(".billpay.yaml"), "enviroment: dev\n").expect("the settings");
    let shown = run(billpay(&["config"]).current_dir(&below));
    assert_eq!(shown.code, 1);
    assert!(shown.err.contains("enviroment") && shown.err.contains("keys: env, specs"), "{}", shown.err);
}

#[test]
fn completions_know_every_command() {
    let program = billpay_cli::Cli::command();
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    let commands: Vec<&str> = shown.map(|command| command.get_name()).collect();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = say(&["completions", shell]);
        assert_eq!(said.code, 0, "{shell}: {}", said.err);
        for command in &commands {
            assert!(said.out.contains(command), "{shell} does not know `{command}`");
        }
    }
    let script = say(&["completions", "bash"]).out;
    let checked = Command::new("bash").args(["-n", "-c", &script]).output().expect("bash");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = say(&["man", &folder.path().to_string_lossy()]);
    assert_eq!(said.code, 0, "{}", said.err);
    let program = billpay_cli::Cli::command();
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    for name in
        shown.map(|command| format!("billpay-{}.1", command.get_name())).chain(["billpay.1".to_string()])
    {
        let page = std::fs::read_to_string(folder.path().join(&name)).unwrap_or_default();
        assert!(page.contains(".TH") && page.contains(".SH"), "{name} is no manual page");
    }
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let args = ["plan", "--env", "stagin"];
    assert!(!say(&args).err.contains('\x1b'), "NO_COLOR is honoured");
    let mut piped = billpay(&args);
    assert!(!run(piped.env_remove("NO_COLOR")).err.contains('\x1b'), "a pipe gets none");
    let asked = say(&["plan", "--env", "stagin", "--color", "always"]);
    assert!(asked.err.contains('\x1b'), "who asks for it gets it");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        billpay(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("billpay");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
