//! Carries a decision out.
//!
//! New contents go to `.billpay/staging` first. Then the manifest says what is about to
//! happen, everything moves to its place, and the manifest says that it happened. A kill in
//! between leaves a manifest and a staging folder from which the next run sees, file by
//! file, how far this one got.

use std::path::Path;

use crate::domain::tree::{Coverage, Decision, Manifest, OURS, Rendered, TreeOptions, Why, Work};

use super::look::{Look, read};
use super::steps::{Before, Doer};
use super::{Steps, TreeError, lock};

const ATTRIBUTES: &str = "\
# Written by billpay. Git must not change the line ends of what is compared byte by byte.
* -text linguist-generated
";

const IGNORE: &str = "\
# Written by billpay: what is only there while it is at work.
/lock
/manifest.new
/staging/
";

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
    let remembers = look.ours("manifest.json").exists() || look.staging().exists();
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
    let decision = Look::at(look.root()).decide(rendered, coverage, options)?;
    let in_the_way = decision.plan.kept().filter_map(|(path, why)| match why {
        Why::InTheWay { by } => Some((path.clone(), by.clone())),
        _ => None,
    });
    let in_the_way: Vec<_> = in_the_way.collect();
    if !in_the_way.is_empty() {
        return Err(TreeError::InTheWay(in_the_way));
    }
    if !decision.work.is_nothing() {
        carry_out(look, &decision.work, doer)?;
    }
    Ok(decision)
}

/// Brings the records of a killed run in line with what it got done, and clears up after it.
fn settle(look: &Look, doer: &mut Doer) -> Result<(), TreeError> {
    if look.manifest()?.is_none() && look.ours("base").exists() {
        look.no_link(&look.ours("base"))?;
        doer.clear(&look.ours("base"))?;
    }
    let (recorded, done) = Look::at(look.root()).unfinished()?;
    if !recorded.pending.is_empty() {
        let finished = || recorded.pending.iter().filter(|(path, _)| done.contains(*path));
        // What goes leaves its folder to what comes.
        for (path, _) in finished().filter(|(_, pending)| pending.entry.is_none()) {
            look.no_link(&look.base(path))?;
            doer.remove_for_good(&look.base(path))?;
            empty_folders_up(look, &look.base(path), doer)?;
        }
        for (path, pending) in finished() {
            let (staged, base) = (look.staged("base", pending.number), look.base(path));
            if staged.exists() {
                look.no_link(&base)?;
                make_folder_of(&base, doer)?;
                doer.replace_for_good(&staged, &base)?;
            }
        }
        replace_manifest(look, recorded.settled(&done).print().as_bytes(), doer)?;
    }
    if look.staging().exists() {
        doer.clear(&look.staging())?;
    }
    if look.ours("manifest.new").exists() {
        doer.remove_for_good(&look.ours("manifest.new"))?;
    }
    Ok(())
}

/// Does the work, or, when it fails, undoes what was done of it.
fn carry_out(look: &Look, work: &Work, doer: &mut Doer) -> Result<(), TreeError> {
    let manifest = look.ours("manifest.json");
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
        Some(before) => replace_manifest(look, before, doer),
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
    doer.make_folder(&look.staging())?;
    for (path, pending) in &meanwhile.pending {
        if let Some(write) = work.writes.get(path) {
            let target = look.in_tree(path);
            let like = write.before.as_ref().map(|_| target.as_path());
            doer.stage(&staged("new", pending.number), &write.after, like)?;
        }
        if let Some(Some(text)) = work.bases.get(path) {
            doer.stage(&staged("base", pending.number), text.as_bytes(), None)?;
        }
    }
    let manifest = staged("manifest", 0);
    doer.stage(&manifest, work.after.print().as_bytes(), None)?;
    let pending = staged("pending", 0);
    doer.stage(&pending, meanwhile.print().as_bytes(), None)?;
    // One after the other, with nothing written in between: the first does the work of all.
    for path in [&manifest, &pending, &look.staging()] {
        doer.sync(path)?;
    }
    doer.replace_for_good(&pending, &look.ours("manifest.json"))?;

    for (path, before) in &work.deletes {
        doer.remove(&look.in_tree(path), &staged("old", meanwhile.number(path)), Before::Is(before))?;
    }
    for folder in &work.emptied {
        doer.remove_if_empty(&look.in_tree(folder))?;
    }
    for folder in &work.made {
        doer.make_folder(&look.in_tree(folder))?;
    }
    for (path, write) in &work.writes {
        let (new, old) = (staged("new", meanwhile.number(path)), staged("old", meanwhile.number(path)));
        let before = write.before.as_deref().map_or(Before::Absent, Before::Is);
        doer.put(&new, &look.in_tree(path), &old, before)?;
    }
    bases(look, work, &meanwhile, doer)?;
    for (name, text) in [(".gitattributes", ATTRIBUTES), (".gitignore", IGNORE)] {
        let target = look.ours(name);
        look.no_link(&target)?;
        if !read(&target).is_ok_and(|there| there == text.as_bytes()) {
            let (new, old) = (look.staging().join(name), look.staging().join(format!("before{name}")));
            doer.stage(&new, text.as_bytes(), None)?;
            doer.put(&new, &target, &old, Before::Whatever)?;
        }
    }
    doer.replace_for_good(&manifest, &look.ours("manifest.json"))
}

/// Remembers new renderings, and forgets those that nothing is made from any more.
fn bases(look: &Look, work: &Work, meanwhile: &Manifest, doer: &mut Doer) -> Result<(), TreeError> {
    for (path, _) in work.bases.iter().filter(|(_, text)| text.is_none()) {
        let target = look.base(path);
        look.no_link(&target)?;
        doer.remove(&target, &look.staged("oldbase", meanwhile.number(path)), Before::Whatever)?;
        empty_folders_up(look, &target, doer)?;
    }
    for (path, _) in work.bases.iter().filter(|(_, text)| text.is_some()) {
        let target = look.base(path);
        look.no_link(&target)?;
        make_folder_of(&target, doer)?;
        let (new, old) =
            (look.staged("base", meanwhile.number(path)), look.staged("oldbase", meanwhile.number(path)));
        doer.put(&new, &target, &old, Before::Whatever)?;
    }
    Ok(())
}

/// Writes the manifest in one go.
fn replace_manifest(look: &Look, text: &[u8], doer: &mut Doer) -> Result<(), TreeError> {
    let new = look.ours("manifest.new");
    doer.remove_for_good(&new)?;
    doer.stage(&new, text, None)?;
    doer.sync(&new)?;
    doer.replace_for_good(&new, &look.ours("manifest.json"))
}

fn make_folder_of(file: &Path, doer: &mut Doer) -> Result<(), TreeError> {
    file.parent().map_or(Ok(()), |folder| doer.make_folders(folder))
}

/// Removes the folders of a base that is gone, as far up as nothing else is in them.
fn empty_folders_up(look: &Look, base: &Path, doer: &mut Doer) -> Result<(), TreeError> {
    let top = look.ours("base");
    for folder in base.ancestors().skip(1).take_while(|folder| *folder != top) {
        if !doer.remove_if_empty(folder)? {
            break;
        }
    }
    Ok(())
}
