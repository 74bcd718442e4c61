//! Every file of `corpus/<target>/` is read without a panic; what begins with `right` is right.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::targets::TARGETS;

/// The files of a target, by name.
pub fn files(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused() {
    let mut wrong = vec![];
    for (name, target) in TARGETS {
        for (path, input) in files(name) {
            let said_right = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("right"));
            match catch_unwind(AssertUnwindSafe(|| target(&input))) {
                Err(_) => wrong.push(format!("{} panics", path.display())),
                Ok(is_right) if is_right != said_right => {
                    wrong.push(format!("{}: right is {is_right}", path.display()));
                }
                Ok(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "reads one file again: REPLAY=<target>:<file>"]
fn one_file() {
    let Ok(named) = std::env::var("REPLAY") else {
        return billpay_testkit::skip_even_in_ci("no file is named: REPLAY=<target>:<file>");
    };
    let (name, path) = named.split_once(':').expect("REPLAY=<target>:<file>");
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).unwrap_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        panic!("REPLAY={named} names none of: {}", names.join(", "))
    });
    println!("right: {}", target(&fs::read(path).expect("the file")));
}
