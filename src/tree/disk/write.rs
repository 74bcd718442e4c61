//! Carries a decision out.
//!
//! New contents go to `.billpay/staging` first. Then the manifest says what is about to
//! happen, everything moves to its place, and the manifest says that it happened. A kill in
//! between leaves a manifest and a staging folder from which the next run sees, file by
//! file, how far this one got.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::look::{Look, read};
use super::pack::{PACK, packed, unpacked};
use super::steps::{Before, Doer, is_folder};
use super::{Steps, TreeError, lock};
use crate::{Conflict, Coverage, Decision, Manifest, OURS, RelPath, Rendered, TreeOptions, Why, Work, Write};

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

/// What is in `.billpay` for Git's sake.
pub(super) const OWN_FILES: &[(&str, &str)] = &[(".gitattributes", ATTRIBUTES), (".gitignore", IGNORE)];

pub(super) fn write(
    root: &Path,
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    steps: &mut dyn Steps,
) -> Result<Decision, TreeError> {
    let look = Look::at(root);
    // Whatever is wrong with the records comes out before anything is made.
    look.manifest()?;
    let mut doer = Doer::new(steps);
    let result = in_home(&look, rendered, coverage, options, &mut doer);
    // What was made only to be able to begin; folders with something in them stay.
    match (result, doer.undo_to(0)) {
        (_, Err(TreeError::Killed)) => Err(TreeError::Killed),
        (result, _) => result,
    }
}

fn in_home(
    look: &Look,
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    doer: &mut Doer,
) -> Result<Decision, TreeError> {
    doer.make_folders(&look.root().join(OURS))?;
    let _lock = lock::exclusive(look.root())?;
    let result = locked(look, rendered, coverage, options, doer);
    let remembers = look.ours(MANIFEST).exists() || look.staging().exists();
    if remembers || matches!(result, Err(TreeError::Killed)) {
        doer.keep_since(0);
    } else {
        doer.remove_for_good(&look.ours("lock"))?;
    }
    result
}

fn locked(
    look: &Look,
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    doer: &mut Doer,
) -> Result<Decision, TreeError> {
    settle(look, doer)?;
    if is_folder(&look.ours("base")) {
        // Where the bases were once.
        doer.clear(&look.ours("base"))?;
    }
    let decision = Look::at(look.root()).decide(rendered, coverage, options)?;
    let in_the_way = decision.plan.kept().filter_map(|(path, why)| match why {
        Why::InTheWay { by } => Some((path.clone(), by.clone())),
        _ => None,
    });
    let in_the_way: Vec<_> = in_the_way.collect();
    if !in_the_way.is_empty() {
        return Err(TreeError::InTheWay(in_the_way));
    }
    let conflicts = decision.plan.kept().filter(|(_, why)| why.is_conflict());
    let conflicts: Vec<_> = conflicts.map(|(path, why)| (path.clone(), why.clone())).collect();
    if options.conflict == Conflict::Fail && !conflicts.is_empty() {
        return Err(TreeError::Conflicts(conflicts));
    }
    if !decision.work.is_nothing() {
        carry_out(look, &decision.work, doer)?;
    }
    Ok(decision)
}

/// Brings the records of a killed run in line with what it got done, and clears up after it.
fn settle(look: &Look, doer: &mut Doer) -> Result<(), TreeError> {
    if let Some(settled) = Look::at(look.root()).unfinished()? {
        let pack = packed(&look.bases()?, &settled)
            .map_err(|error| TreeError::io("pack", &look.ours(PACK), error))?;
        match pack {
            Some(pack) if look.read_ours(&look.ours(PACK))?.as_ref() != Some(&pack) => {
                replace(look, "base.new", PACK, &pack, doer)?;
            }
            Some(_) => {}
            None => doer.remove_for_good(&look.ours(PACK))?,
        }
        replace(look, "manifest.new", MANIFEST, settled.print().as_bytes(), doer)?;
    }
    if look.staging().exists() {
        doer.clear(&look.staging())?;
    }
    for new in ["base.new", "manifest.new"] {
        if look.ours(new).exists() {
            doer.remove_for_good(&look.ours(new))?;
        }
    }
    Ok(())
}

