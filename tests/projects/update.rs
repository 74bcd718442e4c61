//! A year later: what changed in the template comes in, and nobody's work is lost.

use crate::place::{Place, Said};

impl Place {
    /// A project of the first version, in Git; and the template after it in its second version.
    fn project_behind(&self) -> String {
        let url = self.template_repository("repo");
        let args = ["scaffold", &url, "--directory", "templates/service", "--set", "name=pay", "--ref", "v1"];
        self.say(&args).exits(0);
        self.commit("pay");
        url
    }

    fn update(&self, more: &[&str]) -> Said {
        self.say_in("pay", &[&["scaffold", "update", "--ref", "v2"], more].concat())
    }
}

#[test]
fn an_untouched_project_becomes_what_the_new_version_makes() {
    let place = Place::new();
    let url = place.project_behind();
    let said = place.update(&["--check"]).exits(2);
    assert!(said.out.contains("tier is asked now (default \"silver\")"), "{}", said.out);
    assert!(!place.is_there("pay/TIER.md"));
    place.update(&[]).exits(0);
    let fresh = ["scaffold", &url, "--directory", "templates/service", "--set", "name=pay", "--out", "fresh"];
    place.say(&fresh).exits(0);
    assert_eq!(place.files("pay"), place.files("fresh"));
    assert!(!place.is_there("pay/old.txt"));
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("tier: silver"));
    place.commit("pay");
    place.update(&["--check"]).exits(0);
    place.update(&[]).exits(0);
    assert_eq!(place.git("pay", &["status", "--porcelain"]), "", "a second update has nothing to do");
}

#[test]
fn edits_deletions_and_renames_of_people_are_kept() {
    let place = Place::new();
    place.project_behind();
    // An edit far from the change, a deletion, a renamed and a moved file, one of their own.
    place.write("pay/README.md", place.read("pay/README.md").replace("line 18\n", "line 18, mine\n"));
    place.remove("pay/windows.txt");
    std::fs::rename(place.path("pay/src"), place.path("pay/source")).expect("a renamed folder");
    place.write("pay/own.txt", "mine\n");
    place.commit("pay");
    place.update(&["--set", "port=9999"]).exits(0);
    let readme = place.read("pay/README.md");
    assert!(readme.contains("line 3, better\n") && readme.contains("line 18, mine\n"), "{readme}");
    assert!(!place.is_there("pay/windows.txt"), "what was deleted stays away");
    assert!(!place.is_there("pay/src"), "what was moved stays where it was moved to");
    assert_eq!(place.read("pay/source/pay.txt"), "port 9999\nowner payments\n");
    assert_eq!(place.read("pay/own.txt"), "mine\n");
    place.commit("pay");
    place.update(&["--check"]).exits(0);
}

#[test]
fn conflicts_are_marked_in_the_file_put_beside_it_or_refused() {
    let place = Place::new();
    place.project_behind();
    let mine = place.read("pay/README.md").replace("line 3\n", "line 3, mine\n");
    place.write("pay/README.md", &mine);
    place.commit("pay");

    place.update(&["--conflict", "fail"]).fails_with(&["README.md"]);
    assert_eq!(place.git("pay", &["status", "--porcelain"]), "", "nothing was written");

    let json = place.update(&["--conflict", "rej", "--output", "json"]).exits(3).json();
    assert_eq!(json["conflicts"], true);
    assert_eq!(place.read("pay/README.md"), mine);
    assert!(place.read("pay/README.md.rej").contains("+line 3, better"));
    place.git("pay", &["reset", "--hard", "--quiet"]);
    place.git("pay", &["clean", "-fdq"]);

    place.update(&[]).exits(3);
    let marked = place.read("pay/README.md");
    for line in ["<<<<<<<", "line 3, mine\n", "=======", "line 3, better\n", ">>>>>>>", "line 20\n"] {
        assert!(marked.contains(line), "{line}: {marked}");
    }
    // Once somebody resolved it, it is settled.
    place.write("pay/README.md", mine.replace("line 3, mine\n", "line 3, better and mine\n"));
    place.commit("pay");
    place.update(&["--check"]).exits(0);
}

#[test]
fn work_that_git_does_not_hold_is_not_mixed_with_an_update() {
    let place = Place::new();
    place.project_behind();
    place.write("pay/own.txt", "not committed\n");
    place.update(&[]).fails_with(&["not committed", "--allow-dirty"]);
    assert!(!place.is_there("pay/TIER.md"));
    place.update(&["--allow-dirty"]).exits(0);
    assert!(place.is_there("pay/TIER.md"));
    // Looking is always fine.
    place.update(&["--check"]).exits(0);
}

#[test]
fn a_fleet_is_checked_by_json_and_exit_code() {
    let place = Place::new();
    place.project_behind();
    let json = place.update(&["--check", "--output", "json"]).exits(2).json();
    assert_eq!(json["schema"], "billpay/scaffold-update/v1");
    assert_eq!(json["stale"], true);
    let template = &json["templates"][0];
    assert_eq!(template["template"], "service");
    assert_eq!(template["new_questions"][0]["name"], "tier");
    assert_eq!(template["counts"]["create"], 1);
    assert_eq!(template["counts"]["delete"], 1);
}

#[test]
fn a_new_question_without_a_default_waits_for_its_answer() {
    let place = Place::new();
    place.project_behind();
    let path = "repo/templates/service/template.yaml";
    place.write(
        path,
        place
            .read(path)
            .replace(", default: silver", "")
            .replace("required: [name]", "required: [name, tier]"),
    );
    place.commit("repo");
    place.git("repo", &["tag", "--force", "v2"]);
    let said = place.update(&["--check"]).exits(2);
    assert!(said.out.contains("tier is asked now"), "{}", said.out);
    place.update(&[]).fails_with(&["tier", "--set tier="]);
    assert!(!place.is_there("pay/TIER.md"));
    place.update(&["--set", "tier=gold"]).exits(0);
    assert_eq!(place.read("pay/TIER.md"), "gold\n");
}

