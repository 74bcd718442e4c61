//! Secrets end nowhere: not in files of billpay's, not in what it prints, not in the arguments of programs.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::place::{Place, Said};

/// A secret that nothing else contains, with what needs escaping.
const SECRET: &str = "cana'ry-\"7w3\\d0w\"";
/// The part of it that is the same in every notation.
const CANARY: &str = "d0w";
const PARTS: &[&str] = &["canary", "cana'ry", "cana''ry", "7w3", CANARY];

const TEMPLATE: &str = "\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: { name: secretive }
spec:
  type: service
  parameters:
    required: [name, password]
    properties:
      name: { type: string }
      password: { type: string, ui:field: Secret }
      widget: { type: string, ui:widget: password }
      hidden: { type: string, ui:widget: hidden, ui:field: Secret }
      format: { type: string, format: password }
      masked: { type: string, ui:backstage: { review: { mask: '*' } } }
      unseen: { type: string, ui:backstage: { review: { show: false } } }
      database: { type: object, properties: { user: { type: string }, word: { type: string, ui:widget: password } } }
      users: { type: array, items: { type: object, properties: { name: { type: string }, word: { type: string, ui:field: Secret } } } }
      kind: { type: string, enum: [a, b], default: a }
    dependencies:
      kind:
        oneOf:
          - { properties: { kind: { enum: [a] }, token: { type: string, format: password } } }
          - { properties: { kind: { enum: [b] } } }
  steps:
    - action: fetch:template
      input: { url: ./skeleton, values: { name: '${{ parameters.name }}', user: '${{ parameters.database.user }}' } }
    - action: debug:log
      input: { message: '${{ parameters.password }}' }
";

const NAMES: &[&str] = &["password", "hidden", "widget", "format", "masked", "unseen", "token"];

impl Place {
    fn secretive_template(&self) {
        self.write("template/template.yaml", TEMPLATE);
        self.write("template/skeleton/a.txt", "one ${{ values.name }} ${{ values.user }}\n");
    }

    /// Every answer, each secret one with the same value.
    fn secretive_answers(&self) -> String {
        let mut answers: serde_json::Value = serde_json::json!({
            "name": "pay", "database": {"user": "ada", "word": SECRET}, "users": [{"name": "eve", "word": SECRET}],
        });
        for name in NAMES {
            answers[name] = SECRET.into();
        }
        answers.to_string()
    }