/// Does the work, or, when it fails, undoes what was done of it.
fn carry_out(look: &Look, work: &Work, doer: &mut Doer) -> Result<(), TreeError> {
    let manifest = look.ours(MANIFEST);
    let before = read(&manifest).ok();
    let mark = doer.mark();
    let cause = match do_it(look, work, doer) {
        Ok(()) => {
            doer.keep_since(mark);
            // It is done by now: what can't be cleared up waits for the next run.
            return match doer.clear(&look.staging()) {
                Err(TreeError::Killed) => Err(TreeError::Killed),
                _ => Ok(()),
            };
        }
        Err(TreeError::Killed) => return Err(TreeError::Killed),
        Err(cause) => Box::new(cause),
    };
    let undone = doer.undo_to(mark).and_then(|()| match &before {
        _ if read(&manifest).ok() == before => Ok(()),
        Some(before) => replace(look, "manifest.new", MANIFEST, before, doer),
        None => doer.remove_for_good(&manifest),
    });
    let cleared = undone.and_then(|()| {
        doer.remove_for_good(&look.ours("manifest.new"))?;
        doer.clear(&look.staging())
    });
    match cleared {
        Ok(()) => Err(TreeError::Undone { cause }),
        Err(TreeError::Killed) => Err(TreeError::Killed),
        Err(undoing) => Err(TreeError::NotUndone { cause, undoing: Box::new(undoing) }),
    }
}

