//! Carries out a decision.
//!
//! New contents go to `.billpay/staging`. Then the manifest records the pending changes, all files move to their places, and
//! the manifest records the new state. From the manifest and the staging folder that a killed run leaves, the next run
//! recovers file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::pack::{PACK, pack_bases, unpack_bases};
use super::scan::{Scanner, read};
use super::transaction::{Expectation, Transaction, is_folder};
use super::{StepHook, TreeError, lock};
use crate::{
    ChangeSet, ConflictPolicy, Coverage, Decision, KeepReason, Manifest, RECORDS_FOLDER, RelPath,
    RenderedTree, TreeOptions, Write,
};

const ATTRIBUTES: &str = "\
# Written by billpay. Git must not change the line ends of what is compared byte by byte.
* -text linguist-generated
/base.pack binary
";

const IGNORE: &str = "\
# Written by billpay: what is only there while it is at work.
/base.new
/lock
/manifest.new
/staging/
";

pub(super) const MANIFEST: &str = "manifest.json";

/// Git's files in `.billpay`.
pub(super) const OWN_FILES: &[(&str, &str)] = &[(".gitattributes", ATTRIBUTES), (".gitignore", IGNORE)];

pub(super) fn write(
    root: &Path,
    rendered: &RenderedTree,
    coverage: &Coverage,
    options: TreeOptions,
    hook: &mut dyn StepHook,
) -> Result<Decision, TreeError> {
    let scanner = Scanner::at(root);
    // An unusable manifest fails before anything is created.
    scanner.manifest()?;
    let mut transaction = Transaction::new(hook);
    let result = with_records_folder(&scanner, rendered, coverage, options, &mut transaction);
    // Folders made for the lock; those that aren't empty stay.
    match (result, transaction.undo_to(0)) {
        (_, Err(TreeError::Killed)) => Err(TreeError::Killed),
        (result, _) => result,
    }
}

fn with_records_folder(
    scanner: &Scanner,
    rendered: &RenderedTree,
    coverage: &Coverage,
    options: TreeOptions,
    transaction: &mut Transaction,
) -> Result<Decision, TreeError> {
    transaction.make_folders(&scanner.root().join(RECORDS_FOLDER))?;
    let _lock = lock::exclusive(scanner.root())?;
    let result = write_locked(scanner, rendered, coverage, options, transaction);
    let remembers = scanner.record_path(MANIFEST).exists() || scanner.staging().exists();
    if remembers || matches!(result, Err(TreeError::Killed)) {
        transaction.keep_since(0);
    } else {
        transaction.remove_permanently(&scanner.record_path("lock"))?;
    }
    result
}

fn write_locked(
    scanner: &Scanner,
    rendered: &RenderedTree,
    coverage: &Coverage,
    options: TreeOptions,
    transaction: &mut Transaction,
) -> Result<Decision, TreeError> {
    settle(scanner, transaction)?;
    if is_folder(&scanner.record_path("base")) {
        // The place of the bases in older versions.
        transaction.remove_tree(&scanner.record_path("base"))?;
    }
    let decision = Scanner::at(scanner.root()).decide(rendered, coverage, options)?;
    let in_the_way = decision.plan.kept().filter_map(|(path, why)| match why {
        KeepReason::InTheWay { by } => Some((path.clone(), by.clone())),
        _ => None,
    });
    let in_the_way: Vec<_> = in_the_way.collect();
    if !in_the_way.is_empty() {
        return Err(TreeError::InTheWay(in_the_way));
    }
    let conflicts = decision.plan.kept().filter(|(_, why)| why.is_conflict());
    let conflicts: Vec<_> = conflicts.map(|(path, why)| (path.clone(), why.clone())).collect();
    if options.conflict == ConflictPolicy::Fail && !conflicts.is_empty() {
        return Err(TreeError::Conflicts(conflicts));
    }
    if !decision.changes.is_empty() {
        apply_or_undo(scanner, &decision.changes, transaction)?;
    }
    Ok(decision)
}

