//! Projects that were there before billpay.

use crate::place::Place;

#[test]
fn an_old_project_is_tied_to_its_template_and_updated_from_then_on() {
    let place = Place::new();
    let url = place.template_repository("repo");
    let at = ["--directory", "templates/service", "--set", "name=pay"];
    place.say(&[&["scaffold", &url, "--ref", "v1", "--out", "pay"], &at[..]].concat()).exits(0);
    std::fs::remove_dir_all(place.path("pay/.billpay")).expect("as if made by hand");
    place.write("pay/README.md", place.read("pay/README.md").replace("line 18\n", "line 18, mine\n"));
    place.remove("pay/empty");
    place.commit("pay");
    let before = place.files("pay");

    let adopt = [&["scaffold", "adopt", &url, "--ref", "v1", "--out", "pay"], &at[..]].concat();
    let said = place.say(&[&adopt[..], &["--dry-run"]].concat()).exits(0);
    assert!(said.out.contains("5 files as the template makes them, 1 edited, 1 not there"), "{}", said.out);
    assert!(!place.is_there("pay/.billpay"));
    place.say(&adopt).exits(0);
    assert_eq!(place.files("pay"), before, "no file of the project is touched");
    place.commit("pay");
    place.say(&adopt).fails_with(&["tied to service already", "scaffold update"]);

    place.say_in("pay", &["scaffold", "update", "--ref", "v2"]).exits(0);
    let readme = place.read("pay/README.md");
    assert!(readme.contains("line 3, better\n") && readme.contains("line 18, mine\n"), "{readme}");
    assert!(!place.is_there("pay/empty") && !place.is_there("pay/old.txt") && place.is_there("pay/TIER.md"));
}

#[test]
fn a_project_of_cruft_is_tied_to_the_commit_and_the_answers_that_cruft_keeps() {
    let place = Place::new();
    place.write(
        "repo/cookie/cookiecutter.json",
        r#"{"name": "x", "size": 1, "__slug": "{{ cookiecutter.name }}"}"#,
    );
    place.write("repo/cookie/{{cookiecutter.name}}/a.txt", "{{ cookiecutter.size }}\n");
    place.commit("repo");
    let commit = place.git("repo", &["rev-parse", "HEAD"]);
    place.write("repo/cookie/{{cookiecutter.name}}/b.txt", "new\n");
    place.commit("repo");

    let cruft = |more: serde_json::Value| {
        let mut file = serde_json::json!({
            "template": "../repo", "commit": commit, "checkout": null, "directory": "cookie", "skip": null,
            "context": {"cookiecutter": {"name": "pay", "size": "3", "_template": "../repo", "__slug": "pay"}},
        });
        file.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        place.write("pay/.cruft.json", file.to_string());
    };
    place.write("pay/a.txt", "3\n");
    cruft(serde_json::json!({}));
    place.commit("pay");
    let adopt = ["scaffold", "adopt", "--replay", ".cruft.json"];
    let said = place.say_in("pay", &adopt).exits(0);
    assert!(said.out.contains("1 files as the template makes them, 0 edited, 0 not there"), "{}", said.out);
    let record = place.read("pay/.billpay/scaffold.yaml");
    assert!(record.contains(&commit) && !record.contains("ref:") && !record.contains("slug"), "{record}");
    place.commit("pay");
    place.say_in("pay", &["scaffold", "update"]).exits(0);
    assert_eq!(place.read("pay/b.txt"), "new\n");

    // A template that is named goes over the one that cruft keeps; its answers stay.
    std::fs::remove_dir_all(place.path("pay/.billpay")).expect("it was there");
    place.say_in("pay", &["scaffold", "adopt", "../repo/cookie", "--replay", ".cruft.json"]).exits(0);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("size: \"3\""));

    std::fs::remove_dir_all(place.path("pay/.billpay")).expect("it was there");
    cruft(serde_json::json!({"checkout": "main"}));
    place.say_in("pay", &adopt).exits(0);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains("ref: main"));
    place.say_in("pay", &["scaffold", "adopt"]).fails_with(&["<TEMPLATE>"]);
    for (more, words) in [
        (serde_json::json!({"template": "--upload-pack=x"}), "begins like an option"),
        (serde_json::json!({"commit": "--help"}), "--help"),
        (serde_json::json!({"context": {}}), "no `context.cookiecutter`"),
    ] {
        cruft(more);
        place.say_in("pay", &adopt).fails_with(&[words]);
    }
    place.write("pay/replay.json", r#"{"cookiecutter": {"name": "pay"}}"#);
    place
        .say_in("pay", &["scaffold", "adopt", "--replay", "replay.json"])
        .fails_with(&["no template is named"]);
}