    /// Runs the program with these answers on standard input.
    fn say_with(&self, args: &[&str], answers: &str) -> Said {
        let mut command = self.command("", &[args, &["--values", "-"]].concat());
        command.env("BILLPAY_LOG", "trace");
        if self.is_there("bin") {
            command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        }
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        child.stdin.take().expect("its input").write_all(answers.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

#[test]
fn objects_that_are_hidden_as_a_whole_and_changed_forms_of_secrets_are_not_seen() {
    let place = Place::new();
    let template = "\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: { name: whole }
spec:
  type: service
  parameters:
    properties:
      unseen: { type: object, ui:backstage: { review: { show: false } }, properties: { a: { type: string } } }
      masked:
        type: object
        ui:backstage: { review: { mask: '*' } }
        properties: { a: { type: object, properties: { b: { type: string } } } }
        additionalProperties: { type: string }
      word: { type: string, ui:field: Secret }
  steps:
    - { action: fetch:plain, input: { url: ./files } }
    - action: debug:log
      input: { message: '${{ parameters.unseen.a | upper }} ${{ parameters.unseen.a | capitalize }} ${{ parameters.unseen.a | dump }}' }
";
    place.write("template/template.yaml", template);
    place.write("template/files/a.txt", "one\n");
    let secret = "Canary-7w3x";
    let answers = serde_json::json!({
        "unseen": {"a": secret}, "masked": {"a": {"b": secret}, "more": secret}, "word": secret,
    });
    let said =
        place.say_with(&["scaffold", "./template", "--out", "pay", "--output", "json"], &answers.to_string());
    assert_eq!(said.code, 0, "{}", said.err);
    let record = place.read("pay/.billpay/scaffold.yaml");
    for (what, text) in [("JSON", &said.out), ("standard error", &said.err), ("the record", &record)] {
        assert!(!text.to_lowercase().contains("canary"), "{what}:\n{text}");
    }
    for name in ["unseen.a", "masked", "word"] {
        assert!(record.contains(name), "{name}: {record}");
    }
}

#[track_caller]
fn is_clean(what: &str, text: &str) {
    for part in PARTS {
        assert!(!text.contains(part), "{what} has `{part}`:\n{text}");
    }
}

#[track_caller]
fn clean(said: Said, code: i32) -> Said {
    let said = said.exits(code);
    is_clean("standard output", &said.out);
    is_clean("standard error", &said.err);
    said
}

#[test]
fn a_secret_is_in_no_file_no_output_and_no_argument_whatever_is_done_with_it() {
    let place = Place::new();
    place.secretive_template();
    place.commit("template");
    let log = place.path("arguments.log");
    // A Git that writes down how it is called.
    place.write(
        "bin/git",
        format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >> {}\nenv >> {}\nPATH=/usr/bin:/bin exec git \"$@\"\n",
            log.display(),
            log.display()
        ),
    );
    place.make_executable("bin/git");
    let url = format!("file://{}", place.path("template").display());
    let answers = place.secretive_answers();
    for (at, more) in [
        &["--dry-run", "--diff"][..],
        &["-vv", "--diff"],
        &["--output", "json"],
        &["--dry-run", "--output", "json"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("out-{at}");
        let said = clean(place.say_with(&[&["scaffold", &url, "--out", &out], more].concat(), &answers), 0);
        if more.contains(&"json") {
            assert_eq!(said.json()["answers"]["password"], "***");
            assert_eq!(said.json()["answers"]["database"]["user"], "ada");
        }
        if place.is_there(&out) {
            let record = place.read(&format!("{out}/.billpay/scaffold.yaml"));
            is_clean("the record", &record);
            assert!(record.contains("- password") && record.contains("user: ada"), "{record}");
            for (path, (_, bytes)) in place.files(&out) {
                is_clean(&path, &String::from_utf8_lossy(&bytes));
            }
        }
    }
    // Adopting, updating, with and without the secrets.
    place.write("old/a.txt", "one pay ada\n");
    clean(place.say_with(&["scaffold", "adopt", &url, "--out", "old", "-vv"], &answers), 0);
    clean(
        place.say_with(
            &["scaffold", "adopt", &url, "--out", "out-0", "--output", "json", "--dry-run"],
            &answers,
        ),
        1,
    );
    is_clean("the record", &place.read("old/.billpay/scaffold.yaml"));
    place.commit("old");
    clean(place.say(&["scaffold", "update", "old", "--check"]), 0);
    place.write("template/skeleton/a.txt", "two ${{ values.name }} ${{ values.user }}\n");
    place.commit("template");
    let said = clean(place.say(&["scaffold", "update", "old", "--check"]), 2);
    assert!(said.out.contains("password is asked again"), "{}", said.out);
    let said = clean(place.say(&["scaffold", "update", "old"]), 1);
    assert!(said.err.contains("`password`") && said.err.contains("--values"), "{}", said.err);
    clean(
        place.say_with(&["scaffold", "update", "old", "--check", "--output", "json", "--diff"], &answers),
        2,
    );
    clean(place.say_with(&["scaffold", "update", "old", "-vv", "--diff"], &answers), 0);
    assert_eq!(place.read("old/a.txt"), "two pay ada\n");
    is_clean("the record", &place.read("old/.billpay/scaffold.yaml"));
    let given = place.read("arguments.log");
    assert!(given.contains("cat-file --batch"), "{given}");
    is_clean("what Git was given", &given);
}

#[test]
fn what_is_wrong_with_a_secret_is_told_without_it() {
    let place = Place::new();
    for (schema, value) in [
        ("{ type: string, ui:field: Secret, pattern: '^x$' }", SECRET),
        ("{ type: string, ui:widget: password, enum: [x, y] }", SECRET),
        ("{ type: string, format: password, maxLength: 2 }", SECRET),
        ("{ type: integer, ui:field: Secret }", SECRET),
        ("{ type: string, ui:field: Secret, enum: [x, y] }", "z9"),
        ("{ type: array, items: { type: string, ui:field: Secret, enum: [x, y] } }", SECRET),
    ] {
        let template = TEMPLATE.replace("{ type: string, ui:field: Secret }", schema);
        place.write("template/template.yaml", template);
        place.write("template/skeleton/a.txt", "x\n");
        let value = if schema.contains("array") { serde_json::json!([value]) } else { value.into() };
        let answers = serde_json::json!({"name": "pay", "password": value}).to_string();
        let said = clean(place.say_with(&["scaffold", "./template", "--out", "out"], &answers), 1);
        assert!(said.err.contains("password") && !said.err.contains("z9"), "{schema}: {}", said.err);
        clean(place.say_with(&["scaffold", "./template", "--out", "out", "--output", "json"], &answers), 1);
    }
    place.write("template/template.yaml", TEMPLATE);
    for broken in [
        "password: \"canary d0w\n",
        "password: [canary, d0w\n",
        "password: canary\npassword: d0w\n",
        "password: *canary\n",
        "password: !canary d0w\n",
        "canary d0w\n",
        "{\"password\": \"canary\", d0w",
        "password: canary\n d0w: x\n",
    ] {
        clean(place.say_with(&["scaffold", "./template", "--out", "out"], broken), 1);
    }
    clean(place.say(&["scaffold", "./template", "--set", "users=[{word: canary-d0w, x", "--out", "out"]), 1);
    clean(
        place.say(&[
            "scaffold",
            "./template",
            "--set",
            "users=canary-d0w",
            "--set",
            "name=x",
            "--out",
            "out",
        ]),
        1,
    );
    clean(place.say(&["scaffold", "./template", "--set", "database.word=canary-d0w", "--out", "out"]), 1);
    let set = format!("password={SECRET}");
    clean(place.say(&["scaffold", "./template", "--set", &set, "--out", "out", "--set", "nope=1"]), 1);
    let said = place.say(&["scaffold", "./template", "--set", "name=x"]).exits(1);
    assert!(said.err.contains("password") && !said.err.contains("--set password"), "{}", said.err);
}

#[test]
fn a_file_that_shows_a_secret_is_warned_of() {
    let place = Place::new();
    let template = TEMPLATE.replace(
        "name: '${{ parameters.name }}',",
        "name: '${{ secrets.password }}', shown: '${{ parameters.password }}',",
    );
    place.write("template/template.yaml", template);
    place.write("template/skeleton/a.txt", "${{ values.name }}\n");
    // The parameter has as many stars, as in the portal.
    place.write("template/skeleton/b.txt", "${{ values.shown }}\n");
    let answers = place.secretive_answers();
    let said = clean(place.say_with(&["scaffold", "./template", "--out", "out", "--diff"], &answers), 0);
    assert!(said.err.contains("a.txt") && said.err.contains("password"), "{}", said.err);
    assert_eq!(place.read("out/a.txt"), format!("{SECRET}\n"));
    assert_eq!(place.read("out/b.txt"), "*".repeat(SECRET.len()) + "\n");
}

#[test]
fn credentials_in_a_url_are_refused_and_those_of_an_old_record_go() {
    let place = Place::new();
    place.secretive_template();
    place.commit("template");
    for url in [
        "https://ada:d0w7w3@git.acme.test/x",
        "ssh://ada:d0w7w3@git.acme.test/x",
        "git+https://d0w7w3:x@git.acme.test/x",
    ] {
        let said = place.say(&["scaffold", url, "--set", "name=x", "--out", "x", "-vv"]).exits(1);
        is_clean("standard error", &said.err);
        assert!(said.err.contains("credential helper"), "{}", said.err);
        clean(place.say(&["scaffold", "show", url, "--output", "json"]), 1);
    }
    let config = format!(
        "[url \"file://{}\"]\ninsteadOf = https://git.acme.test/x\n",
        place.path("template").display()
    );
    place.write("home/.gitconfig", place.read("home/.gitconfig") + &config);
    let answers = place.secretive_answers();
    clean(
        place.say_with(&["scaffold", "https://d0w7w3@git.acme.test/x", "--out", "pay", "-vv"], &answers),
        0,
    );
    let record = place.read("pay/.billpay/scaffold.yaml");
    assert!(record.contains("url: https://git.acme.test/x\n"), "{record}");
    place.write("pay/.billpay/scaffold.yaml", record.replace("https://git", "https://ada:d0w7w3@git"));
    place.commit("pay");
    clean(place.say_with(&["scaffold", "update", "pay", "--output", "json"], &answers), 0);
    clean(place.say_with(&["scaffold", "update", "pay", "--allow-dirty", "-vv"], &answers), 0);
    let shown = TEMPLATE.replace("url: ./skeleton", "url: 'https://ada:d0w7w3@git.acme.test/x'");
    place.write("template/template.yaml", shown);
    clean(place.say(&["scaffold", "show", "./template"]), 0);
}

#[test]
#[ignore = "full tier: needs util-linux's script for a terminal"]
fn on_a_terminal_a_secret_is_asked_for_again_and_not_shown() {
    let place = Place::new();
    let template = TEMPLATE.replace("name: '${{ parameters.name }}',", "name: '${{ secrets.password }}',");
    place.write("template/template.yaml", template);
    place.write("template/skeleton/a.txt", "one ${{ values.name }}\n");
    let answers = r#"{"name": "pay", "password": "canary-d0w"}"#;
    let said = place.say_with(&["scaffold", "./template", "--out", "pay"], answers).exits(0);
    is_clean("standard error", &said.err);
    place.commit("pay");
    place.write("template/skeleton/a.txt", "two ${{ values.name }}\n");
    let mut command =
        place.on_a_terminal(&format!("{} scaffold update pay --diff", env!("CARGO_BIN_EXE_billpay")));
    let mut child = command.spawn().expect("script runs");
    let mut input = child.stdin.take().expect("its input");
    let mut output = child.stdout.take().expect("its output");
    let (mut shown, mut byte) = (vec![], [0]);
    while !shown.ends_with(b"password (hidden): ") && output.read(&mut byte).is_ok_and(|read| read > 0) {
        shown.push(byte[0]);
    }
    // A terminal drops what was typed before it was told not to show it.
    std::thread::sleep(Duration::from_millis(500));
    input.write_all(b"canary-d0w\r").expect("it listens");
    drop(input);
    output.read_to_end(&mut shown).expect("text");
    child.wait().expect("it ends");
    let shown = String::from_utf8_lossy(&shown);
    is_clean("the terminal", &shown);
    assert_eq!(place.read("pay/a.txt"), "two canary-d0w\n", "{shown}");
    is_clean("the record", &place.read("pay/.billpay/scaffold.yaml"));
}
