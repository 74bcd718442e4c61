//! Files that people or the template moved, and trees that are adopted.

use std::fs;

use billpay_tree::{Action, ConflictPolicy, FilePlan, KeepReason, TreeOptions};

use crate::world::{FORCE, MERGE, PLAIN, World, kept, path, rendered};

const FOLLOW: TreeOptions = TreeOptions { renames: true, ..MERGE };
const ADOPT: TreeOptions = TreeOptions { adopt: true, renames: true, ..PLAIN };

fn text(n: usize) -> String {
    format!("# version {n}\nfirst\nsecond\nthird\nfourth\nfifth\nlast {n}\n")
}

fn plan<'a>(decision: &'a billpay_tree::Decision, at: &str) -> &'a FilePlan {
    decision.plan.files.iter().find(|file| file.path.as_str() == at).expect("a planned file")
}

#[test]
fn a_file_that_a_person_moved_is_followed() {
    let world = World::new();
    world.run(&[("a", &text(0)), ("b", "b\n")], PLAIN);
    world.put("a", &text(0).replace("third", "third # mine"));
    world.rename("a", "docs/mine.md");
    let decision = world.run(&[("a", &text(1)), ("b", "b\n")], FOLLOW);
    let file = plan(&decision, "a");
    assert_eq!((&file.action, &file.at), (&Action::Merge, &Some(path("docs/mine.md"))));
    assert!(decision.diff(&path("a")).starts_with("--- a/docs/mine.md\n"));
    let merged = |n: usize| Some(text(n).replace("third", "third # mine"));
    assert_eq!((world.text("a"), world.text("docs/mine.md")), (None, merged(1)));
    // From then on it is known, whether things are looked for or not.
    for (n, options) in [(2, MERGE), (3, FOLLOW)] {
        world.run(&[("a", &text(n)), ("b", "b\n")], options);
        assert_eq!((world.text("a"), world.text("docs/mine.md")), (None, merged(n)));
        assert!(!world.check(&[("a", &text(n)), ("b", "b\n")], options).plan.is_stale());
    }
    // On it goes, and back.
    world.rename("docs/mine.md", "other.md");
    world.run(&[("a", &text(4)), ("b", "b\n")], FOLLOW);
    assert_eq!((world.text("a"), world.text("other.md")), (None, merged(4)));
    world.rename("other.md", "a");
    assert_eq!(plan(&world.run(&[("a", &text(5)), ("b", "b\n")], FOLLOW), "a").at, None);
    assert_eq!(world.text("a"), merged(5));
    assert!(!world.text(".billpay/manifest.json").expect("a manifest").contains("\"at\""));
}

#[test]
fn a_moved_file_goes_when_it_is_no_longer_rendered() {
    let world = World::new();
    world.run(&[("a", &text(0)), ("b", &text(9))], PLAIN);
    world.rename("a", "x/a");
    world.rename("b", "x/b");
    world.run(&[("a", &text(0)), ("b", &text(9))], FOLLOW);
    world.put("x/b", "mine\n");
    world.run(&[], PLAIN);
    assert_eq!((world.text("x/a"), world.text("x/b").as_deref()), (None, Some("mine\n")));
}

#[test]
fn a_folder_that_a_person_moved_is_followed() {
    let world = World::new();
    let names = ["src/main.rs", "src/deep/main.rs", "src/deep/__init__.py", "src/.keep", "other/.keep"];
    let texts = |n: usize| [text(n), text(n), String::new(), String::new(), String::new()];
    let files = |n: usize| {
        let files: Vec<(&str, String)> = names.into_iter().zip(texts(n)).collect();
        rendered(&files.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>())
    };
    world.write(&files(0), PLAIN);
    world.rename("src", "lib/core");
    let decision = world.write(&files(1), FOLLOW);
    assert!(!world.root().join("src").exists());
    for name in &names[..4] {
        let at = name.replace("src", "lib/core");
        assert_eq!(plan(&decision, name).at.as_ref().map(ToString::to_string), Some(at), "{name}");
    }
    assert_eq!(world.text("lib/core/deep/main.rs"), Some(text(1)));
    assert_eq!(plan(&decision, "other/.keep").at, None);
    assert!(!world.write(&files(1), FOLLOW).plan.is_stale());
}

