//! Updates that let workflows do more.

use std::io::Write;

use crate::place::Place;

const WORKFLOW: &str = "\
on: [push, pull_request]
permissions: { contents: read }
jobs:
  build: { runs-on: ubuntu-24.04, steps: [{ run: make }] }
";

impl Place {
    /// A project with a workflow, in Git, and its template, which is changed by the test.
    fn project_with_workflow(&self) {
        let template = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: { name: ci }\nspec:\n  type: service\n  \
                        steps:\n    - { action: fetch:plain, input: { url: ./files } }\n";
        self.write("template/template.yaml", template);
        self.write("template/files/.github/workflows/ci.yml", WORKFLOW);
        self.write("template/files/a.txt", "one\n");
        self.say(&["scaffold", "./template", "--out", "pay"]).exits(0);
        self.commit("pay");
    }
}

#[test]
fn an_update_that_lets_a_workflow_do_more_is_refused_without_the_flag() {
    let place = Place::new();
    place.project_with_workflow();
    place.write("template/files/a.txt", "two\n");
    let ci = "template/files/.github/workflows/ci.yml";
    place.write(ci, WORKFLOW.replace("pull_request]", "pull_request_target]").replace("read", "write"));
    let update = ["scaffold", "update", "pay"];
    let said = place.say(&update).exits(4);
    for word in [
        "ci.yml: it is started by `pull_request_target`",
        "the job `build` may write `contents`",
        "--allow-workflow-rights",
    ] {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
    assert_eq!(place.git("pay", &["status", "--porcelain"]), "", "nothing was written");
    let said = place.say(&[&update[..], &["--check"]].concat()).exits(2);
    assert!(said.out.contains("! .github/workflows/ci.yml: it is started by"), "{}", said.out);
    let json = place.say(&[&update[..], &["--check", "--output", "json"]].concat()).exits(2).json();
    assert_eq!(json["templates"][0]["workflow_rights"][0]["file"], ".github/workflows/ci.yml");
    place.say(&[&update[..], &["--allow-workflow-rights"]].concat()).exits(0);
    assert_eq!(place.read("pay/a.txt"), "two\n");
    assert!(place.read("pay/.github/workflows/ci.yml").contains("pull_request_target"));
}

#[test]
fn rights_are_those_of_the_file_that_is_written_whatever_it_was_before() {
    let place = Place::new();
    place.project_with_workflow();
    let ci = "template/files/.github/workflows/ci.yml";
    // The project has it already: the update adds nothing.
    place.write("pay/.github/workflows/ci.yml", WORKFLOW.replace("push", "schedule"));
    place.commit("pay");
    place.write(ci, WORKFLOW.replace("run: make", "run: make all").replace("push", "schedule"));
    place.say(&["scaffold", "update", "pay"]).exits(0);
    place.commit("pay");
    // A change without rights, a new file with some, one that can't be read, one that was renamed.
    place.write(ci, WORKFLOW.replace("run: make", "run: make test").replace("push", "schedule"));
    place.say(&["scaffold", "update", "pay"]).exits(0);
    place.commit("pay");
    for (path, text) in [
        (".github/workflows/new.yaml", "on: push\njobs: { a: { runs-on: self-hosted } }\n"),
        (".github/workflows/odd.yml", "on: [\n"),
        (".github/actions/x/action.yml", "runs: { using: node20, main: x.js }\n"),
    ] {
        place.write(&format!("template/files/{path}"), text);
        let said = place.say(&["scaffold", "update", "pay"]).exits(4);
        assert!(said.err.contains(path), "{path}: {}", said.err);
        place.remove(&format!("template/files/{path}"));
    }
    let (from, to) = (place.path(ci), place.path("template/files/.github/workflows/renamed.yml"));
    std::fs::rename(from, to).expect("renamed");
    place.say(&["scaffold", "update", "pay"]).exits(0);
    assert!(place.is_there("pay/.github/workflows/renamed.yml"));
}

#[test]
fn a_workflow_that_goes_stands_for_one_new_one_alone() {
    let place = Place::new();
    place.project_with_workflow();
    let ci = "template/files/.github/workflows/ci.yml";
    let open = WORKFLOW.replace("ubuntu-24.04", "self-hosted");
    place.write("pay/.github/workflows/ci.yml", &open);
    place.commit("pay");
    place.write(ci, &open);
    place.say(&["scaffold", "update", "pay"]).exits(0);
    place.commit("pay");
    place.remove(ci);
    for name in ["a", "b"] {
        place.write(&format!("template/files/.github/workflows/{name}.yml"), &open);
    }
    let said = place.say(&["scaffold", "update", "pay"]).exits(4);
    assert_eq!(said.err.matches("runs on `self-hosted`").count(), 1, "{}", said.err);
    place.remove("template/files/.github/workflows/b.yml");
    place.say(&["scaffold", "update", "pay"]).exits(0);
}

#[test]
fn a_project_inside_of_github_s_own_folder_is_looked_at() {
    for inner in [".github", ".github/workflows"] {
        let place = Place::new();
        let template = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: { name: ci }\nspec:\n  type: service\n  \
                        steps:\n    - { action: fetch:plain, input: { url: ./files } }\n";
        place.write("template/template.yaml", template);
        place.write("template/files/a.txt", "one\n");
        place.write("pay/b.txt", "");
        place.say(&["scaffold", "./template", "--out", &format!("pay/{inner}")]).exits(0);
        place.commit("pay");
        let name = if inner.ends_with("workflows") { "ci.yml" } else { "workflows/ci.yml" };
        place.write(&format!("template/files/{name}"), WORKFLOW.replace("ubuntu-24.04", "self-hosted"));
        let said = place.say(&["scaffold", "update", &format!("pay/{inner}")]).exits(4);
        assert!(said.err.contains("runs on `self-hosted`"), "{inner}: {}", said.err);
    }
}

#[test]
#[ignore = "full tier: needs util-linux's script for a terminal"]
fn on_a_terminal_more_rights_are_asked_for() {
    let place = Place::new();
    place.project_with_workflow();
    let ci = "template/files/.github/workflows/ci.yml";
    place.write(ci, WORKFLOW.replace("pull_request]", "pull_request_target]"));
    for (said, taken) in [("n\n", false), ("y\n", true)] {
        let mut command =
            place.on_a_terminal(&format!("{} scaffold update pay", env!("CARGO_BIN_EXE_billpay")));
        let mut child = command.spawn().expect("script runs");
        child.stdin.take().expect("its input").write_all(said.as_bytes()).expect("it listens");
        let shown = child.wait_with_output().expect("it ends").stdout;
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains("it is started by `pull_request_target`"), "{shown}");
        assert_eq!(
            place.read("pay/.github/workflows/ci.yml").contains("pull_request_target"),
            taken,
            "{shown}"
        );
    }
}
