//! Templates that mean harm: nothing is written outside the project, and nothing runs.

use std::os::unix::fs::symlink;

use crate::place::{Place, TEMPLATE};

/// Renders the template `t` as it is now: it fails, and leaves nothing behind.
#[track_caller]
fn refused(place: &Place, more: &[&str], words: &[&str]) {
    let before = place.files("");
    let args = [&["scaffold", "./t", "--set", "name=pay", "--out", "pay"], more].concat();
    let said = place.say(&args);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    for word in words {
        assert!(said.err.contains(word), "`{word}` is not in:\n{}", said.err);
    }
    assert_eq!(place.files(""), before, "nothing is left behind");
    assert!(!place.is_there("pay"));
}

fn template(skeleton: &[(&str, &str)]) -> Place {
    let place = Place::new();
    place.write("t/template.yaml", TEMPLATE.replace(r#", pattern: "^[a-z-]+$""#, ""));
    place.write("t/skeleton/a.txt", "a\n");
    for (path, text) in skeleton {
        place.write(&format!("t/skeleton/{path}"), text);
    }
    place
}

#[test]
fn names_and_answers_that_lead_out_of_the_project() {
    let place = template(&[("${{ values.name }}/x.txt", "x")]);
    for name in ["../out", "..", ".git", ".billpay", "a/../../out"] {
        refused(&place, &["--set", &format!("name={name}")], &[]);
    }
    // The portal leaves out what begins at the root, and so do we.
    let outside = place.path("out").display().to_string();
    place.say(&["scaffold", "./t", "--set", &format!("name={outside}"), "--out", "pay"]).exits(0);
    assert_eq!(place.names("pay"), ["a.txt"]);
    assert!(!place.is_there("out"));
}

#[test]
fn links_and_pipes_in_a_template() {
    let place = template(&[]);
    place.write("secret.txt", "secret");
    symlink(place.path("secret.txt"), place.path("t/skeleton/link.txt")).expect("a link");
    refused(&place, &[], &["link.txt", "symbolic link"]);
    std::fs::remove_file(place.path("t/skeleton/link.txt")).expect("it was there");
    let pipe = place.path("t/skeleton/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()));
    refused(&place, &[], &["pipe"]);
}

#[test]
fn loops_without_an_end_and_endless_output() {
    let loops = template(&[(
        "x",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    )]);
    refused(&loops, &[], &["skeleton/x:1:"]);
    let long = template(&[("x", "{% for a in range(90000) %}${{ 'x' * 1000000 }}{% endfor %}")]);
    refused(&long, &[], &["skeleton/x:1:"]);
    let wide = template(&[("x", "${{ 'x' | center(4000000000) }}")]);
    refused(&wide, &[], &["skeleton/x:1:"]);
}

#[test]
fn files_and_the_environment_of_the_machine_are_out_of_reach() {
    for text in [
        "{% include '/etc/passwd' %}",
        "{% include '../template.yaml' %}",
        "${{ values.constructor.constructor('return process')() }}",
        "${{ require('fs') }}",
    ] {
        refused(&template(&[("x", text)]), &[], &["skeleton/x:1:"]);
    }
    // Names that nothing stands for print nothing.
    let place = template(&[("x", "<${{ process.env.HOME }}${{ env.HOME }}>")]);
    place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "pay"]).exits(0);
    assert_eq!(place.read("pay/x"), "<>");
}

#[test]
fn a_target_that_is_a_link_is_not_followed_out() {
    let place = template(&[("sub/x.txt", "x")]);
    place.write("elsewhere/keep", "");
    place.write("pay/keep", "");
    symlink(place.path("elsewhere"), place.path("pay/sub")).expect("a link");
    place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "pay", "--force"]);
    assert_eq!(place.names("elsewhere"), ["keep"]);
}

#[test]
fn links_and_pipes_in_the_place_of_files_and_folders_are_named() {
    let place = Place::new();
    place.write("template/cookiecutter.json", "{\"name\": \"pay\"}");
    place.write("template/{{cookiecutter.name}}/a.txt", "a\n");
    for (link, to) in [("empty-link", "empty"), ("dangling", "nowhere"), ("loop", "loop")] {
        std::os::unix::fs::symlink(to, place.path(link)).expect("a link");
    }
    std::fs::create_dir(place.path("empty")).expect("a folder");
    for out in ["empty-link", "empty-link/", "dangling", "loop"] {
        let said = place.say(&["scaffold", "./template", "--defaults", "--out", out]);
        said.fails_with(&["is a symbolic link", "--out"]);
    }
    place.say(&["scaffold", "./template", "--defaults", "--out", "empty"]).exits(0);
    for head in ["template.yaml", "cookiecutter.json"] {
        place.write("linked/x", "x");
        std::os::unix::fs::symlink("/dev/zero", place.path("linked").join(head)).expect("a link");
        place.say(&["scaffold", "./linked"]).fails_with(&[head, "is a symbolic link", "the file itself"]);
        place.remove(&format!("linked/{head}"));
        let pipe = place.path("linked").join(head);
        assert!(
            std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success())
        );
        place.say(&["scaffold", "./linked"]).fails_with(&[head, "no regular file"]);
        place.remove(&format!("linked/{head}"));
    }
    place.say(&["scaffold", "./linked"]).fails_with(&["has neither template.yaml nor cookiecutter.json"]);
    let both = ["scaffold", "./template", "--defaults", "--trust", "--no-hooks"];
    place.say(&both).fails_with(&["can't go together", "--no-hooks alone"]);
}