fn do_it(look: &Look, work: &Work, doer: &mut Doer) -> Result<(), TreeError> {
    let meanwhile = work.manifest_meanwhile();
    let staged = |what: &str, number: usize| look.staged(what, number);
    // What goes along to another path is still at the old one.
    let old: BTreeMap<&RelPath, &RelPath> = work.moved.iter().map(|(from, to)| (to, from)).collect();
    doer.make_folder(&look.staging())?;
    for (path, pending) in &meanwhile.pending {
        let beside = work.beside.get(path).map(|beside| &beside.write);
        if let Some(write) = work.writes.get(path).or(beside) {
            let target = look.in_tree(pending.at.as_ref().unwrap_or(path));
            let old = old.get(path).map(|from| look.in_tree(from));
            let like = write.before.as_ref().map(|_| target).or(old);
            doer.stage(&staged("new", pending.number), &write.after, like.as_deref())?;
        }
    }
    let pack = new_pack(look, work)?;
    if let Some(Some(pack)) = &pack {
        doer.stage_record(&look.staging().join("pack"), pack)?;
    }
    let records = records(work);
    for (name, bytes) in &records {
        doer.stage_record(&look.staging().join(format!("record.{name}")), bytes)?;
    }
    // There before the manifest is, so that they needn't be thought of again.
    for (name, text) in OWN_FILES {
        let target = look.ours(name);
        look.no_link(&target)?;
        if !read(&target).is_ok_and(|there| there == text.as_bytes()) {
            let (new, old) = (look.staging().join(name), look.staging().join(format!("before{name}")));
            doer.stage_record(&new, text.as_bytes())?;
            doer.put(&new, &target, &old, Before::Whatever)?;
        }
    }
    let manifest = staged("manifest", 0);
    doer.stage_record(&manifest, work.after.print().as_bytes())?;
    let pending = staged("pending", 0);
    doer.stage_record(&pending, meanwhile.print().as_bytes())?;
    // One after the other, with nothing written in between: the first does the work of all.
    for path in [&manifest, &pending, &look.staging()] {
        doer.sync(path)?;
    }
    doer.replace_for_good(&pending, &look.ours(MANIFEST))?;

    let delete = |path: &RelPath, doer: &mut Doer| match work.deletes.get(path) {
        Some(before) => {
            let target = look.in_tree(work.before.place(path));
            doer.remove(&target, &staged("old", meanwhile.number(path)), Before::Is(before))
        }
        None => Ok(()),
    };
    for path in work.deletes.keys().filter(|path| !work.moved.contains_key(*path)) {
        delete(path, doer)?;
    }
    for folder in &work.emptied {
        doer.remove_if_empty(&look.in_tree(folder))?;
    }
    for folder in &work.made {
        doer.make_folder(&look.in_tree(folder))?;
    }
    let put = |path: &RelPath, target: &RelPath, write: &Write, doer: &mut Doer| {
        let (new, old) = (staged("new", meanwhile.number(path)), staged("old", meanwhile.number(path)));
        let before = write.before.as_ref().map_or(Before::Absent, Before::Is);
        doer.put(&new, &look.in_tree(target), &old, before)
    };
    // What couldn't be merged is safe before the file counts as settled.
    for (path, beside) in &work.beside {
        put(path, path, &beside.write, doer)?;
    }
    for (path, write) in &work.writes {
        put(path, work.after.place(path), write, doer)?;
    }
    // What went along is at its new path by now.
    for path in work.moved.keys() {
        delete(path, doer)?;
    }
    let left: Vec<RelPath> = work.moved.keys().flat_map(RelPath::folders).collect();
    for folder in work.emptied.iter().filter(|folder| left.contains(folder)) {
        doer.remove_if_empty(&look.in_tree(folder))?;
    }
    let (new, old) = (look.staging().join("pack"), look.staging().join("oldpack"));
    match pack {
        Some(Some(_)) => doer.put(&new, &look.ours(PACK), &old, Before::Whatever)?,
        Some(None) => doer.remove(&look.ours(PACK), &old, Before::Whatever)?,
        None => {}
    }
    for (name, _) in &records {
        let target = look.ours(name);
        look.no_link(&target)?;
        let new = look.staging().join(format!("record.{name}"));
        doer.put(&new, &target, &look.staging().join(format!("before.{name}")), Before::Whatever)?;
    }
    doer.replace_for_good(&manifest, &look.ours(MANIFEST))
}

/// The files in `.billpay` that change; the rendering decides what is in them.
fn records(work: &Work) -> Vec<(&str, &[u8])> {
    work.records.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}

/// The pack of bases, if it has to be another one; and none if there are no bases any more.
fn new_pack(look: &Look, work: &Work) -> Result<Option<Option<Vec<u8>>>, TreeError> {
    let path = look.ours(PACK);
    look.no_link(&path)?;
    // In the order in which they are packed, so that the same tree has the same pack.
    let digests = |manifest: &Manifest| -> Vec<String> {
        let mut seen = BTreeSet::new();
        let digests = manifest.files.values().map(|entry| entry.sha256.clone());
        digests.filter(|digest| seen.insert(digest.clone())).collect()
    };
    if work.bases.is_empty() && digests(&work.before) == digests(&work.after) {
        return Ok(None);
    }
    let there = look.read_ours(&path)?;
    let mut bases = there.as_deref().map(unpacked).unwrap_or_default();
    bases.texts.extend(work.bases.iter().map(|(digest, text)| (digest.clone(), text.clone())));
    let new = packed(&bases, &work.after).map_err(|error| TreeError::io("pack", &path, error))?;
    Ok((new != there).then_some(new))
}

/// Writes one of billpay's own files in one go.
fn replace(look: &Look, new: &str, name: &str, text: &[u8], doer: &mut Doer) -> Result<(), TreeError> {
    let new = look.ours(new);
    doer.remove_for_good(&new)?;
    doer.stage_record(&new, text)?;
    doer.sync(&new)?;
    doer.replace_for_good(&new, &look.ours(name))
}