/// Updates the records to the state in which a killed run stopped, and removes its staging folder.
fn settle(scanner: &Scanner, transaction: &mut Transaction) -> Result<(), TreeError> {
    if let Some(settled) = Scanner::at(scanner.root()).recovered_manifest()? {
        let pack = pack_bases(&scanner.bases()?, &settled)
            .map_err(|error| TreeError::io("pack", &scanner.record_path(PACK), error))?;
        match pack {
            Some(pack) if scanner.read_record(&scanner.record_path(PACK))?.as_ref() != Some(&pack) => {
                replace_record(scanner, "base.new", PACK, &pack, transaction)?;
            }
            Some(_) => {}
            None => transaction.remove_permanently(&scanner.record_path(PACK))?,
        }
        replace_record(scanner, "manifest.new", MANIFEST, settled.print().as_bytes(), transaction)?;
    }
    if scanner.staging().exists() {
        transaction.remove_tree(&scanner.staging())?;
    }
    for new in ["base.new", "manifest.new"] {
        if scanner.record_path(new).exists() {
            transaction.remove_permanently(&scanner.record_path(new))?;
        }
    }
    Ok(())
}

/// Applies the changes; undoes them on an error.
fn apply_or_undo(
    scanner: &Scanner,
    changes: &ChangeSet,
    transaction: &mut Transaction,
) -> Result<(), TreeError> {
    let manifest = scanner.record_path(MANIFEST);
    let before = read(&manifest).ok();
    let mark = transaction.mark();
    let cause = match apply_changes(scanner, changes, transaction) {
        Ok(()) => {
            transaction.keep_since(mark);
            // The changes are made; the next run removes what can't be removed now.
            return match transaction.remove_tree(&scanner.staging()) {
                Err(TreeError::Killed) => Err(TreeError::Killed),
                _ => Ok(()),
            };
        }
        Err(TreeError::Killed) => return Err(TreeError::Killed),
        Err(cause) => Box::new(cause),
    };
    let undone = transaction.undo_to(mark).and_then(|()| match &before {
        _ if read(&manifest).ok() == before => Ok(()),
        Some(before) => replace_record(scanner, "manifest.new", MANIFEST, before, transaction),
        None => transaction.remove_permanently(&manifest),
    });
    let cleared = undone.and_then(|()| {
        transaction.remove_permanently(&scanner.record_path("manifest.new"))?;
        transaction.remove_tree(&scanner.staging())
    });
    match cleared {
        Ok(()) => Err(TreeError::Undone { cause }),
        Err(TreeError::Killed) => Err(TreeError::Killed),
        Err(undoing) => Err(TreeError::NotUndone { cause, undoing: Box::new(undoing) }),
    }
}

