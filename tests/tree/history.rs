//! Random histories of renderings, people and kills.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use billpay_tree::disk::TreeError;
use billpay_tree::{Action, ConflictPolicy, FilePlan, RenderedTree, TreeOptions, digest};
use proptest::prelude::*;

use crate::world::{Files, Stop, World, coverage, file, path, same};

const PATHS: &[&str] = &["a", "a/b", "d/x", "d/e/y", "f", "g", "d/bin"];

/// Sources of each path.
type From = [Option<(u8, u8)>; 7];

#[derive(Debug, Clone)]
enum Deed {
    /// New sources of each path.
    Render(From),
    Edit {
        path: usize,
        line: usize,
    },
    Delete {
        path: usize,
    },
    Rename {
        from: usize,
        to: usize,
    },
    Add {
        path: usize,
    },
    /// As Git does it on Windows.
    Crlf {
        path: usize,
    },
    Chmod {
        path: usize,
    },
    Run {
        options: TreeOptions,
        kill: Option<usize>,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    let path = || 0..PATHS.len();
    let text = || proptest::option::weighted(0.8, (0..3_u8, 0..3_u8));
    let rarely = || proptest::bool::weighted(0.15);
    let conflict =
        prop_oneof![Just(ConflictPolicy::Leave), Just(ConflictPolicy::Inline), Just(ConflictPolicy::Reject)];
    let flags = (any::<bool>(), rarely(), rarely(), any::<bool>(), rarely());
    let options = (flags, conflict).prop_map(|((merge, keep, force, renames, adopt), conflict)| {
        TreeOptions { merge, keep, force, conflict, renames, adopt }
    });
    let run = (options, proptest::option::weighted(0.3, 0..70_usize));
    prop_oneof![
        3 => proptest::array::uniform7(text()).prop_map(Deed::Render),
        3 => (path(), 0..12_usize).prop_map(|(path, line)| Deed::Edit { path, line }),
        1 => path().prop_map(|path| Deed::Delete { path }),
        1 => (path(), path()).prop_map(|(from, to)| Deed::Rename { from, to }),
        1 => path().prop_map(|path| Deed::Add { path }),
        1 => path().prop_map(|path| Deed::Crlf { path }),
        1 => path().prop_map(|path| Deed::Chmod { path }),
        6 => run.prop_map(|(options, kill)| Deed::Run { options, kill }),
    ]
}

fn rendering(from: &From) -> RenderedTree {
    let text = |(x, y): (u8, u8)| format!("top {x}\n2\n3\n4\nmiddle\n6\n7\nbottom {y}\n");
    let mut new = RenderedTree::default();
    for (at, from) in PATHS.iter().zip(from) {
        let Some((x, y)) = *from else { continue };
        let bytes = if at.ends_with("bin") { format!("\0 {x} {y}\n") } else { text((x, y)) };
        new.files.insert(path(at), file(bytes, x == 2));
    }
    // A file can't be a folder as well.
    if new.files.contains_key(&path("a")) {
        new.files.remove(&path("a/b"));
    }
    // Something to be made that is no file, now and then.
    if let Some((x, _)) = from[4] {
        new.folders.extend((x > 0).then(|| path("d/empty")));
        new.records.insert("scaffold.yaml".to_owned(), vec![x]);
    }
    new
}

/// A tree, what is rendered to it, and what people would be cross about.
struct Story {
    world: World,
    new: RenderedTree,
    /// Number of lines that people wrote so far.
    written: usize,
    /// Files of ours that people took away.
    taken: BTreeSet<String>,
    /// All that was ever rendered, by digest.
    rendered: BTreeMap<String, String>,
}

impl Story {
    fn line(&mut self) -> String {
        self.written += 1;
        format!("person {}\n", self.written)
    }

    fn is_file(&self, path: &str) -> bool {
        self.world.root().join(path).is_file()
    }

    fn live(&mut self, deed: &Deed) {
        match deed {
            Deed::Render(from) => self.new = rendering(from),
            Deed::Edit { path, line } => {
                let Some(text) = self.world.text(PATHS[*path]) else { return };
                let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                lines.insert(line % (lines.len() + 1), self.line());
                self.world.put(PATHS[*path], &lines.concat());
            }
            Deed::Delete { path } => self.take(PATHS[*path]),
            Deed::Rename { from, to } => {
                let Some(text) = self.world.text(PATHS[*from]).filter(|_| from != to) else { return };
                let target = format!("renamed-{to}");
                self.take(PATHS[*from]);
                let line = self.line();
                self.world.put(&target, &(text + &line));
            }
            Deed::Add { path } => {
                let path = PATHS[*path];
                let root = self.world.root();
                let mut above =
                    root.join(path).ancestors().skip(1).map(|it| it.to_owned()).collect::<Vec<_>>();
                above.retain(|it| it.starts_with(&root));
                if root.join(path).exists() || above.iter().any(|it| it.is_file()) {
                    return;
                }
                let line = self.line();
                self.world.put(path, &line);
                self.taken.remove(path);
            }
            Deed::Crlf { path } => {
                if let Some(text) = self.world.text(PATHS[*path]) {
                    self.world.put(PATHS[*path], &text.replace("\r\n", "\n").replace('\n', "\r\n"));
                }
            }
            Deed::Chmod { path } => {
                if self.is_file(PATHS[*path]) {
                    self.world.set_mode(PATHS[*path], self.world.mode(PATHS[*path]) ^ 0o111);
                }
            }
            Deed::Run { options, kill } => self.run(*options, *kill),
        }
    }

