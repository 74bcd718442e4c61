//! Runs that are killed, or fail, at every point there is.

use billpay_tree::disk::TreeError;
use billpay_tree::{ConflictPolicy, Coverage, RenderedTree, TreeOptions};

use crate::world::{Files, MERGE, PLAIN, Stop, World, coverage, file, path, rendered, same};

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/// A tree that people worked on, and a rendering with something of everything.
fn busy() -> (World, RenderedTree) {
    let world = World::new();
    let text = TEN.to_owned();
    let old: Vec<(&str, &str)> =
        ["merged", "kept", "gone", "x/y/gone", "same", "crlf", "deleted", "file", "folder/f", "edited-gone"]
            .map(|at| (at, text.as_str()))
            .to_vec();
    world.run(&old, PLAIN);
    world.put("merged", &text.replace("10\n", "person-10\n"));
    world.put("kept", &text.replace("1\n", "person-1\n"));
    world.put("crlf", &text.replace('\n', "\r\n"));
    world.put("edited-gone", "person-gone\n");
    world.put("x/theirs", "person-x\n");
    world.put("foreign", "person-foreign\n");
    world.put("adopted", "new\n");
    world.delete("deleted");
    let new = TEN.replace("1\n", "one\n");
    let files = ["merged", "kept", "crlf", "deleted", "made/here/new", "foreign", "file/f", "folder"];
    let mut files: Vec<(&str, &str)> = files.map(|at| (at, new.as_str())).to_vec();
    files.extend([("same", TEN), ("adopted", "new\n")]);
    (world, rendered(&files))
}

/// Merges where it can, in a tree that has more than texts in it.
fn merged() -> Scene {
    let (world, mut new) = busy();
    let mut old = rendered(&[]);
    old.files.insert(path("bin"), file("\0one", false));
    old.files.insert(path("tool"), file("#!one\n", true));
    let only = Coverage { scopes: ["more".to_owned()].into(), ..Coverage::default() };
    old.files.values_mut().for_each(|file| file.scope = "more".into());
    world.tree().write(&old, &only, PLAIN).expect("a run");
    world.set_mode("merged", 0o755);
    new.files.insert(path("bin"), file("\0two", true));
    new.files.insert(path("tool"), file("#!one\n", false));
    new.files.insert(path("logo"), file("\0\u{1}", true));
    new.folders = [path("empty/folder")].into();
    new.records = [("scaffold.yaml".to_owned(), b"version: 2\n".to_vec())].into();
    Scene { name: "merged", world, new, options: MERGE }
}

/// A tree in which people and the template contradict and move each other.
fn contradicting(conflict: ConflictPolicy) -> Scene {
    let world = World::new();
    let text = |n: usize| format!("top {n}\n{TEN}bottom {n}\n");
    let (old, new) = (text(0), text(1));
    let names = ["clash", "half", "moved", "folder/a", "folder/b", "old-name", "old-gone", "lost", "plain"];
    world.run(&names.map(|at| (at, old.as_str())), PLAIN);
    let mut bin = rendered(&names.map(|at| (at, old.as_str())));
    bin.files.insert(path("bin"), file("\0one", false));
    world.write(&bin, PLAIN);
    world.put("clash", "person-1\nperson-2\n");
    world.put("half", &old.replace("top 0", "person-top").replace("5\n", "person-5\n"));
    world.put("moved", &old.replace("5\n", "person-moved\n"));
    world.rename("moved", "elsewhere/moved-on");
    world.put("folder/b", &old.replace("5\n", "person-b\n"));
    world.rename("folder", "place");
    world.put("old-name", &old.replace("5\n", "person-old\n"));
    world.put("bin", "person-\0\n");
    world.delete("old-gone");
    let names = ["clash", "half", "moved", "folder/a", "folder/b", "new/name", "plain"];
    let mut new = rendered(&names.map(|at| (at, new.as_str())));
    new.files.insert(path("bin"), file("\0two", false));
    let options = TreeOptions { conflict, renames: true, ..MERGE };
    Scene { name: "contradicting", world, new, options }
}

/// A tree that was made by other means.
fn adopted() -> Scene {
    let world = World::new();
    world.put("same", "1\n");
    world.put("other", "person-1\n");
    world.put("moved-on", "1\n2\nperson-2\n");
    let mut new = rendered(&[("same", "1\n"), ("other", "1\n"), ("moved", "1\n2\n3\n"), ("x/gone", "y\n")]);
    new.records = [("scaffold.yaml".to_owned(), b"version: 2\n".to_vec())].into();
    Scene { name: "adopted", world, new, options: TreeOptions { adopt: true, renames: true, ..MERGE } }
}

struct Scene {
    name: &'static str,
    world: World,
    new: RenderedTree,
    options: TreeOptions,
}

impl Scene {
    fn all() -> Vec<Scene> {
        vec![
            merged(),
            contradicting(ConflictPolicy::Inline),
            contradicting(ConflictPolicy::Reject),
            adopted(),
        ]
    }

    fn write(&self, world: &World) {
        world.write(&self.new, self.options);
    }
}

fn people(files: &Files) -> Vec<String> {
    let text: Vec<String> = files.values().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    let mut lines: Vec<String> = text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    lines.retain(|line| line.starts_with("person"));
    lines.sort();
    lines
}