#[test]
fn a_commit_elsewhere_in_the_templates_repository_is_no_news() {
    let place = Place::new();
    let url = place.template_repository("repo");
    place.say(&["scaffold", &url, "--directory", "templates/service", "--set", "name=pay"]).exits(0);
    place.commit("pay");
    place.write("repo/other.txt", "x\n");
    place.commit("repo");
    place.say_in("pay", &["scaffold", "update", "--check"]).exits(0);
    place.say_in("pay", &["scaffold", "update"]).exits(0);
    assert_eq!(place.git("pay", &["status", "--porcelain"]), "");
}

#[test]
fn answers_can_be_changed_without_a_new_version() {
    let place = Place::new();
    place.service_template("t");
    place.say(&["scaffold", "./t", "--set", "name=pay"]).exits(0);
    place.commit("pay");
    place.say_in("pay/src", &["scaffold", "update", "--set", "owner=platform"]).exits(0);
    assert_eq!(place.read("pay/src/pay.txt"), "port 8080\nowner platform\n");
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("owner: platform"));
}

#[test]
fn a_project_that_is_none_or_whose_template_is_gone_says_what_to_do() {
    let place = Place::new();
    place.say(&["scaffold", "update"]).fails_with(&["no project is here", "scaffold adopt"]);
    place.service_template("t");
    place.say(&["scaffold", "./t", "--set", "name=pay"]).exits(0);
    place.commit("pay");
    std::fs::rename(place.path("t"), place.path("moved")).expect("a moved template");
    place.say_in("pay", &["scaffold", "update"]).fails_with(&["there is no folder"]);
    place.say_in("pay", &["scaffold", "update", "--template", "service", "--from", "../moved"]).exits(0);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("../moved"));
    place.write("pay/.billpay/scaffold.yaml", "schema: billpay/scaffold-record/v9\ntemplates: []\n");
    place.say_in("pay", &["scaffold", "update"]).fails_with(&["newer billpay"]);
}

#[test]
fn a_template_whose_old_version_is_gone_is_merged_all_the_same() {
    let place = Place::new();
    place.service_template("t");
    place.say(&["scaffold", "./t", "--set", "name=pay"]).exits(0);
    place.write("pay/README.md", place.read("pay/README.md").replace("line 18\n", "line 18, mine\n"));
    place.commit("pay");
    // As when the template is part of billpay, and billpay is replaced by a newer one.
    place.second_service_template("t");
    place.say_in("pay", &["scaffold", "update"]).exits(0);
    let readme = place.read("pay/README.md");
    assert!(readme.contains("line 3, better\n") && readme.contains("line 18, mine\n"), "{readme}");
}

#[test]
fn an_answer_whose_type_the_template_changed_is_converted_where_it_can_only_mean_one_thing() {
    let place = Place::new();
    place.service_template("t");
    let template = place.read("t/template.yaml");
    let port = "port: { title: Port, type: integer, minimum: 1, default: 8080 }";
    let as_text = "port: { title: Port, type: string, default: '8080' }";
    assert!(template.contains(port));
    place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=9000"]).exits(0);
    place.commit("pay");

    place.write("t/template.yaml", template.replace(port, as_text));
    let json = place.say_in("pay", &["scaffold", "update", "--check", "--output", "json"]).exits(0).json();
    let converted = serde_json::json!([{"name": "port", "from": 9000, "to": "9000"}]);
    assert_eq!(json["templates"][0]["converted"], converted);
    let said = place.say_in("pay", &["scaffold", "update"]).exits(0);
    assert!(said.out.contains("port is asked for in another type now: 9000 → \"9000\""), "{}", said.out);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("port: \"9000\""));
    place.commit("pay");

    place.write("t/template.yaml", &template);
    place.say_in("pay", &["scaffold", "update"]).exits(0);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("port: 9000\n"));
    assert_eq!(place.read("pay/src/pay.txt"), "port 9000\nowner payments\n");
    place.commit("pay");

    // What may mean anything is refused by its name, and can be answered anew.
    place.write(
        "t/template.yaml",
        template.replace(port, "port: { title: Port, type: boolean, default: false }"),
    );
    place.say_in("pay", &["scaffold", "update"]).fails_with(&["port: must be", "1 answer is wrong"]);
    place.say_in("pay", &["scaffold", "update", "--set", "port=yes"]).exits(0);
    place.commit("pay");
    place.write("t/template.yaml", template.replace(port, as_text));
    place.say_in("pay", &["scaffold", "update"]).fails_with(&["port: ", "true, is no text"]);
    place.say_in("pay", &["scaffold", "update", "--set", "port=80"]).exits(0);
    assert_eq!(place.read("pay/src/pay.txt"), "port 80\nowner payments\n");
}

#[test]
fn a_cookiecutter_template_takes_no_truth_value_for_a_text() {
    let place = Place::new();
    place.write("t/cookiecutter.json", r#"{"name": "pay", "docs": true}"#);
    place.write("t/{{cookiecutter.name}}/a.txt", "{{ cookiecutter.docs }}\n");
    place.say(&["scaffold", "./t"]).exits(0);
    place.commit("pay");
    place.write("t/cookiecutter.json", r#"{"name": "pay", "docs": "sphinx"}"#);
    place.say_in("pay", &["scaffold", "update"]).fails_with(&["docs: ", "true, is no text"]);
    place.say_in("pay", &["scaffold", "update", "--set", "docs=mkdocs"]).exits(0);
    assert_eq!(place.read("pay/a.txt"), "mkdocs\n");
}