    fn take(&mut self, path: &str) {
        if self.is_file(path) {
            fs::remove_file(self.world.root().join(path)).expect("a file to delete");
            let manifest = self.world.text(".billpay/manifest.json").unwrap_or_default();
            if manifest.contains(&format!("\"{path}\": {{")) {
                self.taken.insert(path.to_owned());
            }
        }
    }

    fn run(&mut self, options: TreeOptions, kill: Option<usize>) {
        let before = self.world.files();
        let told = self.world.tree().check(&self.new, &coverage(), options).expect("a plan");
        let whole = self.world.copy();
        let result = whole.tree().write(&self.new, &coverage(), options);
        let done = match result {
            Ok(done) => done,
            Err(TreeError::InTheWay(_)) => {
                assert!(told.plan.is_stale());
                assert_eq!(files(&whole), files(&self.world), "a refused run changed something");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(told.plan, done.plan, "check and run do not agree");
        let conflicts: Vec<&FilePlan> =
            done.plan.files.iter().filter(|it| matches!(it.action, Action::Conflict { .. })).collect();
        let touched = done.plan.files.iter().any(|file| file.action.touches());
        // What is rejected may be just what was rejected before.
        if conflicts.is_empty() {
            assert_eq!(touched, files(&whole) != files(&self.world), "{:?}", done.plan);
        }
        let behind = done.plan.kept().any(|(_, why)| why.is_open());
        let others = !done.plan.folders.is_empty() || !done.plan.records.is_empty();
        assert_eq!(told.plan.is_stale(), touched || behind || others);
        if options.adopt {
            assert_eq!(files(&whole), files(&self.world), "adopting wrote a file");
        }

        let after = whole.files();
        if !options.force {
            let lost: Vec<_> = people(&before).difference(&people(&after)).cloned().collect();
            assert!(lost.is_empty(), "{lost:?} lost by {:?}", done.plan);
            for path in &self.taken {
                assert!(!after.contains_key(path), "{path} came back");
            }
        }
        // All that the template added is in the file, or beside it.
        for file in self.new.files.values() {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            self.rendered.insert(digest(&file.bytes), text);
        }
        for file in conflicts {
            let place = file.at.as_ref().unwrap_or(&file.path).as_str();
            let new = String::from_utf8_lossy(&self.new.files[&file.path].bytes).into_owned();
            let before = &done.changes.before.files[file.from.as_ref().unwrap_or(&file.path)];
            let base = &self.rendered[&before.sha256];
            let texts = [place.to_owned(), format!("{place}.rej"), format!("{place}.new")];
            let there: String = texts.iter().filter_map(|at| whole.text(at)).collect();
            for line in new.lines().filter(|line| !base.contains(line)) {
                assert!(there.contains(line), "{line:?} is lost, by {file:?}: {there}");
            }
        }
        for file in &done.plan.files {
            if let Some(from) = &file.from {
                self.taken.remove(from.as_str());
            }
            if file.action == Action::Create || !self.new.files.contains_key(&file.path) {
                self.taken.remove(file.path.as_str());
            }
        }

        if let Some(at) = kill {
            let _ = self.world.stopped(&self.new, options, at, Stop::Kill);
            if !options.force {
                assert!(people(&before).is_subset(&people(&self.world.files())), "lost by the kill");
            }
            self.world.tree().write(&self.new, &coverage(), options).expect("a run");
            same(&self.world.everything(), &whole.everything(), &format!("killed before step {at}"));
        } else {
            self.world = whole;
        }
        let once = self.world.everything();
        let again = self.world.tree().write(&self.new, &coverage(), options).expect("a run");
        assert!(!again.plan.files.iter().any(|file| file.action.touches()), "{:?}", again.plan);
        same(&self.world.everything(), &once, "the second run changed something");
    }
}

/// Without folders: one that is ours and empty may go by the way.
fn files(world: &World) -> Files {
    world.files().into_iter().filter(|(path, _)| !path.ends_with('/')).collect()
}

fn people(files: &Files) -> BTreeSet<String> {
    let texts = files.values().map(|text| String::from_utf8_lossy(text).into_owned());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.starts_with("person")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_loses_anything(deeds in proptest::collection::vec(deed(), 1..30)) {
        let mut all = [Some((0, 0)); 7];
        all[1] = None;
        let mut story =
            Story { world: World::new(), new: rendering(&all), written: 0, taken: BTreeSet::new(), rendered: BTreeMap::new() };
        story.run(TreeOptions::default(), None);
        for deed in &deeds {
            story.live(deed);
        }
    }
}