#[test]
fn after_a_kill_at_any_point_the_next_run_ends_where_this_one_would_have() {
    for scene in Scene::all() {
        let Scene { name, world, new, options } = &scene;
        let theirs = people(&world.files());
        let whole = world.copy();
        scene.write(&whole);
        assert_eq!(people(&whole.files()), theirs, "{name}");
        for at in 0.. {
            let killed = world.copy();
            match killed.stopped(new, *options, at, Stop::Kill) {
                Ok(_) => {
                    assert!(at > 15, "{at} steps are too few to be true");
                    break;
                }
                Err(error) => assert!(matches!(error, TreeError::Killed), "{error}"),
            }
            // What is on its way to another path may be at both.
            let mut there = people(&killed.files());
            there.dedup();
            assert_eq!(there, theirs, "{name} killed before step {at}");
            let before = killed.everything();
            let told = killed.tree().check(new, &coverage(), *options).expect("a plan");
            assert_eq!(before, killed.everything(), "check wrote something");
            let done = killed.tree().write(new, &coverage(), *options).expect("a run");
            assert_eq!(told.plan, done.plan, "{name} killed before step {at}");
            same(&killed.everything(), &whole.everything(), &format!("{name}, stopped before step {at}"));
        }
    }
}

#[test]
fn after_a_failure_at_any_point_everything_is_as_before() {
    for scene in Scene::all() {
        let Scene { name, world, new, options } = &scene;
        let (before, fresh) = (world.everything(), World::new());
        for (world, before) in [(world, before), (&fresh, Files::new())] {
            for at in 0.. {
                let failed = world.copy();
                match failed.stopped(new, *options, at, Stop::Fail) {
                    // It was done already, but for the clearing up.
                    Ok(_) if failed.root().join(".billpay/staging").exists() => continue,
                    Ok(_) => break,
                    Err(error) => assert!(error.to_string().contains("the disk is on fire"), "{error}"),
                }
                same(&failed.everything(), &before, &format!("{name}, stopped before step {at}"));
            }
        }
    }
}

#[test]
fn a_kill_while_undoing_is_gone_on_from_too() {
    for scene in Scene::all() {
        let Scene { name, world, new, options } = &scene;
        let theirs = people(&world.files());
        let whole = world.copy();
        scene.write(&whole);
        'failures: for at in (0..).step_by(3) {
            for later in (0..).step_by(2) {
                let killed = world.copy();
                match killed.stopped(new, *options, at, Stop::FailThenKill(later)) {
                    Ok(_) => break 'failures,
                    Err(TreeError::Killed) => {}
                    Err(_) => break,
                }
                let mut there = people(&killed.files());
                there.dedup();
                assert_eq!(there, theirs, "{name} failed at step {at}, killed {later} later");
                scene.write(&killed);
                same(
                    &killed.files(),
                    &whole.files(),
                    &format!("{name}, failed at step {at}, killed {later} later"),
                );
            }
        }
    }
}

#[test]
fn what_people_write_after_a_kill_stays_theirs() {
    for scene in Scene::all() {
        let Scene { name, world, new, options } = &scene;
        for at in 0.. {
            let killed = world.copy();
            if killed.stopped(new, *options, at, Stop::Kill).is_ok() {
                break;
            }
            let is_file = |at: &String| !at.ends_with('/') && !at.ends_with(" +x");
            for (number, file) in killed.files().into_keys().filter(is_file).enumerate() {
                let text = killed.text(&file).expect("a text");
                killed.put(&file, &format!("{text}person-later-{number}\n"));
            }
            let theirs = people(&killed.files());
            // What they built on may be in the way of the new; that is told, and nothing happens.
            let result = killed.tree().write(new, &coverage(), *options);
            assert!(matches!(result, Ok(_) | Err(TreeError::InTheWay(_))));
            assert_eq!(people(&killed.files()), theirs, "{name} killed before step {at}");
        }
    }
}

#[test]
fn what_the_system_refuses_is_told_and_undone() {
    let (world, mut new) = busy();
    let (before, file) = (world.everything(), new.files.values().next().cloned().expect("a file"));
    // Each part is a name, and all together are too long for a path.
    let deep = vec!["n".repeat(250); 17].join("/");
    new.files.insert(deep.parse().expect("a path"), file);
    let error = world.tree().write(&new, &coverage(), MERGE).expect_err("too long a path");
    assert!(matches!(error, TreeError::Io { .. } | TreeError::Undone { .. }), "{error}");
    same(&world.everything(), &before, "too long a path");
}

#[test]
fn somebody_who_is_faster_wins() {
    struct Meddler<'a>(&'a World, &'static str);
    impl billpay_tree::disk::StepHook for Meddler<'_> {
        fn before(
            &mut self,
            doing: &'static str,
            at: &std::path::Path,
        ) -> Result<(), billpay_tree::disk::Interrupt> {
            if doing != "sync" && at == self.0.root().join(self.1) {
                self.0.put(self.1, "person-fast\n");
            }
            Ok(())
        }
    }
    for at in ["merged", "gone", "made/here/new"] {
        let (world, new) = busy();
        let mut before = world.files();
        let error = world
            .tree()
            .write_with_hook(&new, &coverage(), MERGE, &mut Meddler(&world, at))
            .expect_err("a change by somebody else");
        assert!(error.to_string().contains("by somebody else"), "{at}: {error}");
        before.insert(at.to_owned(), b"person-fast\n".to_vec());
        let mut after = world.files();
        after.retain(|at, _| !at.ends_with('/'));
        before.retain(|at, _| !at.ends_with('/'));
        assert_eq!(after, before, "{at}");
    }
}
