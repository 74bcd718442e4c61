//! Each rule about files and people's edits, without a disk.

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> RelPath {
    RelPath::new(text).expect("a path")
}

fn rendered(files: &[(&str, &str)]) -> RenderedTree {
    let file = |text: &str| RenderedFile::text("tree", text);
    RenderedTree {
        files: files.iter().map(|(at, text)| (path(at), file(text))).collect(),
        ..RenderedTree::default()
    }
}

fn coverage() -> Coverage {
    Coverage { scopes: ["tree".to_owned()].into(), ..Coverage::default() }
}

const PLAIN: TreeOptions = TreeOptions {
    merge: false,
    keep: false,
    force: false,
    conflict: ConflictPolicy::Leave,
    renames: false,
    adopt: false,
};
const MERGE: TreeOptions = TreeOptions { merge: true, ..PLAIN };
const FORCE: TreeOptions = TreeOptions { force: true, ..PLAIN };
const BOTH: TreeOptions = TreeOptions { merge: true, force: true, ..PLAIN };

/// Returns the manifest after `files` were rendered.
fn recorded(files: &[(&str, &str)]) -> Manifest {
    let entry = |text: &str| Entry {
        scope: "tree".into(),
        sha256: digest(text.as_bytes()),
        deleted: false,
        executable: false,
        at: None,
        beside: None,
    };
    let mut manifest = Manifest::default();
    manifest.files = files.iter().map(|(at, text)| (path(at), entry(text))).collect();
    manifest.folders = manifest.files.keys().flat_map(RelPath::folders).collect();
    manifest
}

fn seen(files: &[(&str, &str)], bases: &[(&str, &str)]) -> Observation {
    let content = |text: &str| Content { bytes: text.as_bytes().to_vec(), executable: false };
    let found = |(at, text): &(&str, &str)| (path(at), PathState::File(content(text)));
    let base = |(_, text): &(&str, &str)| (digest(text.as_bytes()), text.as_bytes().to_vec());
    Observation {
        found: files.iter().map(found).collect(),
        folders: files.iter().flat_map(|(at, _)| path(at).folders().collect::<Vec<_>>()).collect(),
        bases: bases.iter().map(base).collect(),
        packed: true,
        ..Observation::default()
    }
}

fn decided(
    new: &RenderedTree,
    options: TreeOptions,
    manifest: &Manifest,
    observed: &Observation,
) -> Decision {
    decide(new, &coverage(), options, manifest, observed).expect("a rendering in order")
}

/// Decides on the file `a`, first rendered as `base`, found as `now`, rendered as `new`.
fn fate(base: &str, now: &str, new: &str, options: TreeOptions) -> (Action, Decision) {
    let seen = seen(&[("a", now)], &[("a", base)]);
    let decision = decided(&rendered(&[("a", new)]), options, &recorded(&[("a", base)]), &seen);
    (decision.plan.files[0].action.clone(), decision)
}

fn kept(reason: KeepReason) -> Action {
    Action::Kept { reason }
}

#[test]
fn a_new_path_is_created_with_its_folders() {
    let decision =
        decided(&rendered(&[("x/y/z", "1\n")]), PLAIN, &Manifest::default(), &Observation::default());
    assert_eq!(decision.plan.files[0].action, Action::Create);
    assert_eq!(decision.changes.new_folders, [path("x"), path("x/y")].into());
    assert_eq!(decision.changes.after.folders, decision.changes.new_folders);
    assert!(decision.diff(&path("x/y/z")).starts_with("--- /dev/null\n+++ b/x/y/z\n"));
}

#[test]
fn what_was_there_before_is_a_persons() {
    let new = rendered(&[("a", "1\n")]);
    for (there, options, action) in [
        ("2\n", PLAIN, kept(KeepReason::Foreign)),
        ("2\n", MERGE, kept(KeepReason::Foreign)),
        ("2\n", FORCE, Action::Overwrite),
        ("1\n", PLAIN, Action::Adopt),
        ("1\r\n", PLAIN, Action::Adopt),
    ] {
        let decision = decided(&new, options, &Manifest::default(), &seen(&[("a", there)], &[]));
        assert_eq!(decision.plan.files[0].action, action, "{there:?} {options:?}");
        assert_eq!(
            decision.changes.after.files.contains_key(&path("a")),
            action != kept(KeepReason::Foreign)
        );
        assert_eq!(decision.plan.is_stale(), action == Action::Overwrite);
    }
}

