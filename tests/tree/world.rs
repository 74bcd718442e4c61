//! A tree on disk, and what a run of billpay and a person do to it.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use billpay_tree::disk::{Interrupt, StepHook, Tree, TreeError};
use billpay_tree::{
    Action, ConflictPolicy, Coverage, Decision, KeepReason, RelPath, RenderedFile, RenderedTree, TreeOptions,
};

pub const PLAIN: TreeOptions = TreeOptions {
    merge: false,
    keep: false,
    force: false,
    conflict: ConflictPolicy::Leave,
    renames: false,
    adopt: false,
};
pub const MERGE: TreeOptions = TreeOptions { merge: true, ..PLAIN };
pub const FORCE: TreeOptions = TreeOptions { force: true, ..PLAIN };

/// Files: their texts, or the targets of links.
pub type Files = BTreeMap<String, Vec<u8>>;

pub struct World {
    pub dir: tempfile::TempDir,
}

/// Stops before the n-th change on disk.
pub struct StopAt {
    pub left: Option<usize>,
    pub how: Stop,
}

#[derive(Debug, Clone, Copy)]
pub enum Stop {
    Kill,
    Fail,
    /// Fails, and is killed so many changes later, while it undoes what it did.
    FailThenKill(usize),
}

impl StepHook for StopAt {
    fn before(&mut self, _: &'static str, _: &Path) -> Result<(), Interrupt> {
        match (self.left, self.how) {
            (None, _) => return Ok(()),
            (Some(0), Stop::Kill) => return Err(Interrupt::Kill),
            (Some(0), how) => {
                (self.left, self.how) = match how {
                    Stop::FailThenKill(left) => (Some(left), Stop::Kill),
                    _ => (None, how),
                };
                return Err(Interrupt::Fail(io::Error::other("the disk is on fire")));
            }
            (Some(left), _) => self.left = Some(left - 1),
        }
        Ok(())
    }
}

pub fn path(text: &str) -> RelPath {
    RelPath::new(text).expect("a path")
}

pub fn rendered(files: &[(&str, &str)]) -> RenderedTree {
    let file = |text: &str| RenderedFile::text("tree", text);
    RenderedTree {
        files: files.iter().map(|(at, text)| (path(at), file(text))).collect(),
        ..RenderedTree::default()
    }
}

/// A file of bytes, with or without the run bit.
pub fn file(bytes: impl Into<Vec<u8>>, executable: bool) -> RenderedFile {
    RenderedFile { scope: "tree".into(), bytes: bytes.into(), executable }
}

pub fn coverage() -> Coverage {
    Coverage { scopes: ["tree".to_owned()].into(), ..Coverage::default() }
}

impl World {
    pub fn new() -> World {
        World { dir: tempfile::tempdir().expect("a folder") }
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    pub fn tree(&self) -> Tree {
        Tree::at(self.root())
    }

    /// A copy of all of it, modes included.
    pub fn copy(&self) -> World {
        let copy = World::new();
        copy_folder(self.dir.path(), copy.dir.path());
        copy
    }

    pub fn run(&self, files: &[(&str, &str)], options: TreeOptions) -> Decision {
        self.tree().write(&rendered(files), &coverage(), options).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn stopped(
        &self,
        new: &RenderedTree,
        options: TreeOptions,
        at: usize,
        how: Stop,
    ) -> Result<Decision, TreeError> {
        self.tree().write_with_hook(new, &coverage(), options, &mut StopAt { left: Some(at), how })
    }

    pub fn check(&self, files: &[(&str, &str)], options: TreeOptions) -> Decision {
        let before = self.everything();
        let decision = self.tree().check(&rendered(files), &coverage(), options);
        assert_eq!(before, self.everything(), "check wrote something");
        decision.unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn put(&self, at: &str, text: &str) {
        let file = self.root().join(at);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    pub fn put_bytes(&self, at: &str, bytes: &[u8]) {
        self.put(at, "");
        fs::write(self.root().join(at), bytes).expect("a file");
    }

    pub fn set_mode(&self, at: &str, mode: u32) {
        fs::set_permissions(self.root().join(at), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    pub fn mode(&self, at: &str) -> u32 {
        fs::metadata(self.root().join(at)).expect("a file").mode() & 0o777
    }

    pub fn rename(&self, from: &str, to: &str) {
        let to = self.root().join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::rename(self.root().join(from), to).expect("a rename");
    }

    pub fn write(&self, new: &RenderedTree, options: TreeOptions) -> Decision {
        self.tree().write(new, &coverage(), options).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn delete(&self, at: &str) {
        fs::remove_file(self.root().join(at)).expect("a file to delete");
    }

    pub fn text(&self, at: &str) -> Option<String> {
        fs::read_to_string(self.root().join(at)).ok()
    }

    /// The files of the tree, without billpay's records.
    pub fn files(&self) -> Files {
        let mut files = Files::new();
        list(&self.root(), &self.root(), &mut files);
        files.retain(|at, _| !at.starts_with(".billpay"));
        files
    }

    /// The files and folders of the tree, records and what surrounds it included; but for the lock.
    pub fn everything(&self) -> Files {
        let mut files = Files::new();
        list(self.dir.path(), self.dir.path(), &mut files);
        files.remove("tree/.billpay/lock");
        files
    }

    pub fn action(decision: &Decision, at: &str) -> Option<Action> {
        let file = decision.plan.files.iter().find(|file| file.path.as_str() == at);
        file.map(|file| file.action.clone())
    }
}

pub fn kept(reason: KeepReason) -> Option<Action> {
    Some(Action::Kept { reason })
}

/// Folders end in a slash; for files with the run bit there is another entry that says so.
fn list(root: &Path, folder: &Path, files: &mut Files) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.expect("an entry");
        let at = entry.path().strip_prefix(root).expect("below").to_str().expect("a name").to_owned();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            files.insert(format!("{at}/"), vec![]);
            list(root, &entry.path(), files);
        } else if kind.is_symlink() {
            let to = fs::read_link(entry.path()).expect("a link");
            files.insert(format!("{at}@"), to.to_str().expect("a name").into());
        } else {
            if entry.metadata().expect("a file").mode() & 0o100 != 0 {
                files.insert(format!("{at} +x"), vec![]);
            }
            files.insert(at, fs::read(entry.path()).expect("a file"));
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// Asserts that both are the same, and says in which files they aren't.
pub fn same(left: &Files, right: &Files, what: &str) {
    let differ = |one: &Files, other: &Files| -> Vec<String> {
        let differs = one.iter().filter(|(path, text)| other.get(*path) != Some(*text));
        differs.map(|(path, text)| format!("{path}: {:?}", String::from_utf8_lossy(text))).collect()
    };
    let (only_left, only_right) = (differ(left, right), differ(right, left));
    assert!(left == right, "{what}\nis {only_left:#?}\nnot {only_right:#?}");
}
