//! Conflicts: changes that can't be merged, and what becomes of them.

use billpay_tree::disk::TreeError;
use billpay_tree::{
    Action, ConflictLocation, ConflictPolicy, KeepReason, Lines, RenderedTree, TreeOptions, merge_marked,
    merge_rejecting,
};
use proptest::prelude::*;

use crate::world::{MERGE, PLAIN, World, coverage, file, kept, path, rendered};

const BASE: &str = "top\n2\n3\n4\n5\n6\nbottom\n";
const MINE: &str = "my top\n2\n3\n4\n5\n6\nbottom\n";
const NEW: &str = "new top\n2\n3\n4\n5\n6\nnew bottom\n";

const INLINE: TreeOptions = TreeOptions { conflict: ConflictPolicy::Inline, ..MERGE };
const REJECT: TreeOptions = TreeOptions { conflict: ConflictPolicy::Reject, ..MERGE };
const FAIL: TreeOptions = TreeOptions { conflict: ConflictPolicy::Fail, ..MERGE };

fn edited(base: &str, mine: &str) -> World {
    let world = World::new();
    world.run(&[("a", base)], PLAIN);
    world.put("a", mine);
    world
}

#[test]
fn inline_both_stand_in_the_file() {
    let world = edited(BASE, MINE);
    assert!(world.check(&[("a", NEW)], INLINE).plan.is_stale());
    let decision = world.run(&[("a", NEW)], INLINE);
    let lines = vec![Lines { first: 1, last: 5 }];
    let action = Action::Conflict { location: ConflictLocation::Inline { lines } };
    assert_eq!(World::action(&decision, "a"), Some(action));
    assert_eq!(decision.plan.counts().conflict, 1);
    let text = "<<<<<<< yours\nmy top\n=======\nnew top\n>>>>>>> template\n2\n3\n4\n5\n6\nnew bottom\n";
    assert_eq!(world.text("a").as_deref(), Some(text));
    assert!(decision.diff(&path("a")).contains("+<<<<<<< yours\n my top\n+=======\n+new top\n"));
    // It is settled: the next change of the template merges with what people made of it.
    assert_eq!(World::action(&world.run(&[("a", NEW)], INLINE), "a"), kept(KeepReason::Edited));
    world.put("a", &text.replace("<<<<<<< yours\nmy top\n=======\n", "").replace(">>>>>>> template\n", ""));
    assert_eq!(World::action(&world.run(&[("a", NEW)], INLINE), "a"), Some(Action::Unchanged));
    let json = serde_json::to_string(&decision.plan).expect("JSON");
    let expected = r#""action":"conflict","marked":"inline","lines":[{"first":1,"last":5}]"#;
    assert!(json.contains(expected), "{json}");
}

#[test]
fn markers_have_the_line_ends_of_the_file() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let world = edited(BASE, &crlf(MINE));
    world.run(&[("a", NEW)], INLINE);
    let text = "<<<<<<< yours\nmy top\n=======\nnew top\n>>>>>>> template\n2\n3\n4\n5\n6\nnew bottom\n";
    assert_eq!(world.text("a"), Some(crlf(text)));
    // A last line without an end gets one, or a marker would stand in it.
    let world = edited("1\n2", "1\nmine");
    world.run(&[("a", "1\nnew")], INLINE);
    assert_eq!(world.text("a").as_deref(), Some("1\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> template\n"));
}

#[test]
fn without_a_base_all_that_differs_is_marked() {
    let world = edited(BASE, MINE);
    world.delete(".billpay/base.pack");
    world.run(&[("a", NEW)], INLINE);
    let text = "<<<<<<< yours\nmy top\n=======\nnew top\n>>>>>>> template\n2\n3\n4\n5\n6\n\
                <<<<<<< yours\nbottom\n=======\nnew bottom\n>>>>>>> template\n";
    assert_eq!(world.text("a").as_deref(), Some(text));
    let world = edited(BASE, MINE);
    world.delete(".billpay/base.pack");
    world.run(&[("a", NEW)], REJECT);
    assert_eq!(world.text("a").as_deref(), Some(MINE));
    let rejected = world.text("a.rej").expect("what was rejected");
    assert!(
        rejected.contains("-my top\n+new top\n") && rejected.contains("-bottom\n+new bottom\n"),
        "{rejected}"
    );
}