#[test]
fn untouched_files_follow_the_rendering_and_keep_their_line_ends() {
    assert_eq!(fate("1\n", "1\n", "1\n", PLAIN).0, Action::Unchanged);
    assert_eq!(fate("1\n", "1\r\n", "1\n", FORCE).0, Action::Unchanged);
    for (now, after) in [("1\n", "2\n3\n"), ("1\r\n", "2\r\n3\r\n")] {
        let (action, decision) = fate("1\n", now, "2\n3\n", PLAIN);
        assert_eq!(action, Action::Update);
        assert_eq!(decision.changes.writes[&path("a")].after.bytes, after.as_bytes());
        assert_eq!(decision.changes.bases[&digest(b"2\n3\n")], b"2\n3\n");
    }
}

#[test]
fn edited_files_are_kept_merged_or_forced() {
    const BASE: &str = "1\n2\n3\n4\n5\n";
    const EDIT: &str = "one\n2\n3\n4\n5\n";
    const NEW: &str = "1\n2\n3\n4\nfive\n";
    const HARD: &str = "eins\n2\n3\n4\n5\n";
    assert_eq!(fate(BASE, EDIT, BASE, PLAIN).0, kept(KeepReason::Edited));
    assert_eq!(fate(BASE, EDIT, NEW, PLAIN).0, kept(KeepReason::Behind));
    let (action, decision) = fate(BASE, EDIT, NEW, MERGE);
    assert_eq!(action, Action::Merge);
    assert_eq!(decision.changes.writes[&path("a")].after.bytes, b"one\n2\n3\n4\nfive\n");
    assert_eq!(decision.changes.after.files[&path("a")].sha256, digest(NEW.as_bytes()));
    let (action, decision) = fate(BASE, EDIT, HARD, MERGE);
    assert_eq!(action, kept(KeepReason::Overlap { lines: vec![Lines { first: 1, last: 1 }] }));
    assert!(decision.changes.is_empty());
    assert_eq!(decision.diff(&path("a")).lines().last(), Some(" 4"));
    assert_eq!(fate(BASE, EDIT, HARD, BOTH).0, Action::Overwrite);
    assert_eq!(fate(BASE, EDIT, NEW, BOTH).0, Action::Merge);
    assert_eq!(fate(BASE, EDIT, BASE, BOTH).0, kept(KeepReason::Edited));
    assert_eq!(fate(BASE, EDIT, BASE, FORCE).0, Action::Overwrite);
    assert_eq!(fate(BASE, NEW, NEW, PLAIN).0, Action::Adopt);
    // A person who had all of the new rendering already, and more.
    assert_eq!(fate(BASE, "one\n2\n3\n4\nfive\n", NEW, MERGE).0, Action::Adopt);
}

#[test]
fn without_what_was_rendered_nothing_is_merged() {
    let lost = seen(&[("a", "edit\n")], &[]);
    let other = seen(&[("a", "edit\n")], &[("a", "something else\n")]);
    for seen in [lost, other] {
        let decision = decided(&rendered(&[("a", "new\n")]), MERGE, &recorded(&[("a", "old\n")]), &seen);
        assert_eq!(decision.plan.files[0].action, kept(KeepReason::NoBase));
    }
}

#[test]
fn deletions_stay_until_forced() {
    let (new, old) = (rendered(&[("a", "2\n")]), recorded(&[("a", "1\n")]));
    let decision = decided(&new, MERGE, &old, &Observation::default());
    assert_eq!(decision.plan.files[0].action, kept(KeepReason::Deleted));
    assert!(!decision.plan.is_stale());
    let remembered = &decision.changes.after.files[&path("a")];
    assert!(remembered.deleted && remembered.sha256 == digest(b"1\n"));
    assert_eq!(decided(&new, FORCE, &old, &Observation::default()).plan.files[0].action, Action::Create);
}

#[test]
fn what_is_no_longer_rendered_goes_if_nobody_edited_it() {
    let old = recorded(&[("d/a", "1\n"), ("d/b", "1\n"), ("d/c", "1\n")]);
    let found = seen(&[("d/a", "1\r\n"), ("d/b", "edit\n")], &[]);
    let decision = decided(&RenderedTree::default(), FORCE, &old, &found);
    let actions: Vec<Action> = decision.plan.files.iter().map(|file| file.action.clone()).collect();
    assert_eq!(actions, [Action::Delete, kept(KeepReason::NoLongerRendered), Action::Forget]);
    assert_eq!(decision.changes.deletes.len(), 1);
    assert_eq!(decision.changes.obsolete_folders, [path("d")]);
    assert_eq!(decision.changes.after, Manifest::default());
}