#[test]
fn what_is_not_alike_is_a_deletion_and_each_file_is_one_files_place() {
    let world = World::new();
    let other: String = (0..30).map(|n| format!("something else {n}\n")).collect();
    let files = |n: usize| {
        let one = text(n);
        rendered(&[("a", &one), ("b", &one), ("c", "short\n"), ("empty", "")])
    };
    world.write(&files(0), PLAIN);
    for at in ["a", "b", "c", "empty"] {
        world.delete(at);
    }
    world.put("x/b", &text(0));
    world.put("notes", &other);
    world.put("blank", "");
    world.put("node_modules/m/c", "short\n");
    world.put("target/c", "short\n");
    fs::create_dir_all(world.root().join("sub/.git")).expect("a folder");
    world.put("sub/c", "short\n");
    let decision = world.write(&files(1), FOLLOW);
    assert_eq!(plan(&decision, "b").at, Some(path("x/b")));
    for at in ["a", "c", "empty"] {
        assert_eq!(plan(&decision, at).action, Action::Kept { reason: KeepReason::Deleted }, "{at}");
        assert_eq!(world.text(at), None);
    }
    assert_eq!(world.text("x/b"), Some(text(1)));
    assert_eq!(world.text("notes"), Some(other));
    // A deletion that was one stays one, also when something like it turns up.
    world.put("later/a", &text(0));
    assert_eq!(World::action(&world.write(&files(2), FOLLOW), "a"), kept(KeepReason::Deleted));
    assert_eq!(world.text("later/a"), Some(text(0)));
}

#[test]
fn nothing_is_searched_for_unless_that_is_asked_for() {
    let world = World::new();
    world.run(&[("a", &text(0))], PLAIN);
    world.rename("a", "b");
    assert_eq!(World::action(&world.check(&[("a", &text(1))], MERGE), "a"), kept(KeepReason::Deleted));
    assert_eq!(World::action(&world.check(&[("a", &text(1))], FOLLOW), "a"), Some(Action::Update));
}

#[test]
fn edits_go_along_when_the_template_renames_a_file() {
    let world = World::new();
    world.run(&[("old/a", &text(0)), ("old/b", &text(0)), ("c", "c\n")], PLAIN);
    world.put("old/a", &text(0).replace("third", "third # mine"));
    world.set_mode("old/a", 0o755);
    let new = &[("new/a", text(1)), ("new/b", text(1))];
    let new = [(new[0].0, new[0].1.as_str()), (new[1].0, new[1].1.as_str()), ("c", "c\n")];
    let decision = world.run(&new, FOLLOW);
    let file = plan(&decision, "new/a");
    assert_eq!((&file.action, &file.from), (&Action::Merge, &Some(path("old/a"))));
    assert_eq!(world.text("new/a"), Some(text(1).replace("third", "third # mine")));
    assert_eq!(world.mode("new/a"), 0o755);
    assert_eq!(world.text("new/b"), Some(text(1)));
    assert!(!world.root().join("old").exists(), "{:?}", world.files().keys());
    assert!(!world.check(&new, FOLLOW).plan.is_stale());
    // The same without looking for it: the edited file is theirs, the new one is new.
    let world = World::new();
    world.run(&[("old", &text(0))], PLAIN);
    world.put("old", &text(0).replace("third", "third # mine"));
    let decision = world.run(&[("new", &text(1))], MERGE);
    assert_eq!(World::action(&decision, "old"), kept(KeepReason::NoLongerRendered));
    assert_eq!(world.text("new"), Some(text(1)));
}

