//! Trees with more than text: binary files, run bits, empty folders, records and the pack of bases.

use std::fs;

use billpay_tree::{Action, ConflictPolicy, KeepReason, RenderedTree, RenderingError, TreeOptions, decide};

use crate::world::{FORCE, MERGE, PLAIN, World, coverage, file, kept, path, rendered};

const BINARY: &[u8] = b"\0\r\n\xff\r\n\n";

fn one(at: &str, bytes: impl Into<Vec<u8>>, executable: bool) -> RenderedTree {
    RenderedTree { files: [(path(at), file(bytes, executable))].into(), ..RenderedTree::default() }
}

#[test]
fn binary_files_pass_through_exactly() {
    let world = World::new();
    world.write(&one("b", BINARY, false), PLAIN);
    assert_eq!(world.files()["b"], BINARY);
    assert!(!world.root().join(".billpay/base.pack").exists(), "nothing can be merged into it");
    // Line ends are not just line ends in it.
    world.put_bytes("b", b"\0\n\xff\n\n");
    let new = one("b", b"\0\xff", false);
    assert_eq!(World::action(&world.write(&new, MERGE), "b"), kept(KeepReason::Binary));
    assert_eq!(World::action(&world.write(&new, FORCE), "b"), Some(Action::Overwrite));
    assert_eq!(world.files()["b"], b"\0\xff");
    assert_eq!(
        World::action(&world.write(&one("b", "now a text\n", false), PLAIN), "b"),
        Some(Action::Update)
    );
    let decision = world.write(&one("b", BINARY, false), PLAIN);
    assert_eq!(decision.diff(&path("b")), "Binary files a/b and b/b differ\n");
    assert_eq!(world.files()["b"], BINARY);
}

#[test]
fn run_bits_follow_whoever_changed_them() {
    let world = World::new();
    world.write(&one("run", "1\n", true), PLAIN);
    assert_eq!(world.mode("run") & 0o100, 0o100);
    assert!(world.text(".billpay/manifest.json").expect("a manifest").contains("\"executable\": true"));
    // The template takes it back.
    let decision = world.write(&one("run", "1\n", false), PLAIN);
    assert_eq!(World::action(&decision, "run"), Some(Action::Update));
    assert_eq!(decision.diff(&path("run")), "old mode 100755\nnew mode 100644\n");
    assert_eq!(world.mode("run") & 0o111, 0);
    // A person gives it, and keeps others from reading.
    world.set_mode("run", 0o740);
    assert!(!world.check(&[("run", "1\n")], MERGE).plan.is_stale());
    world.write(&one("run", "2\n", false), PLAIN);
    assert_eq!((world.mode("run"), world.text("run").as_deref()), (0o740, Some("2\n")));
    // Both took it.
    world.write(&one("run", "2\n", true), PLAIN);
    world.set_mode("run", 0o640);
    world.write(&one("run", "2\n", false), PLAIN);
    assert_eq!(world.mode("run"), 0o640);
    // Who may read it may run it.
    world.write(&one("run", "2\n", true), PLAIN);
    assert_eq!(world.mode("run"), 0o750);
    // Forced, it is as it is rendered; with an edit of the text it is merged.
    world.set_mode("run", 0o644);
    assert_eq!(World::action(&world.write(&one("run", "2\n", true), FORCE), "run"), Some(Action::Overwrite));
    assert_eq!(world.mode("run"), 0o755);
    world.put("run", "2\nmine\n");
    assert_eq!(
        World::action(&world.write(&one("run", "2\n", false), PLAIN), "run"),
        kept(KeepReason::Behind)
    );
    assert_eq!(World::action(&world.write(&one("run", "2\n", false), MERGE), "run"), Some(Action::Merge));
    assert_eq!((world.mode("run"), world.text("run").as_deref()), (0o644, Some("2\nmine\n")));
}

#[test]
fn a_manifest_from_before_there_were_run_bits_is_read() {
    let world = World::new();
    world.run(&[("a", "1\n")], PLAIN);
    let manifest = world.text(".billpay/manifest.json").expect("a manifest");
    assert!(!manifest.contains("executable") && !manifest.contains("\"at\""), "{manifest}");
    assert_eq!(World::action(&world.write(&one("a", "1\n", true), PLAIN), "a"), Some(Action::Update));
    assert_eq!(world.mode("a") & 0o100, 0o100);
}

#[test]
fn empty_folders_are_made_once() {
    let world = World::new();
    let new = RenderedTree { folders: [path("x/empty"), path("x"), path("theirs")].into(), ..rendered(&[]) };
    world.put("theirs/file", "mine\n");
    let decision = world.write(&new, PLAIN);
    assert_eq!(decision.plan.folders, [path("x"), path("x/empty")]);
    assert!(decision.plan.is_stale() && world.root().join("x/empty").is_dir());
    assert!(!world.write(&new, PLAIN).plan.is_stale());
    // A person who deletes it doesn't want it.
    fs::remove_dir(world.root().join("x/empty")).expect("a folder");
    for _ in 0..2 {
        assert!(!world.write(&new, MERGE).plan.is_stale());
        assert!(!world.root().join("x/empty").exists());
    }
    world.write(&new, FORCE);
    assert!(world.root().join("x/empty").is_dir());
    // It goes with the template, unless something is in it.
    world.write(&rendered(&[]), PLAIN);
    assert!(!world.root().join("x").exists() && world.root().join("theirs").exists());
    // A file where a folder is to be is a person's.
    world.put("x", "mine\n");
    assert!(!world.write(&new, FORCE).plan.is_stale());
    assert_eq!(world.text("x").as_deref(), Some("mine\n"));
}

