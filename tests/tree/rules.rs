//! Each rule, on disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use billpay_tree::disk::TreeError;
use billpay_tree::{Action, Coverage, KeepReason, Lines, ManifestError, RenderedFile, RenderedTree};

use crate::world::{FORCE, MERGE, PLAIN, World, coverage, kept, path, rendered};

const A: &[(&str, &str)] = &[("a", "1\n2\n3\n"), ("d/e/b", "b\n")];

#[test]
fn a_tree_is_written_then_nothing_changes() {
    let world = World::new();
    assert!(world.check(A, PLAIN).plan.is_stale());
    assert_eq!(world.run(A, PLAIN).plan.counts().create, 2);
    assert_eq!(world.text("d/e/b").as_deref(), Some("b\n"));
    assert!(!world.check(A, PLAIN).plan.is_stale());
    let (before, inode) = (world.everything(), || fs::metadata(world.root().join("a")).expect("a").ino());
    let was = inode();
    assert_eq!(world.run(A, PLAIN).plan.counts().unchanged, 2);
    assert_eq!((world.everything(), inode()), (before.clone(), was));
    let names: Vec<&str> = before.keys().filter_map(|at| at.strip_prefix("tree/.billpay/")).collect();
    let expected = ["", ".gitattributes", ".gitignore", "base.pack", "manifest.json"];
    assert_eq!(names, expected);
    // Only what changed is written.
    world.run(&[("a", "1\n2\n3\n"), ("d/e/b", "c\n")], PLAIN);
    assert_eq!(inode(), was);
}

#[test]
fn a_run_with_nothing_to_write_leaves_nothing() {
    let world = World::new();
    world.run(&[], PLAIN);
    assert!(world.everything().is_empty(), "{:?}", world.everything().keys());
}

#[test]
fn line_ends_and_modes_stay() {
    let world = World::new();
    world.run(A, PLAIN);
    world.put("a", "1\r\n2\r\n3\r\n");
    fs::set_permissions(world.root().join("a"), fs::Permissions::from_mode(0o755)).expect("a mode");
    assert!(!world.check(A, PLAIN).plan.is_stale());
    world.run(&[("a", "1\n2\n4\n"), A[1]], PLAIN);
    assert_eq!(world.text("a").as_deref(), Some("1\r\n2\r\n4\r\n"));
    assert_eq!(fs::metadata(world.root().join("a")).expect("a").mode() & 0o777, 0o755);
}

#[test]
fn an_edit_survives_ten_renderings() {
    let world = World::new();
    let render = |n: usize| format!("region = {n}\n\n# size\nsize = 1\n\n# end\nlast = {n}\n");
    world.run(&[("a", &render(0))], PLAIN);
    world.put("a", &render(0).replace("size = 1", "size = 7 # ours"));
    // Left behind once, it can still be merged later.
    assert_eq!(World::action(&world.run(&[("a", &render(100))], PLAIN), "a"), kept(KeepReason::Behind));
    for n in 1..=10 {
        assert!(world.check(&[("a", &render(n))], MERGE).plan.is_stale());
        assert_eq!(World::action(&world.run(&[("a", &render(n))], MERGE), "a"), Some(Action::Merge));
        assert_eq!(world.text("a"), Some(render(n).replace("size = 1", "size = 7 # ours")));
        assert!(!world.check(&[("a", &render(n))], MERGE).plan.is_stale());
        assert_eq!(World::action(&world.run(&[("a", &render(n))], PLAIN), "a"), kept(KeepReason::Edited));
    }
}

#[test]
fn what_overlaps_is_told_and_left() {
    let world = World::new();
    world.run(A, PLAIN);
    world.put("a", "1\nzwei\n3\n");
    let before = world.files();
    let new = &[("a", "1\ntwo\n3\n"), A[1]];
    let decision = world.run(new, MERGE);
    assert_eq!(
        World::action(&decision, "a"),
        kept(KeepReason::Overlap { lines: vec![Lines { first: 2, last: 2 }] })
    );
    assert_eq!(world.files(), before);
    assert_eq!(decision.diff(&path("a")), "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-zwei\n+two\n 3\n");
    assert_eq!(World::action(&world.run(new, FORCE), "a"), Some(Action::Overwrite));
    assert_eq!(world.text("a").as_deref(), Some("1\ntwo\n3\n"));
}

