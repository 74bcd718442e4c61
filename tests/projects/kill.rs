//! Killed at any of its changes on disk, the program leaves the old project or the new one.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use billpay_testkit::debian::debian;
use billpay_testkit::skip_even_in_ci;

use crate::place::Place;

/// System calls that change something on disk, as patterns of strace: the names differ between architectures.
const CHANGES: [&str; 8] =
    ["openat", "write", "/^rename", "/^link", "/^unlink", "/^mkdir", "/^f?chmod", "/^f(data)?sync"];

/// Kills a run of the program before its first call of each kind, then before its second, until it gets through.
///
/// `check` is called after each run, with whether it got through.
fn kill_at_every_change(place: &Place, args: &[&str], prepare: impl Fn(), mut check: impl FnMut(bool)) {
    let strace = debian("strace");
    let traced = Command::new(&strace).args(["-o", "/dev/null", "true"]).output().expect("strace starts");
    if !traced.status.success() {
        return skip_even_in_ci("this machine lets nobody trace a process");
    }
    let mut kills = 0;
    for calls in CHANGES {
        for nth in 1.. {
            prepare();
            let mut command = place.command_of(&strace, "");
            command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
            command.args(["-e", &format!("inject={calls}:signal=KILL:when={nth}")]);
            command.arg(env!("CARGO_BIN_EXE_billpay")).args(args).stdout(Stdio::null());
            let output = command.output().expect("strace starts");
            let is_through = output.status.success();
            let is_killed = output.status.signal() == Some(9);
            assert!(is_through || is_killed, "{calls} {nth}: {}", String::from_utf8_lossy(&output.stderr));
            check(is_through);
            if is_through {
                break;
            }
            kills += 1;
        }
    }
    println!("{kills} kills");
    assert!(kills > 30, "{kills} changes are too few to be true");
}

fn template(place: &Place) {
    place.service_template("t");
    for number in 0..4 {
        place.write(
            &format!("t/skeleton/many/{number}.txt"),
            format!("{number} ${{{{ values.port }}}}\na\nb\nc\n"),
        );
    }
}

#[test]
#[ignore = "full tier: installs strace, and kills the program at each of its changes"]
fn a_new_project_is_there_or_it_is_not() {
    let place = Place::new();
    template(&place);
    place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "whole"]).exits(0);
    let whole = place.files("whole");
    let args = ["scaffold", "./t", "--set", "name=pay", "--out", "pay"];
    let nothing = || {};
    kill_at_every_change(&place, &args, nothing, |is_through| {
        if place.is_there("pay") {
            assert_eq!(place.files("pay"), whole);
            std::fs::remove_dir_all(place.path("pay")).expect("it can go");
        } else {
            assert!(!is_through);
        }
    });
    // What a killed run had prepared is cleared up by the next one.
    place.say(&args).exits(0);
    let left: Vec<_> =
        std::fs::read_dir(place.path("")).expect("a folder").flatten().map(|it| it.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(".billpay-")), "{left:?}");
}

#[test]
#[ignore = "full tier: installs strace, and kills the program at each of its changes"]
fn an_update_that_was_killed_is_finished_by_the_next() {
    let place = Place::new();
    template(&place);
    place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=2", "--out", "whole"]).exits(0);
    let mut new = place.files("whole");
    place.say(&["scaffold", "./t", "--set", "name=pay", "--set", "port=1", "--out", "old"]).exits(0);
    place.write("old/many/3.txt", "3 1\na\nb\nc\nmine\n");
    let old = place.files("old");
    new.insert("many/3.txt".to_string(), (false, b"3 2\na\nb\nc\nmine\n".to_vec()));
    let args = ["scaffold", "update", "pay", "--allow-dirty", "--set", "port=2"];
    let copy = || {
        let _ = std::fs::remove_dir_all(place.path("pay"));
        let mut copy = Command::new("cp");
        let status = copy.arg("-a").args([place.path("old"), place.path("pay")]).status();
        assert!(status.expect("cp starts").success());
    };
    kill_at_every_change(&place, &args, copy, |is_through| {
        for (path, file) in place.files("pay") {
            assert!(
                old.get(&path) == Some(&file) || new.get(&path) == Some(&file),
                "{path} is neither the old nor the new one"
            );
        }
        if !is_through {
            place.say(&args).exits(0);
        }
        assert_eq!(place.files("pay"), new);
    });
}