#[test]
fn scopes_that_are_not_covered_stay_as_they_are() {
    let mut old = recorded(&[("a", "1\n"), ("b", "1\n"), ("c", "1\n")]);
    for (at, scope) in [("a", "environment/dev"), ("b", "environment/gone"), ("c", "tree")] {
        old.files.get_mut(&path(at)).expect("recorded").scope = scope.into();
    }
    let found = seen(&[("a", "1\n"), ("b", "1\n"), ("c", "1\n")], &[]);
    let known = || ["tree".to_owned(), "environment/dev".to_owned()].into();
    let deleted = |coverage: &Coverage| {
        let decision = decide(&RenderedTree::default(), coverage, PLAIN, &old, &found).expect("in order");
        decision.changes.deletes.into_keys().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(deleted(&Coverage { known: known(), ..coverage() }), ["c"]);
    assert_eq!(deleted(&Coverage { known: known(), all: true, ..coverage() }), ["b", "c"]);
    // A path that another scope renders now is not deleted under its feet.
    let moved = rendered(&[("a", "1\n")]);
    let dev = Coverage { scopes: ["environment/dev".to_owned()].into(), ..Coverage::default() };
    assert!(decide(&moved, &dev, PLAIN, &old, &found).expect("in order").changes.is_empty());
}

#[test]
fn links_are_a_persons_whatever_the_options() {
    let mut found = Observation::default();
    found.found.insert(path("l/a"), PathState::Link { at: path("l") });
    for manifest in [Manifest::default(), recorded(&[("l/a", "1\n")])] {
        for options in [PLAIN, MERGE, FORCE, BOTH] {
            let decision = decided(&rendered(&[("l/a", "2\n")]), options, &manifest, &found);
            assert_eq!(decision.plan.files[0].action, kept(KeepReason::Link { at: path("l") }));
            assert!(decision.changes.writes.is_empty());
        }
    }
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    let mut found = seen(&[("a", "1\n")], &[]);
    found.found.insert(path("a/b"), PathState::Blocked { by: path("a") });
    let decision = decided(&rendered(&[("a/b", "2\n")]), PLAIN, &recorded(&[("a", "1\n")]), &found);
    assert_eq!(decision.plan.counts(), TreeCounts { create: 1, delete: 1, ..TreeCounts::default() });
    assert_eq!(decision.changes.new_folders, [path("a")].into());

    let folder = |others| PathState::Folder { files: vec![path("a/b")], folders: vec![], others };
    let mut found = seen(&[("a/b", "1\n")], &[]);
    found.found.insert(path("a"), folder(false));
    let (new, old) = (rendered(&[("a", "2\n")]), recorded(&[("a/b", "1\n")]));
    let decision = decided(&new, PLAIN, &old, &found);
    assert_eq!(decision.plan.counts(), TreeCounts { create: 1, delete: 1, ..TreeCounts::default() });
    assert_eq!(decision.changes.obsolete_folders, [path("a")]);
    // Not with something of a person's in it.
    found.found.insert(path("a"), folder(true));
    let decision = decided(&new, FORCE, &old, &found);
    assert_eq!(decision.plan.files[0].action, kept(KeepReason::InTheWay { by: path("a") }));
}

#[test]
fn what_a_person_put_in_the_place_of_a_file_counts_as_its_deletion() {
    let mut found = Observation::default();
    found.found.insert(path("a/b"), PathState::Blocked { by: path("a") });
    let new = rendered(&[("a/b", "1\n")]);
    let decision = decided(&new, PLAIN, &recorded(&[("a/b", "1\n")]), &found);
    assert_eq!(decision.plan.files[0].action, kept(KeepReason::Deleted));
    let in_the_way = kept(KeepReason::InTheWay { by: path("a") });
    let decision = decided(&new, PLAIN, &Manifest::default(), &found);
    assert_eq!(decision.plan.files[0].action, in_the_way);
    let decision = decided(&new, FORCE, &recorded(&[("a/b", "1\n")]), &found);
    assert_eq!(decision.plan.files[0].action, in_the_way);
}

#[test]
fn a_rendering_that_contradicts_itself_is_refused() {
    let new = rendered(&[("a", "1\n"), ("a/b/c", "1\n")]);
    let refused = decide(&new, &coverage(), PLAIN, &Manifest::default(), &Observation::default());
    assert_eq!(refused, Err(RenderingError::Clash { file: path("a"), below: path("a/b/c") }));
}

#[test]
fn names_that_are_one_file_on_some_systems_are_refused() {
    for (one, other) in
        [("a/README", "a/readme"), ("caf\u{e9}", "cafe\u{301}"), ("A/x", "a/y"), ("a\u{200b}", "a")]
    {
        let new = rendered(&[(one, "1\n"), (other, "1\n")]);
        let refused = decide(&new, &coverage(), PLAIN, &Manifest::default(), &Observation::default());
        assert!(matches!(refused, Err(RenderingError::Alike { .. })), "{one:?} {other:?}");
    }
    let folders = RenderedTree { folders: [path("a"), path("A")].into(), ..RenderedTree::default() };
    let refused = decide(&folders, &coverage(), PLAIN, &Manifest::default(), &Observation::default());
    assert!(matches!(refused, Err(RenderingError::Alike { .. })));
}

#[test]
fn folders_that_git_takes_for_repositories_are_refused() {
    for (files, folder) in [
        (vec!["HEAD", "config", "objects/x", "refs/x"], None),
        (vec!["a/b/HEAD", "a/b/objects/x", "a/b/refs/x"], Some("a/b")),
        (vec!["a/head", "a/Objects/x", "a/REFS/x"], Some("a")),
        (vec!["a/HEAD", "a/commondir"], Some("a")),
    ] {
        let files: Vec<(&str, &str)> = files.into_iter().map(|file| (file, "1\n")).collect();
        let refused =
            decide(&rendered(&files), &coverage(), PLAIN, &Manifest::default(), &Observation::default());
        assert_eq!(refused, Err(RenderingError::Repository { folder: folder.map(path) }), "{files:?}");
    }
    let mut with_folders = rendered(&[("a/HEAD", "1\n")]);
    with_folders.folders = [path("a/objects"), path("a/refs/heads")].into();
    let refused = decide(&with_folders, &coverage(), PLAIN, &Manifest::default(), &Observation::default());
    assert_eq!(refused, Err(RenderingError::Repository { folder: Some(path("a")) }));
    for files in [&["HEAD", "objects/x", "a/refs/x"][..], &["ahead", "objects/x", "refs/x"]] {
        let files: Vec<(&str, &str)> = files.iter().map(|file| (*file, "1\n")).collect();
        assert!(
            decide(&rendered(&files), &coverage(), PLAIN, &Manifest::default(), &Observation::default())
                .is_ok()
        );
    }
}

#[test]
fn paths_lead_nowhere_else() {
    for good in
        ["a", "a/b.tf", ".github/workflows/x.yaml", "a b", "ü", "...a", "console", "com", "a/.billpay"]
    {
        assert!(RelPath::new(good).is_ok(), "{good}");
    }
    let long = "x".repeat(256);
    for bad in [
        "",
        "/",
        "/a",
        "a//b",
        "a/",
        ".",
        "..",
        "a/../b",
        "./a",
        ".billpay",
        ".billpay/x",
        ".BillPay/x",
        "a\\b",
        "a\0b",
        "a\nb",
        ".git/config",
        "a/.GIT/hooks",
        "a/git~1/hooks",
        "GIT~2",
        ".g\u{200c}it/config",
        "a/.gi\u{feff}t",
        ".billpa\u{200d}y",
        "BILLPA~1",
        "con",
        "a/NUL.txt",
        "com1",
        "lpt9.x",
        "a.",
        "a ",
        " a",
        "c:x",
        "a?b",
        &long,
    ] {
        assert!(RelPath::new(bad).is_err(), "{bad:?}");
        assert!(serde_json::from_value::<RelPath>(bad.into()).is_err(), "{bad:?}");
    }
}

#[test]
fn manifests_are_read_as_written_or_refused() {
    let manifest = recorded(&[("b", "1\n"), ("a/c", "2\n")]);
    let text = manifest.print();
    assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest));
    let broken = |from: &str, to: &str| Manifest::parse(text.replace(from, to).as_bytes());
    assert!(matches!(broken("tree/v1", "tree/v2"), Err(ManifestError::Newer { .. })));
    assert!(matches!(broken("billpay/tree/v1", "else"), Err(ManifestError::Unreadable(_))));
    assert!(matches!(broken("\"a/c\"", "\"../c\""), Err(ManifestError::Unreadable(_))));
    assert!(matches!(broken("sha256\": \"", "sha256\": \"x"), Err(ManifestError::Unreadable(_))));
    assert_eq!(broken("{\n", "{\n<<<<<<< HEAD\n"), Err(ManifestError::Conflicted));
    assert!(matches!(Manifest::parse(b""), Err(ManifestError::Unreadable(_))));
}