fn apply_changes(
    scanner: &Scanner,
    changes: &ChangeSet,
    transaction: &mut Transaction,
) -> Result<(), TreeError> {
    let pending_manifest = changes.pending_manifest();
    let staged = |what: &str, number: usize| scanner.staged(what, number);
    // A renamed file is still at its old path.
    let old: BTreeMap<&RelPath, &RelPath> = changes.moved.iter().map(|(from, to)| (to, from)).collect();
    transaction.make_folder(&scanner.staging())?;
    for (path, pending) in &pending_manifest.pending {
        let conflict_file = changes.conflict_files.get(path).map(|file| &file.write);
        if let Some(write) = changes.writes.get(path).or(conflict_file) {
            let target = scanner.path_in_tree(pending.at.as_ref().unwrap_or(path));
            let old = old.get(path).map(|from| scanner.path_in_tree(from));
            let like = write.before.as_ref().map(|_| target).or(old);
            transaction.stage(&staged("new", pending.number), &write.after, like.as_deref())?;
        }
    }
    let pack = new_pack(scanner, changes)?;
    if let Some(Some(pack)) = &pack {
        transaction.stage_record(&scanner.staging().join("pack"), pack)?;
    }
    let records = records(changes);
    for (name, bytes) in &records {
        transaction.stage_record(&scanner.staging().join(format!("record.{name}")), bytes)?;
    }
    // Written before the manifest, so that recovery needn't handle them.
    for (name, text) in OWN_FILES {
        let target = scanner.record_path(name);
        scanner.check_no_link(&target)?;
        if !read(&target).is_ok_and(|there| there == text.as_bytes()) {
            let (new, old) = (scanner.staging().join(name), scanner.staging().join(format!("before{name}")));
            transaction.stage_record(&new, text.as_bytes())?;
            transaction.put(&new, &target, &old, Expectation::Any)?;
        }
    }
    let manifest = staged("manifest", 0);
    transaction.stage_record(&manifest, changes.after.print().as_bytes())?;
    let pending = staged("pending", 0);
    transaction.stage_record(&pending, pending_manifest.print().as_bytes())?;
    // Consecutive syncs without writes between them: the first flushes all.
    for path in [&manifest, &pending, &scanner.staging()] {
        transaction.sync(path)?;
    }
    transaction.replace_permanently(&pending, &scanner.record_path(MANIFEST))?;

    let delete = |path: &RelPath, transaction: &mut Transaction| match changes.deletes.get(path) {
        Some(before) => {
            let target = scanner.path_in_tree(changes.before.place(path));
            transaction.remove(
                &target,
                &staged("old", pending_manifest.number(path)),
                Expectation::Is(before),
            )
        }
        None => Ok(()),
    };
    for path in changes.deletes.keys().filter(|path| !changes.moved.contains_key(*path)) {
        delete(path, transaction)?;
    }
    for folder in &changes.obsolete_folders {
        transaction.remove_if_empty(&scanner.path_in_tree(folder))?;
    }
    for folder in &changes.new_folders {
        transaction.make_folder(&scanner.path_in_tree(folder))?;
    }
    let put = |path: &RelPath, target: &RelPath, write: &Write, transaction: &mut Transaction| {
        let (new, old) =
            (staged("new", pending_manifest.number(path)), staged("old", pending_manifest.number(path)));
        let before = write.before.as_ref().map_or(Expectation::Absent, Expectation::Is);
        transaction.put(&new, &scanner.path_in_tree(target), &old, before)
    };
    // Conflict files are written before the files in conflict count as settled.
    for (path, conflict_file) in &changes.conflict_files {
        put(path, path, &conflict_file.write, transaction)?;
    }
    for (path, write) in &changes.writes {
        put(path, changes.after.place(path), write, transaction)?;
    }
    // Renamed files are at their new paths by now.
    for path in changes.moved.keys() {
        delete(path, transaction)?;
    }
    let left: Vec<RelPath> = changes.moved.keys().flat_map(RelPath::folders).collect();
    for folder in changes.obsolete_folders.iter().filter(|folder| left.contains(folder)) {
        transaction.remove_if_empty(&scanner.path_in_tree(folder))?;
    }
    let (new, old) = (scanner.staging().join("pack"), scanner.staging().join("oldpack"));
    match pack {
        Some(Some(_)) => transaction.put(&new, &scanner.record_path(PACK), &old, Expectation::Any)?,
        Some(None) => transaction.remove(&scanner.record_path(PACK), &old, Expectation::Any)?,
        None => {}
    }
    for (name, _) in &records {
        let target = scanner.record_path(name);
        scanner.check_no_link(&target)?;
        let new = scanner.staging().join(format!("record.{name}"));
        transaction.put(
            &new,
            &target,
            &scanner.staging().join(format!("before.{name}")),
            Expectation::Any,
        )?;
    }
    transaction.replace_permanently(&manifest, &scanner.record_path(MANIFEST))
}

/// Returns the changed records.
fn records(changes: &ChangeSet) -> Vec<(&str, &[u8])> {
    changes.records.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}

/// Returns the new pack of bases if it changes; `Some(None)` if no bases are left.
fn new_pack(scanner: &Scanner, changes: &ChangeSet) -> Result<Option<Option<Vec<u8>>>, TreeError> {
    let path = scanner.record_path(PACK);
    scanner.check_no_link(&path)?;
    // In the order of the pack, so that the same tree has the same pack.
    let digests = |manifest: &Manifest| -> Vec<String> {
        let mut seen = BTreeSet::new();
        let digests = manifest.files.values().map(|entry| entry.sha256.clone());
        digests.filter(|digest| seen.insert(digest.clone())).collect()
    };
    if changes.bases.is_empty() && digests(&changes.before) == digests(&changes.after) {
        return Ok(None);
    }
    let there = scanner.read_record(&path)?;
    let mut bases = there.as_deref().map(unpack_bases).unwrap_or_default();
    bases.texts.extend(changes.bases.iter().map(|(digest, text)| (digest.clone(), text.clone())));
    let new = pack_bases(&bases, &changes.after).map_err(|error| TreeError::io("pack", &path, error))?;
    Ok((new != there).then_some(new))
}

/// Replaces a record atomically.
fn replace_record(
    scanner: &Scanner,
    new: &str,
    name: &str,
    text: &[u8],
    transaction: &mut Transaction,
) -> Result<(), TreeError> {
    let new = scanner.record_path(new);
    transaction.remove_permanently(&new)?;
    transaction.stage_record(&new, text)?;
    transaction.sync(&new)?;
    transaction.replace_permanently(&new, &scanner.record_path(name))
}