#[test]
fn deletions_renames_and_additions_hold() {
    let world = World::new();
    world.run(A, PLAIN);
    fs::rename(world.root().join("d/e/b"), world.root().join("d/e/c")).expect("a rename");
    let decision = world.run(A, PLAIN);
    assert_eq!(World::action(&decision, "d/e/b"), kept(KeepReason::Deleted));
    assert_eq!((world.text("d/e/b"), world.text("d/e/c").as_deref()), (None, Some("b\n")));
    assert!(world.text(".billpay/manifest.json").expect("a manifest").contains("\"deleted\": true"));
    world.run(&[A[0], ("d/e/b", "new\n")], MERGE);
    assert_eq!(world.text("d/e/b"), None);
    assert_eq!(World::action(&world.run(A, FORCE), "d/e/b"), Some(Action::Create));
    // Their folder stays with what they put there.
    world.run(&[A[0]], PLAIN);
    assert_eq!((world.text("d/e/b"), world.text("d/e/c").as_deref()), (None, Some("b\n")));
}

#[test]
fn what_is_no_longer_rendered_goes_with_its_folders() {
    let world = World::new();
    world.run(&[("a", "1\n"), ("x/y/b", "1\n"), ("x/c", "1\n"), ("z/k", "1\n")], PLAIN);
    world.put("x/c", "edited\n");
    let decision = world.run(&[("a", "1\n")], PLAIN);
    assert_eq!(World::action(&decision, "x/c"), kept(KeepReason::NoLongerRendered));
    assert!(!world.root().join("x/y").exists() && !world.root().join("z").exists());
    assert_eq!(world.text("x/c").as_deref(), Some("edited\n"));
    // It is theirs from now on.
    assert!(world.check(&[("a", "1\n")], PLAIN).plan.files.len() == 1);
    assert_eq!(World::action(&world.check(&[("x/c", "1\n")], MERGE), "x/c"), kept(KeepReason::Foreign));
}

#[test]
fn a_folder_that_a_person_made_stays_when_it_is_empty() {
    let world = World::new();
    fs::create_dir_all(world.root().join("theirs")).expect("a folder");
    world.run(&[("theirs/a", "1\n")], PLAIN);
    world.run(&[], PLAIN);
    assert!(world.root().join("theirs").is_dir() && world.files().len() == 1);
}

#[test]
fn nothing_is_written_or_deleted_through_a_link() {
    let world = World::new();
    world.run(&[("l/a", "1\n"), ("m", "1\n"), ("n/o", "1\n")], PLAIN);
    let outside = world.dir.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::rename(world.root().join("l"), outside.join("l")).expect("a rename");
    symlink(outside.join("l"), world.root().join("l")).expect("a link");
    fs::rename(world.root().join("m"), outside.join("m")).expect("a rename");
    symlink("../outside/m", world.root().join("m")).expect("a link");
    let there = || (fs::read(outside.join("l/a")).ok(), fs::read(outside.join("m")).ok());
    let before = there();
    for files in [&[("l/a", "2\n"), ("l/new", "2\n"), ("m", "2\n")][..], &[]] {
        for options in [PLAIN, MERGE, FORCE] {
            world.run(files, options);
            assert_eq!(there(), before);
            assert!(!outside.join("l/new").exists() && world.root().join("m").is_symlink());
        }
    }
    assert_eq!(world.run(&[("l/a", "2\n")], FORCE).plan.kept().count(), 1);
}

