//! New projects.

use std::io::Write;
use std::process::Stdio;

use crate::place::Place;

#[test]
fn a_project_has_the_templates_files_with_their_run_bits_line_ends_and_bytes() {
    let place = Place::new();
    place.service_template("t");
    let said =
        place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=9000", "--out", "pay"]).exits(0);
    let files = place.files("pay");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["README.md", "empty", "logo.png", "old.txt", "run.sh", "src/pay.txt", "windows.txt"]);
    assert_eq!(files["src/pay.txt"].1, b"port 9000\nowner payments\n");
    assert_eq!(files["run.sh"], (true, b"#!/bin/sh\necho pay\n".to_vec()));
    assert!(!files["README.md"].0);
    assert_eq!(files["logo.png"].1, b"\x89PNG\x00\x01${{ values.name }}\xff");
    assert_eq!(files["windows.txt"].1, b"a\r\npay\r\n");
    assert_eq!(files["empty"].1, b"");
    assert!(said.out.contains("7 created"), "{}", said.out);
    assert!(
        said.out.contains("Publish it") && said.out.contains("billpay"),
        "what the portal would do: {}",
        said.out
    );
    let record = place.read("pay/.billpay/scaffold.yaml");
    for line in ["template: service", "path: ../t", "name: pay", "port: 9000", "owner: payments"] {
        assert!(record.contains(line), "{line}: {record}");
    }
}

#[test]
fn the_folder_is_called_as_the_answer_says_if_nobody_says_otherwise() {
    let place = Place::new();
    place.service_template("t");
    place.say(&["scaffold", "./t", "--set", "name=pay"]).exits(0);
    assert!(place.is_there("pay/README.md"));
}

