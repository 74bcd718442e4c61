//! Killed at any moment, a project is the old one or the new one.

use std::time::Duration;

use crate::place::Place;

/// Kills the program after a while that grows from run to run, until it once gets through.
fn killed_ever_later(place: &Place, args: &[&str], mut check: impl FnMut(bool)) {
    for turn in 0..4000 {
        let mut child = place
            .command("", args)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(3 * turn));
        if let Some(ended) = child.try_wait().expect("it can be asked") {
            assert!(ended.success(), "it fails by itself");
        }
        let _ = child.kill();
        let ended = child.wait().expect("it ends");
        check(ended.success());
        if ended.success() {
            return;
        }
    }
    panic!("it never got through");
}

fn template(place: &Place) {
    place.service_template("t");
    for number in 0..200 {
        place.write(
            &format!("t/skeleton/many/{number}.txt"),
            format!("{number} ${{{{ values.port }}}}\na\nb\nc\n"),
        );
    }
}

#[test]
fn a_new_project_is_there_or_it_is_not() {
    let place = Place::new();
    template(&place);
    place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "whole"]).exits(0);
    let whole = place.files("whole");
    let args = ["scaffold", "./t", "--set", "name=pay", "--out", "pay"];
    killed_ever_later(&place, &args, |through| {
        if place.is_there("pay") {
            assert_eq!(place.files("pay"), whole);
            std::fs::remove_dir_all(place.path("pay")).expect("it can go");
        } else {
            assert!(!through);
        }
    });
    // What a killed run had prepared is cleared up by the next one.
    place.say(&args).exits(0);
    let left: Vec<_> =
        std::fs::read_dir(place.path("")).expect("a folder").flatten().map(|it| it.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(".billpay-")), "{left:?}");
}

#[test]
fn an_update_that_was_killed_is_finished_by_the_next() {
    let place = Place::new();
    template(&place);
    place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=2", "--out", "whole"]).exits(0);
    let mut new = place.files("whole");
    place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=1", "--out", "pay"]).exits(0);
    place.write("pay/many/7.txt", "7 1\na\nb\nc\nmine\n");
    let old = place.files("pay");
    new.insert("many/7.txt".to_string(), (false, b"7 2\na\nb\nc\nmine\n".to_vec()));
    let args = ["scaffold", "update", "pay", "--allow-dirty", "--set", "port=2"];
    killed_ever_later(&place, &args, |_| {
        for (path, file) in place.files("pay") {
            assert!(
                old.get(&path) == Some(&file) || new.get(&path) == Some(&file),
                "{path} is neither the old nor the new one"
            );
        }
    });
    place.say(&args).exits(0);
    assert_eq!(place.files("pay"), new);
}