#[test]
fn records_behind_a_link_are_refused() {
    let world = World::new();
    world.run(A, PLAIN);
    let outside = world.dir.path().join("outside");
    fs::rename(world.root().join(".billpay/base.pack"), &outside).expect("a rename");
    symlink(&outside, world.root().join(".billpay/base.pack")).expect("a link");
    let before = world.everything();
    let error = world.tree().write(&rendered(&[("a", "2\n")]), &coverage(), PLAIN).expect_err("a link");
    assert!(
        error.to_string().contains(".billpay/base.pack is a symbolic link; every file is as it was"),
        "{error}"
    );
    assert_eq!(world.everything(), before);
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_is_touched() {
    let world = World::new();
    world.put("a/b", "theirs\n");
    world.put("c", "theirs\n");
    let before = world.everything();
    let new = rendered(&[("a", "1\n"), ("c/d", "1\n"), ("e", "1\n")]);
    assert!(world.tree().check(&new, &coverage(), FORCE).expect("a plan").plan.is_stale());
    let error = world.tree().write(&new, &coverage(), FORCE).expect_err("things are in the way");
    let text = "`a` is to be a file, and something else is there\n`c/d` can't be there: `c` is in the way";
    assert_eq!(error.to_string(), text);
    assert_eq!(world.everything(), before);
}

#[test]
fn files_become_folders_and_folders_files() {
    let world = World::new();
    world.run(&[("a", "1\n"), ("b/c/d", "1\n")], PLAIN);
    world.run(&[("a/x", "1\n"), ("b", "1\n")], PLAIN);
    assert_eq!((world.text("a/x").as_deref(), world.text("b").as_deref()), (Some("1\n"), Some("1\n")));
    world.run(&[("a", "1\n"), ("b/c/d", "1\n")], PLAIN);
    assert_eq!(world.text("b/c/d").as_deref(), Some("1\n"));
    assert!(!world.check(&[("a", "1\n"), ("b/c/d", "1\n")], PLAIN).plan.is_stale());
}

#[test]
fn scopes_are_left_alone_until_they_are_covered() {
    let world = World::new();
    let file = |scope: &str| RenderedFile::text(scope, "1\n");
    let all = RenderedTree {
        files: [(path("dev/a"), file("environment/dev")), (path("old/a"), file("environment/old"))].into(),
        ..RenderedTree::default()
    };
    let dev: std::collections::BTreeSet<String> = ["environment/dev".to_owned()].into();
    let everything = Coverage { all: true, ..Coverage::default() };
    world.tree().write(&all, &everything, PLAIN).expect("a run");
    let only_dev =
        RenderedTree { files: [(path("dev/a"), file("environment/dev"))].into(), ..RenderedTree::default() };
    let covering_dev = Coverage { scopes: dev.clone(), known: dev.clone(), all: false };
    world.tree().write(&only_dev, &covering_dev, PLAIN).expect("a run");
    assert!(world.text("old/a").is_some());
    let covering_all = Coverage { all: true, ..covering_dev };
    world.tree().write(&only_dev, &covering_all, PLAIN).expect("a run");
    assert!(world.text("old/a").is_none() && world.text("dev/a").is_some());
}

#[test]
fn a_manifest_that_cannot_be_used_stops_everything() {
    let world = World::new();
    world.run(A, PLAIN);
    for text in ["{", "", "{\"schema\": \"billpay/tree/v2\"}", "<<<<<<< HEAD\n"] {
        world.put(".billpay/manifest.json", text);
        let before = world.everything();
        let error = world.tree().write(&rendered(&[]), &coverage(), FORCE).expect_err("a damaged manifest");
        assert!(
            matches!(&error, TreeError::Manifest { path, .. } if path.ends_with(".billpay/manifest.json"))
        );
        assert!(!error.hints().is_empty());
        let newer = matches!(error, TreeError::Manifest { damage: ManifestError::Newer { .. }, .. });
        assert_eq!(newer, text.contains("v2"));
        assert!(world.tree().check(&rendered(A), &coverage(), PLAIN).is_err());
        assert_eq!(world.everything(), before);
    }
    // Starting anew adopts what is as rendered.
    world.delete(".billpay/manifest.json");
    world.put("a", "mine\n");
    let decision = world.run(A, PLAIN);
    assert_eq!(World::action(&decision, "d/e/b"), Some(Action::Adopt));
    assert_eq!(World::action(&decision, "a"), kept(KeepReason::Foreign));
}

#[test]
fn a_second_run_says_who_is_at_work() {
    let world = World::new();
    world.run(A, PLAIN);
    let lock = world.root().join(".billpay/lock");
    let file = fs::OpenOptions::new().read(true).write(true).open(&lock).expect("a lock");
    fs::write(&lock, "process 4711").expect("a holder");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
    for error in [
        world.tree().write(&rendered(&[]), &coverage(), PLAIN).expect_err("busy"),
        world.tree().check(&rendered(&[]), &coverage(), PLAIN).expect_err("busy"),
    ] {
        assert!(error.to_string().contains("at work here: process 4711 holds"), "{error}");
    }
    drop(file);
    world.run(&[], PLAIN);
}

#[test]
fn a_file_that_is_no_text_is_a_persons_edit() {
    let world = World::new();
    world.run(A, PLAIN);
    fs::write(world.root().join("a"), b"\xff\n2\n3\n").expect("a file");
    let decision = world.run(&[("a", "1\n2\n4\n"), A[1]], MERGE);
    assert_eq!(World::action(&decision, "a"), Some(Action::Merge));
    assert_eq!(fs::read(world.root().join("a")).expect("a file"), b"\xff\n2\n4\n");
}
