//! Trees that are made where there is none.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use billpay_tree::disk::{Tree, TreeError};
use billpay_tree::{Decision, RenderedTree};
use rustix::fs::{FlockOperation, flock};

use crate::world::{Files, PLAIN, Stop, StopAt, World, coverage, file, path, rendered};

/// Something of everything.
fn project() -> RenderedTree {
    let mut new = rendered(&[("a", "1\n"), ("d/e/b", "b\n"), ("d/empty.txt", ""), ("crlf", "1\r\n2\r\n")]);
    new.files.insert(path("bin/tool"), file("#!/bin/sh\n", true));
    new.files.insert(path("logo.png"), file(b"\0\xff\r\n", false));
    new.folders = [path("empty/folder"), path("d/e")].into();
    new.records = [("scaffold.yaml".to_owned(), b"version: 1\n".to_vec())].into();
    new
}

fn create(world: &World) -> Result<Decision, TreeError> {
    world.tree().create(&project(), &coverage())
}

/// The tree as writing it makes it.
fn written() -> Files {
    let world = World::new();
    world.write(&project(), PLAIN);
    world.everything()
}

#[test]
fn a_made_tree_is_as_a_written_one() {
    let world = World::new();
    let made = create(&world).expect("a tree");
    assert_eq!(world.everything(), written());
    let again = World::new();
    assert_eq!(made.plan, again.write(&project(), PLAIN).plan);
    assert!(!world.tree().check(&project(), &coverage(), PLAIN).expect("a plan").plan.is_stale());
    assert_eq!(world.write(&project(), PLAIN).plan.counts().unchanged, 6);
}

/// So many files that several threads write them.
fn many() -> RenderedTree {
    let at = |n: usize| path(&format!("src/module-{}/part-{}/file-{n}.txt", n % 20, n % 5));
    let files = (0..300).map(|n| (at(n), file(format!("line {n}\n").repeat(n), n % 3 == 0)));
    RenderedTree { files: files.collect(), ..RenderedTree::default() }
}

#[test]
fn a_tree_of_many_files_is_as_a_written_one_or_not_there() {
    let (made, written) = (World::new(), World::new());
    made.tree().create(&many(), &coverage()).expect("a tree");
    written.write(&many(), PLAIN);
    assert_eq!(made.everything(), written.everything());
    // Each part is a name, and all together are too long for a path.
    let mut new = many();
    new.files.insert(path(&format!("src/{}", vec!["n".repeat(250); 17].join("/"))), file("", false));
    let failed = World::new();
    failed.tree().create(&new, &coverage()).expect_err("too long a path");
    assert!(failed.everything().is_empty(), "{:?}", failed.everything().keys());
}

#[test]
fn what_a_killed_run_wrote_is_gone_on_from() {
    for at in 0.. {
        let world = World::new();
        fs::create_dir(world.root()).expect("a folder");
        if world.stopped(&project(), PLAIN, at, Stop::Kill).is_ok() {
            break;
        }
        match create(&world) {
            Ok(_) => assert_eq!(world.everything(), written(), "killed before step {at}"),
            // It had all been done.
            Err(error) => {
                assert!(matches!(error, TreeError::NotEmpty { .. }), "killed before step {at}: {error}");
                assert_eq!(world.write(&project(), PLAIN).plan.counts().unchanged, 6);
            }
        }
    }
}

#[test]
fn an_empty_folder_is_made_full_and_keeps_its_mode() {
    let world = World::new();
    fs::create_dir(world.root()).expect("a folder");
    fs::set_permissions(world.root(), fs::Permissions::from_mode(0o700)).expect("a mode");
    create(&world).expect("a tree");
    assert_eq!(world.everything(), written());
    assert_eq!(fs::metadata(world.root()).expect("a folder").mode() & 0o777, 0o700);
}

#[test]
fn parents_are_made_and_nothing_is_made_of_nothing() {
    let world = World::new();
    let tree = Tree::at(world.dir.path().join("x/y/tree"));
    tree.create(&project(), &coverage()).expect("a tree");
    assert!(world.dir.path().join("x/y/tree/d/e/b").exists());
    Tree::at(world.dir.path().join("z")).create(&RenderedTree::default(), &coverage()).expect("nothing");
    assert!(!world.dir.path().join("z").exists());
}

#[test]
fn what_is_there_is_not_touched() {
    for is_file in [true, false] {
        let world = World::new();
        match is_file {
            true => fs::write(world.root(), "mine\n").expect("a file"),
            false => world.put("x", "mine\n"),
        }
        let before = world.everything();
        let error = create(&world).expect_err("something is there");
        assert!(matches!(error, TreeError::NotEmpty { .. }), "{error}");
        assert_eq!(world.everything(), before);
    }
}

#[test]
fn killed_at_any_point_there_is_nothing_or_all() {
    for empty in [true, false] {
        for at in 0.. {
            let world = World::new();
            if empty {
                fs::create_dir(world.root()).expect("a folder");
            }
            let mut steps = StopAt { left: Some(at), how: Stop::Kill };
            let result = world.tree().create_with_hook(&project(), &coverage(), &mut steps);
            if result.is_ok() {
                assert!(at > 15, "{at} steps are too few to be true");
                break;
            }
            assert!(world.files().is_empty(), "{:?}", world.files().keys());
            create(&world).expect("a tree");
            assert_eq!(world.everything(), written(), "killed before step {at}");
        }
    }
}

#[test]
fn failed_at_any_point_there_is_nothing() {
    for at in 0.. {
        let world = World::new();
        let mut steps = StopAt { left: Some(at), how: Stop::Fail };
        let tree = Tree::at(world.dir.path().join("made/for/tree"));
        match tree.create_with_hook(&project(), &coverage(), &mut steps) {
            Ok(_) => break,
            Err(error) => assert!(error.to_string().contains("the disk is on fire"), "{error}"),
        }
        assert!(world.everything().is_empty(), "{at}: {:?}", world.everything().keys());
    }
}

#[test]
fn only_what_nobody_works_on_is_cleared() {
    let world = World::new();
    let beside = |name: &str| {
        let folder = world.dir.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("x"), "x\n").expect("a file");
        folder
    };
    let held = beside(".tree.billpay-0123456789ab");
    let left = beside(".tree.billpay-0123456789AB");
    let others =
        [beside(".other.billpay-0123456789ab"), beside(".tree.billpay-mine"), beside(".tree.billpay-")];
    let lock = File::open(&held).expect("a folder");
    flock(&lock, FlockOperation::LockExclusive).expect("a lock");
    create(&world).expect("a tree");
    assert!(held.exists() && !left.exists());
    assert!(others.iter().all(|other| other.exists()));
}

#[test]
fn two_at_once_do_not_mix() {
    let world = World::new();
    let results: Vec<bool> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| create(&world).is_ok())).collect();
        runs.into_iter().map(|run| run.join().expect("a run")).collect()
    });
    assert_eq!(results.iter().filter(|done| **done).count(), 1);
    assert_eq!(world.everything(), written());
}