#[test]
fn a_dry_run_shows_everything_and_writes_nothing() {
    let place = Place::new();
    place.service_template("t");
    let args = ["scaffold", "./t", "--set", "name=pay", "--out", "pay", "--dry-run", "--diff"];
    let said = place.say(&args).exits(0);
    assert!(said.out.contains("+port 8080") && said.out.contains("7 to create"), "{}", said.out);
    assert!(!place.is_there("pay"));
    let json = place.say(&[&args[..], &["--output", "json"]].concat()).exits(0).json();
    assert_eq!(json["schema"], "billpay/scaffold-new/v1");
    assert_eq!(json["counts"]["create"], 7);
    assert_eq!(json["answers"]["port"], 8080);
    assert!(json["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| step["kind"] == "outside")));
}

#[test]
fn nothing_is_overwritten_unless_it_is_asked_for() {
    let place = Place::new();
    place.service_template("t");
    place.write("pay/README.md", "mine\n");
    place.write("pay/notes.txt", "also mine\n");
    let args = ["scaffold", "./t", "--set", "name=pay", "--out", "pay"];
    place.say(&args).fails_with(&["README.md", "--force", "nothing was written"]);
    assert_eq!(place.names("pay"), ["README.md", "notes.txt"]);
    place.say(&[&args[..], &["--force"]].concat()).exits(0);
    assert!(place.read("pay/README.md").starts_with("# pay"));
    assert_eq!(place.read("pay/notes.txt"), "also mine\n");
    // A second time, the project is there already.
    place.say(&args).fails_with(&["was made from service before", "scaffold update"]);
}

#[test]
fn a_folder_with_other_files_in_it_is_added_to() {
    let place = Place::new();
    place.service_template("t");
    place.write("pay/notes.txt", "mine\n");
    place.say_in("pay", &["scaffold", "../t", "--set", "name=pay", "--out", "."]).exits(0);
    assert_eq!(place.names("pay").len(), 8);
    assert_eq!(place.read("pay/notes.txt"), "mine\n");
}

#[test]
fn without_a_terminal_one_error_names_every_answer_that_is_missing_and_every_wrong_one() {
    let place = Place::new();
    place.service_template("t");
    place.say(&["scaffold", "./t"]).fails_with(&["name", "--set name="]);
    let wrong = ["scaffold", "./t", "--set", "name=Pay!", "--set", "owner=payment", "--set", "port=0"];
    place.say(&wrong).fails_with(&["name", "owner", "payments", "port"]);
    place.say(&["scaffold", "./t", "--set", "nam=pay"]).fails_with(&["nam", "did you mean `name`"]);
    assert!(!place.is_there("pay"));
}

#[test]
fn answers_come_from_a_file_too_and_flags_go_over_it() {
    let place = Place::new();
    place.service_template("t");
    place.write("answers.yaml", "name: pay\nport: 1\nowner: platform\n");
    place.say(&["scaffold", "./t", "--values", "answers.yaml", "--set", "port=2"]).exits(0);
    assert_eq!(place.read("pay/src/pay.txt"), "port 2\nowner platform\n");
    // From standard input, where `no` is a text and not false.
    let mut command = place.command("", &["scaffold", "./t", "--values", "-", "--out", "input"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"name: no\n").expect("it reads");
    drop(input);
    assert!(child.wait().expect("it ends").success());
    assert_eq!(place.read("input/src/no.txt"), "port 8080\nowner payments\n");
    // What one project remembers answers for the next.
    let again = ["scaffold", "./t", "--replay", "pay/.billpay/scaffold.yaml", "--set", "name=two"];
    place.say(&again).exits(0);
    assert_eq!(place.read("two/src/two.txt"), "port 2\nowner platform\n");
}

#[test]
fn mistakes_in_a_template_are_shown_at_their_place() {
    let place = Place::new();
    place.service_template("t");
    place.write("t/skeleton/conf/app.yaml", "name: ${{ values.name }}\nport: ${{ values.prot }}\n");
    let args = ["scaffold", "./t", "--set", "name=pay", "--out", "pay"];
    let told = [
        "t/skeleton/conf/app.yaml:2:11",
        "port: ${{ values.prot }}",
        "values.prot",
        "did you mean `values.port`",
    ];
    place.say(&[&args[..], &["--strict"]].concat()).fails_with(&told);
    assert!(!place.is_there("pay"));
    let said = place.say(&args).exits(0);
    assert!(told.iter().all(|part| said.err.contains(part)), "{}", said.err);
    assert_eq!(place.read("pay/conf/app.yaml"), "name: pay\nport: \n");
}

#[test]
fn templates_are_listed_and_shown() {
    let place = Place::new();
    let said = place.say(&["scaffold", "list"]).exits(0);
    assert!(said.out.contains("billpay-infrastructure"), "{}", said.out);
    let said = place.say(&["scaffold", "show", "billpay-infrastructure"]).exits(0);
    for word in ["environment", "account", "aws", "fetch:template", "publish:github:pull-request"] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    let json = place.say(&["scaffold", "show", "billpay-infrastructure", "--output", "json"]).exits(0).json();
    assert_eq!(json["format"], "backstage");
    assert!(json["questions"].as_array().is_some_and(|questions| questions.len() > 5));
    place.say(&["scaffold", "billpay-infrastrcture"]).fails_with(&["did you mean `billpay-infrastructure`"]);
    place.say(&["scaffold", "./nowhere"]).fails_with(&["there is no folder ./nowhere"]);
}

#[test]
fn a_cookiecutter_template_makes_a_project_too() {
    let place = Place::new();
    place.write("cc/cookiecutter.json", r#"{"name": "Pay", "slug": "{{ cookiecutter.name | lower }}"}"#);
    place.write("cc/{{cookiecutter.slug}}/{{cookiecutter.slug}}.py", "NAME = '{{ cookiecutter.name }}'\n");
    place.say(&["scaffold", "./cc", "--set", "name=Bill"]).exits(0);
    assert_eq!(place.names("bill"), ["bill.py"]);
    assert_eq!(place.read("bill/bill.py"), "NAME = 'Bill'\n");
    // Cookiecutter's own memory of an earlier run.
    place.write("replay.json", r#"{"cookiecutter": {"name": "Again", "slug": "again", "_template": "x"}}"#);
    place.say(&["scaffold", "./cc", "--replay", "replay.json"]).exits(0);
    assert_eq!(place.read("again/again.py"), "NAME = 'Again'\n");
}

#[test]
fn hooks_run_only_when_trusted_and_before_anything_is_in_its_place() {
    let place = Place::new();
    place.write("cc/cookiecutter.json", r#"{"slug": "pay"}"#);
    place.write("cc/{{cookiecutter.slug}}/a.txt", "a\n");
    place.write(
        "cc/hooks/post_gen_project.sh",
        "#!/bin/sh\necho {{ cookiecutter.slug }} > made.txt\nrm a.txt\n",
    );
    place.say(&["scaffold", "./cc"]).fails_with(&["post_gen_project", "--trust"]);
    assert!(!place.is_there("pay"));
    place.say(&["scaffold", "./cc", "--trust"]).exits(0);
    assert_eq!(place.names("pay"), ["made.txt"]);
    assert_eq!(place.read("pay/made.txt"), "pay\n");
    place.write("cc/hooks/post_gen_project.sh", "#!/bin/sh\necho no luck >&2\nexit 7\n");
    place
        .say(&["scaffold", "./cc", "--trust", "--out", "other"])
        .fails_with(&["post_gen_project", "no luck"]);
    assert!(!place.is_there("other"));
}

#[test]
fn chance_and_the_time_need_a_seed_and_stay_what_they_were() {
    let place = Place::new();
    place.write("cc/cookiecutter.json", r#"{"slug": "pay", "id": "{{ random_ascii_string(8) }}"}"#);
    place.write("cc/{{cookiecutter.slug}}/id.txt", "{{ cookiecutter.id }} {% now 'utc', '%H:%M:%S' %}\n");
    place.say(&["scaffold", "./cc"]).fails_with(&["--seed"]);
    place.say(&["scaffold", "show", "./cc"]).exits(0);
    place.say(&["scaffold", "./cc", "--seed", "7"]).exits(0);
    let first = place.read("pay/id.txt");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    place.say(&["scaffold", "update", "pay", "--allow-dirty"]).exits(0);
    assert_eq!(place.read("pay/id.txt"), first);
}

#[test]
fn a_file_of_answers_that_is_no_yaml_is_told_in_one_line_with_the_place() {
    let place = Place::new();
    place.service_template("t");
    for (text, place_of) in [
        ("name: [\n", "line 1, column 7"),
        ("name: a\nname: b\n", "line 2, column 1"),
        ("name: a\n---\nname: b\n", "line 2, column 1"),
    ] {
        place.write("answers.yaml", text);
        let said = place.say(&["scaffold", "./t", "--values", "answers.yaml"]).exits(1);
        let lines: Vec<&str> = said.err.lines().collect();
        assert_eq!(lines[0], "error: can't read answers from answers.yaml");
        assert!(lines.len() == 2 && lines[1].ends_with(place_of), "{}", said.err);
    }
}