#[test]
fn rejected_changes_go_to_a_file_beside() {
    let world = edited(BASE, MINE);
    let decision = world.run(&[("a", NEW)], REJECT);
    let location = ConflictLocation::Rejected { file: path("a.rej") };
    assert_eq!(World::action(&decision, "a"), Some(Action::Conflict { location }));
    assert_eq!(world.text("a").as_deref(), Some("my top\n2\n3\n4\n5\n6\nnew bottom\n"));
    let rejected = "--- a/a\n+++ b/a\n@@ -1,4 +1,4 @@\n-top\n+new top\n 2\n 3\n 4\n";
    assert_eq!(world.text("a.rej").as_deref(), Some(rejected));
    assert!(decision.diff(&path("a")).contains("+++ b/a.rej"));
    assert_eq!(World::action(&world.run(&[("a", NEW)], REJECT), "a"), kept(KeepReason::Edited));

    // One of ours is replaced, one that a person worked on isn't.
    let newer = &[("a", "newer top\n2\n3\n4\n5\n6\nnew bottom\n")];
    world.run(newer, REJECT);
    assert!(world.text("a.rej").expect("what was rejected").contains("-new top\n+newer top\n"));
    world.put("a.rej", "mine\n");
    let newest = &[("a", "newest top\n2\n3\n4\n5\n6\nnew bottom\n")];
    let before = world.everything();
    let error = world.tree().write(&rendered(newest), &coverage(), REJECT).expect_err("it is in the way");
    let text = "what can't be merged into `a` is to go to `a.rej`, and that is there already";
    assert_eq!(error.to_string(), text);
    assert_eq!(world.everything(), before);
}

#[test]
fn a_binary_file_is_left_and_the_new_one_put_beside() {
    let one = |bytes: &[u8]| RenderedTree {
        files: [(path("b"), file(bytes, false))].into(),
        ..RenderedTree::default()
    };
    for options in [INLINE, REJECT] {
        let world = World::new();
        world.write(&one(b"\0one"), PLAIN);
        world.put_bytes("b", b"\0mine");
        assert!(matches!(
            world.tree().write(&one(b"\0two"), &coverage(), FAIL),
            Err(TreeError::Conflicts(_))
        ));
        let decision = world.write(&one(b"\0two"), options);
        let location = ConflictLocation::New { file: path("b.new") };
        assert_eq!(World::action(&decision, "b"), Some(Action::Conflict { location }));
        assert_eq!((&world.files()["b"][..], &world.files()["b.new"][..]), (&b"\0mine"[..], &b"\0two"[..]));
        world.write(&one(b"\0three"), options);
        assert_eq!(world.files()["b.new"], b"\0three");
    }
}

#[test]
fn failing_names_every_conflict_and_writes_nothing() {
    let world = World::new();
    world.run(&[("a", BASE), ("b", BASE), ("c", BASE)], PLAIN);
    world.put("a", MINE);
    world.put("b", MINE);
    let new = rendered(&[("a", NEW), ("b", NEW), ("c", NEW), ("d", NEW)]);
    let before = world.everything();
    let error = world.tree().write(&new, &coverage(), FAIL).expect_err("conflicts");
    let line = |at: &str| format!("`{at}`: your edit and the change are in the same place (line 1)");
    assert_eq!(error.to_string(), format!("{}\n{}", line("a"), line("b")));
    assert!(!error.hints().is_empty());
    assert_eq!(world.everything(), before);
    assert!(world.tree().check(&new, &coverage(), FAIL).expect("a plan").plan.is_stale());
    // Where nothing contradicts, nothing fails.
    let new = rendered(&[("a", BASE), ("b", BASE), ("c", NEW), ("d", NEW)]);
    world.tree().write(&new, &coverage(), FAIL).expect("a run");
}

#[test]
fn what_is_beside_a_moved_file_is_seen_too() {
    // Enough in common to be recognised.
    let long = |text: &str| text.replace("4\n", &format!("{}\n", "4".repeat(50)));
    let (base, mine, new) = (long(BASE), long(MINE), long(NEW));
    let follow = TreeOptions { renames: true, ..REJECT };
    for template_too in [false, true] {
        let world = edited(&base, &mine);
        world.rename("a", "x/moved");
        world.put("x/moved.rej", "mine\n");
        let before = world.everything();
        let at = if template_too { "b" } else { "a" };
        let error =
            world.tree().write(&rendered(&[(at, &new)]), &coverage(), follow).expect_err("in the way");
        assert!(
            matches!(error, TreeError::InTheWay(_)) && error.to_string().contains("x/moved.rej"),
            "{error}"
        );
        assert_eq!(world.everything(), before);
        world.delete("x/moved.rej");
        world.tree().write(&rendered(&[(at, &new)]), &coverage(), follow).expect("a run");
        assert!(world.text("x/moved.rej").expect("what was rejected").contains("+new top"));
        assert_eq!(world.text("x/moved"), Some(new.replace("new top", "my top")));
    }
}

