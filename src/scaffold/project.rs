//! Projects from templates: their files and their records.

use std::collections::BTreeSet;

use billpay_tree::{Action, Coverage, Decision, KeepReason, RelPath, RenderedFile, RenderedTree};

use crate::question::{answer, put_answer, take_secrets};
use crate::workflow_rights::{self, has_rights};
use crate::{
    Answers, Origin, Project, ProjectTemplate, Question, RECORD, Record, RecordDefect, RenderOptions,
    TemplateError, TemplateRecord,
};

/// Returns the scope of an applied template's files in a tree.
pub fn scope(applied: &str) -> String {
    format!("template/{applied}")
}

/// Returns a project's record of an applied template.
///
/// # Errors
/// Fails if the template itself is wrong.
pub fn applied(
    template: &dyn ProjectTemplate,
    from: Origin,
    digest: String,
    answers: &Answers,
    options: &RenderOptions,
) -> Result<TemplateRecord, TemplateError> {
    let open = new_questions(template, answers)?;
    let unanswered = open.into_iter().filter(|question| !question.required && question.default.is_none());
    let about = template.about();
    let mut remembered = answers.clone();
    let secrets = take_secrets(&mut remembered, &template.secrets()?);
    Ok(TemplateRecord {
        template: about.name.clone(),
        instance: instance(template, &remembered),
        format: about.format,
        from,
        root: None,
        fetched: vec![],
        digest,
        seed: options.seed,
        now: options.seed.map(|_| options.now),
        answers: remembered,
        secrets,
        unanswered: unanswered.map(|question| question.name).collect(),
    })
}

/// Returns the instance name of an application, if a template can be applied several times.
fn instance(template: &dyn ProjectTemplate, answers: &Answers) -> Option<String> {
    let answer = answers.get(template.about().per.as_deref()?)?;
    Some(answer.as_str().map_or_else(|| answer.to_string(), str::to_string))
}

/// Returns the files of a project as a rendered tree with its record.
///
/// # Errors
/// Fails if the record can't be written as YAML.
pub fn place(
    project: Project,
    applied: TemplateRecord,
    record: &Record,
) -> Result<(RenderedTree, Coverage), RecordDefect> {
    let mut record = record.clone();
    let scope = scope(&applied.name());
    record.put(applied);
    let files = project.files.into_iter().map(|(path, file)| {
        (path, RenderedFile { scope: scope.clone(), bytes: file.bytes, executable: file.executable })
    });
    let files = files.collect();
    let records = [(RECORD.to_string(), record.print()?.into_bytes())].into();
    let known = record.templates.iter().map(|applied| self::scope(&applied.name())).collect();
    let coverage = Coverage { scopes: BTreeSet::from([scope]), all: false, known };
    Ok((RenderedTree { files, folders: project.folders, records }, coverage))
}

/// Returns the foreign files that block a first rendering.
pub fn in_the_way(decision: &Decision) -> Vec<&RelPath> {
    let fits = |action: &Action| {
        matches!(action, Action::Create | Action::Adopt | Action::Unchanged)
            || matches!(action, Action::Kept { reason: KeepReason::Deleted })
    };
    decision.plan.files.iter().filter(|file| !fits(&file.action)).map(|file| &file.path).collect()
}

/// A right that a workflow or an action gets by a change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct AddedRight {
    pub file: RelPath,
    /// In words: "the job `deploy` may write `contents`".
    pub right: String,
}

/// Returns the rights that the workflows and actions among the written files get; `folder` is the project's place
/// in its repository.
pub fn added_rights(decision: &Decision, folder: &str) -> Vec<AddedRight> {
    let judged = |path: &RelPath| Some(format!("{folder}/{path}")).filter(|path| has_rights(path));
    let (mut added, mut new) = (vec![], vec![]);
    for (path, write) in &decision.changes.writes {
        let file = decision.changes.after.place(path);
        let Some(judged) = judged(file).or_else(|| judged(path)) else { continue };
        let after = &*write.after.bytes;
        match &write.before {
            Some(before) => {
                added.push((file, workflow_rights::added_rights(&judged, Some(&before.bytes), after)));
            }
            None => new.push((file, judged, after)),
        }
    }
    // A new name for one that goes adds nothing to it; each goes but once.
    let gone = decision.changes.deletes.iter();
    let mut gone: Vec<(String, &[u8])> =
        gone.filter_map(|(path, content)| Some((judged(path)?, &*content.bytes))).collect();
    while !new.is_empty() {
        let pairs = new.iter().enumerate().flat_map(|(at, (_, path, after))| {
            let renamed = gone
                .iter()
                .enumerate()
                .filter(|(_, (from, before))| workflow_rights::may_be_renamed((from, before), (path, after)));
            let befores =
                renamed.map(|(from, (_, before))| (Some(from), Some(*before))).chain([(None, None)]);
            befores.map(move |(from, before)| (at, from, workflow_rights::added_rights(path, before, after)))
        });
        let Some((at, from, rights)) = pairs.min_by_key(|(_, _, rights)| rights.len()) else { break };
        added.push((new.remove(at).0, rights));
        from.map(|from| gone.remove(from));
    }
    let all = added.into_iter();
    all.flat_map(|(file, rights)| {
        rights.into_iter().map(move |right| AddedRight { file: file.clone(), right })
    })
    .collect()
}

/// Splits recorded answers into those that the template still asks for (unanswered ones as null) and the names of the rest.
pub fn still_asked(applied: &TemplateRecord, questions: &[Question]) -> (Answers, Vec<String>) {
    let answers = &applied.answers;
    let asked: BTreeSet<&str> =
        questions.iter().map(|question| question.name.split('.').next().unwrap_or_default()).collect();
    let (kept, dropped): (Vec<_>, Vec<_>) =
        answers.iter().partition(|(name, _)| asked.contains(name.as_str()));
    let mut kept: Answers = kept.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for question in questions.iter().filter(|question| applied.unanswered.contains(&question.name)) {
        put_answer(&mut kept, &question.name, serde_json::Value::Null);
    }
    (kept, dropped.into_iter().map(|(name, _)| name.clone()).collect())
}

/// Returns the questions that are still asked and were answered with secrets, which `answers` lack.
pub fn missing_secrets<'a>(
    applied: &'a TemplateRecord,
    secrets: &[Question],
    answers: &Answers,
) -> Vec<&'a str> {
    let is_asked = |name: &str| secrets.iter().any(|question| question.name == name);
    let names = applied.secrets.iter().map(String::as_str);
    names.filter(|name| is_asked(name) && answer(answers, name).is_none()).collect()
}

/// The questions that remembered answers leave open, whether or not they have defaults.
///
/// # Errors
/// Fails if the template itself is wrong.
pub fn new_questions(
    template: &dyn ProjectTemplate,
    answers: &Answers,
) -> Result<Vec<Question>, TemplateError> {
    let mut answers = answers.clone();
    let mut open = vec![];
    while let Some(question) = template.next_question(&answers)? {
        let answer = question.default.clone().unwrap_or_default();
        put_answer(&mut answers, &question.name, answer);
        if open.last() == Some(&question) {
            break;
        }
        open.push(question);
    }
    Ok(open)
}