#[test]
fn plans_are_read_as_written() {
    let lines = vec![Lines { first: 2, last: 3 }];
    let file =
        |at: &str, action| FilePlan { path: path(at), at: None, from: None, scope: "tree".into(), action };
    let files = vec![file("a", Action::Create), file("b", kept(KeepReason::Overlap { lines }))];
    let plan = TreePlan { files, ..TreePlan::default() };
    let json = serde_json::to_string(&plan).expect("json");
    assert!(json.contains(r#""action":"kept","why":"overlap","lines":[{"first":2,"last":3}]"#), "{json}");
    assert_eq!(serde_json::from_str::<TreePlan>(&json).expect("a plan"), plan);
}

#[test]
fn merges_keep_line_ends_and_guess_nothing() {
    let merged =
        |base: &str, theirs: &str, new: &str| match merge(base.as_bytes(), theirs.as_bytes(), new.as_bytes())
        {
            MergeResult::Clean(text) => Ok(String::from_utf8(text).expect("text")),
            MergeResult::Overlap(lines) => Err(lines.iter().map(Lines::to_string).collect::<Vec<_>>()),
        };
    assert_eq!(merged("1\n2\n3\n", "1\r\n2\r\nx\r\n", "0\n2\n3\n"), Ok("0\r\n2\r\nx\r\n".into()));
    // Lines of both kinds: a person's stay as they are.
    assert_eq!(merged("1\n2\n3\n", "1\n2\r\nx\r\n", "0\n2\n3\n"), Ok("0\r\n2\r\nx\r\n".into()));
    assert_eq!(merged("1\n2\n3\n", "1\n2\nx\r\n", "0\n2\n3\n"), Ok("0\n2\nx\r\n".into()));
    assert_eq!(merged("1\n2\n3\n", "1\nx\n3\n", "1\n2\ny\n"), Err(vec!["lines 2 to 3".into()]));
    assert_eq!(merged("1\n", "1\nx\n", "1\ny\n"), Err(vec!["line 2".into()]));
    assert_eq!(merged("1\n2\n3\n", "1\n3\n", "1\ntwo\n3\n"), Err(vec!["line 2".into()]));
    assert_eq!(merged("", "x\n", ""), Ok("x\n".into()));
    assert_eq!(merged("1\n2\n3\n", "1\n2\n3", "0\n2\n3\n"), Ok("0\n2\n3".into()));
}

fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![Just("a\n"), Just("b\n"), Just("c\n"), Just("a\r\n"), Just("d")];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn merging_what_one_side_left_alone_gives_the_other(base in text(), other in text()) {
        let (b, o) = (base.as_bytes(), other.as_bytes());
        prop_assert_eq!(merge(b, o, b), MergeResult::Clean(o.to_vec()));
        prop_assert_eq!(merge(b, o, o), MergeResult::Clean(o.to_vec()));
        let MergeResult::Clean(all) = merge(b, b, o) else { panic!("a merge with no edit") };
        prop_assert_eq!(digest(&all), digest(o));
    }

    #[test]
    fn a_merge_has_every_line_that_either_side_wrote(
        base in proptest::collection::vec(0..1000_u32, 1..20),
        theirs in proptest::collection::vec((0..20_usize, 1000..2000_u32), 0..4),
        new in proptest::collection::vec((0..20_usize, 2000..3000_u32), 0..4),
    ) {
        let edited = |edits: &[(usize, u32)]| {
            let mut lines = base.clone();
            edits.iter().for_each(|(at, line)| lines.insert(at % (lines.len() + 1), *line));
            lines.iter().map(|line| format!("{line}\n")).collect::<String>()
        };
        if let MergeResult::Clean(text) = merge(edited(&[]).as_bytes(), edited(&theirs).as_bytes(), edited(&new).as_bytes()) {
            let text = String::from_utf8(text).expect("text");
            let lines: Vec<&str> = text.lines().collect();
            let mut wanted = base.iter().chain(theirs.iter().chain(&new).map(|(_, line)| line));
            let all = wanted.all(|line| lines.contains(&line.to_string().as_str()));
            prop_assert!(all, "a line is lost");
        }
    }
}