/// Texts of few lines, many of them alike; and edits of them.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![Just(""), Just("}"), Just("a"), Just("b"), Just("c")];
    proptest::collection::vec(line.prop_map(str::to_owned), 0..12)
}

fn edits() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((0..14_usize, 0..3_u8), 0..6)
}

fn edit(base: &[String], edits: &[(usize, u8)], who: &str) -> Vec<String> {
    let mut lines = base.to_vec();
    for (number, (at, how)) in edits.iter().enumerate() {
        let line = format!("{who} {number}");
        match (how, lines.len()) {
            (0, _) => lines.insert(at % (lines.len() + 1), line),
            (1, len) if len > 0 => drop(lines.remove(at % len)),
            (_, len) if len > 0 => lines[at % len] = line,
            _ => {}
        }
    }
    lines
}

fn text(lines: &[String], crlf: bool, ended: bool) -> String {
    let end = if crlf { "\r\n" } else { "\n" };
    let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
    if ended { text } else { text.trim_end_matches(['\r', '\n']).to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each line of the edited file, and each that the template added, is in the result or
    /// beside it; and no line is there that nobody wrote.
    #[test]
    fn a_merge_loses_no_line(
        base in lines(), mine in edits(), new in edits(), lost in any::<bool>(),
        crlf in any::<bool>(), ended in any::<[bool; 3]>(),
    ) {
        let (mine, new) = (edit(&base, &mine, "mine"), edit(&base, &new, "new"));
        let base_text = text(&base, false, ended[0]);
        let (theirs, rendering) = (text(&mine, crlf, ended[1]), text(&new, false, ended[2]));
        let known = (!lost).then_some(base_text.as_bytes());
        let (marked, places) = merge_marked(known, theirs.as_bytes(), rendering.as_bytes());
        let marked = String::from_utf8(marked).expect("a text");
        let (merged, [from, to]) = merge_rejecting(known, theirs.as_bytes(), rendering.as_bytes());
        let (merged, to) = (String::from_utf8(merged).expect("a text"), String::from_utf8(to).expect("a text"));
        for line in &mine {
            // Of what nobody touched, the template may have taken it out.
            if line.starts_with("mine") {
                prop_assert!(marked.lines().any(|it| it == line), "{line} of mine is not in {marked:?}");
                prop_assert!(merged.lines().any(|it| it == line), "{line} of mine is not in {merged:?}");
            }
        }
        for line in new.iter().filter(|line| line.starts_with("new")) {
            prop_assert!(marked.lines().any(|it| it == line), "{line} is not in {marked:?}");
            let there = merged.lines().chain(to.lines()).any(|it| it == line);
            prop_assert!(there, "{line} is neither in {merged:?} nor in {to:?}");
        }
        let marker = |line: &str| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line == "=======";
        for line in marked.lines().filter(|line| !marker(line)) {
            let written = theirs.lines().chain(rendering.lines()).any(|it| it == line);
            prop_assert!(written, "{line:?} in {marked:?}");
        }
        prop_assert_eq!(places.is_empty(), !marked.contains("<<<<<<< yours"));
        if places.is_empty() {
            prop_assert_eq!(&marked, &merged);
            prop_assert_eq!(String::from_utf8(from).expect("a text"), to);
        }
        for place in places {
            let lines: Vec<&str> = marked.lines().collect();
            prop_assert_eq!(lines[place.first - 1], "<<<<<<< yours");
            prop_assert_eq!(lines[place.last - 1], ">>>>>>> template");
        }
        // Whoever takes one side everywhere has all of it.
        if lost {
            let mut take = [String::new(), String::new()];
            let mut side = None;
            for line in marked.split_inclusive('\n') {
                match (line.trim_end(), side) {
                    ("<<<<<<< yours", _) => side = Some(0),
                    ("=======", Some(0)) => side = Some(1),
                    (">>>>>>> template", Some(1)) => side = None,
                    (_, Some(side)) => take[side] += line,
                    (_, None) => take.iter_mut().for_each(|text| *text += line),
                }
            }
            let plain = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(plain(&take[0]), plain(&theirs));
            prop_assert_eq!(plain(&take[1]), plain(&rendering));
        }
    }
}