#[test]
fn moves_and_deletions_of_both_sides_go_together() {
    // The template renames what a person moved: it stays where the person has it.
    let start = || {
        let world = World::new();
        world.run(&[("old", &text(0))], PLAIN);
        world
    };
    let world = start();
    world.rename("old", "mine");
    let decision = world.run(&[("new", &text(1))], FOLLOW);
    assert_eq!(plan(&decision, "new").at, Some(path("mine")));
    assert_eq!((world.text("mine"), world.text("new")), (Some(text(1)), None));
    assert!(!world.check(&[("new", &text(1))], FOLLOW).plan.is_stale());
    // Both to the same place.
    let world = start();
    world.put("old", &text(0).replace("third", "third # mine"));
    world.rename("old", "new");
    let decision = world.run(&[("new", &text(1))], FOLLOW);
    assert_eq!(plan(&decision, "new").action, Action::Merge);
    assert_eq!(world.text("new"), Some(text(1).replace("third", "third # mine")));
    // A person deleted it: it stays deleted under its new name.
    let world = start();
    world.delete("old");
    assert_eq!(World::action(&world.run(&[("new", &text(1))], FOLLOW), "new"), kept(KeepReason::Deleted));
    assert_eq!(World::action(&world.run(&[("new", &text(2))], FOLLOW), "new"), kept(KeepReason::Deleted));
    assert_eq!(World::action(&world.run(&[("new", &text(2))], FORCE), "new"), Some(Action::Create));
    // What contradicts is marked at the new place.
    let world = start();
    world.put("old", &text(0).replace("last 0", "last mine"));
    let inline = TreeOptions { conflict: ConflictPolicy::Inline, ..FOLLOW };
    world.run(&[("new", &text(1))], inline);
    let text_of = world.text("new").expect("a file");
    assert!(text_of.contains("<<<<<<< yours\nlast mine\n=======\nlast 1\n>>>>>>> template\n"), "{text_of}");
    assert_eq!(world.text("old"), None);
    // Left alone, both are there.
    let world = start();
    world.put("old", &text(0).replace("last 0", "last mine"));
    let decision = world.run(&[("new", &text(1))], FOLLOW);
    assert_eq!(World::action(&decision, "old"), kept(KeepReason::NoLongerRendered));
    assert_eq!(world.text("new"), Some(text(1)));
}

#[test]
fn a_place_that_a_person_moved_a_file_to_is_taken() {
    let world = World::new();
    world.run(&[("a", &text(0))], PLAIN);
    world.rename("a", "b");
    world.run(&[("a", &text(0))], FOLLOW);
    for options in [FOLLOW, FORCE] {
        let decision = world.run(&[("a", &text(0)), ("b", "new\n")], options);
        assert_eq!(World::action(&decision, "b"), kept(KeepReason::Foreign));
        assert_eq!((world.text("a"), world.text("b")), (None, Some(text(0))));
    }
    // What is rendered no longer takes nothing with it that is somebody else's by now.
    world.run(&[("a", &text(1))], FOLLOW);
    assert_eq!(world.text("b"), Some(text(1)));
}

#[test]
fn a_file_that_is_rendered_where_another_was_moved_to_takes_it_over() {
    let world = World::new();
    world.run(&[("a", &text(0))], PLAIN);
    world.rename("a", "b");
    world.run(&[("a", &text(0))], FOLLOW);
    for _ in 0..2 {
        world.run(&[("b", &text(0))], PLAIN);
        assert_eq!(world.text("b"), Some(text(0)));
    }
}

#[test]
fn a_file_becomes_a_folder_though_it_was_edited() {
    let world = World::new();
    world.run(&[("a", &text(0))], PLAIN);
    world.put("a", &text(0).replace("third", "third # mine"));
    world.rename("a", "keep");
    world.run(&[("a/b", &text(1))], FOLLOW);
    assert!(world.text("keep").expect("theirs").contains("# mine"));
}

#[test]
fn adopting_writes_no_file_and_takes_differences_for_edits() {
    let world = World::new();
    world.put("same", &text(0));
    world.put("edited", &text(0).replace("third", "third # mine"));
    world.put("docs/moved", &text(0).replace("second", "second # mine"));
    world.put("theirs", "mine\n");
    let new =
        rendered(&[("same", &text(0)), ("edited", &text(0)), ("moved", &text(0)), ("x/gone", "gone\n")]);
    let before = world.files();
    let decision = world.write(&new, ADOPT);
    assert_eq!(world.files(), before);
    assert_eq!(plan(&decision, "same").action, Action::Adopt);
    assert_eq!(plan(&decision, "edited").action, Action::Kept { reason: KeepReason::Edited });
    assert_eq!(plan(&decision, "moved").at, Some(path("docs/moved")));
    assert_eq!(plan(&decision, "x/gone").action, Action::Kept { reason: KeepReason::Deleted });
    assert!(!world.write(&new, ADOPT).plan.is_stale());
    assert_eq!(world.files(), before);
    // It goes on as if it had been rendered from the beginning.
    let newer =
        rendered(&[("same", &text(1)), ("edited", &text(1)), ("moved", &text(1)), ("x/gone", "new\n")]);
    let counts = world.write(&newer, FOLLOW).plan.counts();
    assert_eq!((counts.update, counts.merge, counts.kept), (1, 2, 1));
    assert_eq!(world.text("docs/moved"), Some(text(1).replace("second", "second # mine")));
    assert_eq!((world.text("x/gone"), world.text("theirs").as_deref()), (None, Some("mine\n")));
}