#[test]
fn records_are_written_with_the_files() {
    let world = World::new();
    let with = |text: &str| {
        let records = [("scaffold.yaml".to_owned(), text.as_bytes().to_vec())].into();
        RenderedTree { records, ..rendered(&[("a", "1\n")]) }
    };
    world.write(&with("version: 1\n"), PLAIN);
    assert_eq!(world.text(".billpay/scaffold.yaml").as_deref(), Some("version: 1\n"));
    assert_eq!(
        world.tree().record("scaffold.yaml").expect("a record").as_deref(),
        Some(&b"version: 1\n"[..])
    );
    assert_eq!(world.tree().record("other.yaml").expect("no record"), None);
    assert!(!world.tree().check(&with("version: 1\n"), &coverage(), PLAIN).expect("a plan").plan.is_stale());
    let plan = world.tree().check(&with("version: 2\n"), &coverage(), PLAIN).expect("a plan").plan;
    assert!(plan.is_stale() && plan.records == ["scaffold.yaml"]);
    world.write(&with("version: 2\n"), PLAIN);
    assert_eq!(world.text(".billpay/scaffold.yaml").as_deref(), Some("version: 2\n"));
    for name in ["manifest.json", "base.pack", "../x", "a/b", "", ".gitignore", "staging", "lock"] {
        let new = RenderedTree { records: [(name.to_owned(), vec![])].into(), ..RenderedTree::default() };
        let refused = decide(&new, &coverage(), PLAIN, &Default::default(), &Default::default());
        assert_eq!(refused, Err(RenderingError::Record { name: name.to_owned() }), "{name}");
    }
}

#[test]
fn a_pack_that_is_lost_or_damaged_costs_only_the_merges() {
    let files = &[("a", "1\n2\n3\n4\n5\n"), ("b", "b\n")];
    let new = &[("a", "1\n2\n3\n4\nfive\n"), ("b", "b\n")];
    let pack = |world: &World| fs::read(world.root().join(".billpay/base.pack")).expect("a pack");
    let world = World::new();
    world.run(files, PLAIN);
    world.put("a", "one\n2\n3\n4\n5\n");
    let sound = pack(&world);
    let mut flipped = sound.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let cases: Vec<Option<Vec<u8>>> = vec![
        None,
        Some(vec![]),
        Some(b"no pack".to_vec()),
        Some(flipped),
        Some(sound[..sound.len() / 2].to_vec()),
        Some(pack(&{
            let other = World::new();
            other.run(&[("a", "another tree\n")], PLAIN);
            other
        })),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let world = world.copy();
        match &case {
            Some(bytes) => world.put_bytes(".billpay/base.pack", bytes),
            None => world.delete(".billpay/base.pack"),
        }
        let decision = world.run(new, MERGE);
        assert_eq!(World::action(&decision, "a"), kept(KeepReason::NoBase), "{number}");
        assert_eq!(World::action(&decision, "b"), Some(Action::Unchanged));
        assert_eq!(world.text("a").as_deref(), Some("one\n2\n3\n4\n5\n"));
        // Once the edit is settled, all can be merged again.
        world.run(new, TreeOptions { keep: true, ..MERGE });
        let newer = &[("a", "1\n2\nthree\n4\nfive\n"), ("b", "b\n")];
        assert_eq!(World::action(&world.run(newer, MERGE), "a"), Some(Action::Merge), "{number}");
    }
    // With it, the same is no trouble.
    assert_eq!(World::action(&world.run(new, MERGE), "a"), Some(Action::Merge));
}

#[test]
fn what_was_kept_in_single_files_once_goes() {
    let world = World::new();
    world.run(&[("a", "1\n")], PLAIN);
    world.put(".billpay/base/a.base", "1\n");
    world.run(&[("a", "1\n")], PLAIN);
    assert!(!world.root().join(".billpay/base").exists());
}

#[test]
fn the_same_tree_has_the_same_records() {
    let files: Vec<(String, String)> =
        (0..50).map(|n| (format!("d{}/f{n}", n % 7), format!("line {n}\n").repeat(n))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(at, text)| (at.as_str(), text.as_str())).collect();
    let (one, other) = (World::new(), World::new());
    one.run(&files, PLAIN);
    // By another way.
    other.run(&files[..20], PLAIN);
    other.run(&files[10..], PLAIN);
    other.run(&files, TreeOptions { conflict: ConflictPolicy::Inline, renames: true, ..MERGE });
    assert_eq!(one.everything(), other.everything());
}
