//! How plans, states and outcomes are shown.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{BAD, BOLD, CHANGED, DIM, GOOD, Report, Ui, duration};
use crate::cli::error::{explain, hints_of};
use crate::domain::ownership::Stranger;
use crate::domain::plan::{Action, Change, Counts, FieldChange, Goal, Plan, Reason};
use crate::domain::resource::{Owner, Status, as_link};
use crate::domain::spec::Environment;
use crate::ops::{Leftover, Leftovers, Outcome, Survey};

/// Up to this many changes are listed one by one without being asked.
const LISTED: usize = 24;
/// Longest value of a field that is shown, characters.
const VALUE: usize = 60;

impl Ui {
    /// Shows a plan.
    pub fn plan(&self, env: &Environment, plan: &Plan, survey: &Survey) -> Result<(), Report> {
        if self.is_json() {
            return self.json(&json!({
                "schema": "billpay/plan/v1",
                "environment": env.environment,
                "account": env.account,
                "region": env.region,
                "identity": survey.identity.arn,
                "goal": plan.goal,
                "selection": plan.selection,
                "counts": plan.counts(),
                "changes": plan.changes,
                "conflicts": plan.conflicts,
                "strangers": plan.strangers,
            }));
        }
        let mut text = self.header(env, plan);
        let counts = plan.counts();
        let listed = self.verbose > 0 || counts.changes() <= LISTED;
        for (component, changes) in plan.by_component() {
            let of = Counts::of(changes.iter().copied());
            if of.changes() > 0 {
                let _ = writeln!(text, "  {BOLD}{component}{BOLD:#}  {}", summary(&of));
                if listed {
                    changes.iter().for_each(|change| self.change(&mut text, change));
                }
            }
        }
        for conflict in &plan.conflicts {
            let (what, hint) = explain(conflict);
            let _ = writeln!(text, "  {BAD}! {what}{BAD:#}\n    {hint}");
        }
        for Stranger { address, id, evidence } in &plan.strangers {
            let _ = writeln!(
                text,
                "  {DIM}left alone: {id} carries the tags of {address}, and {evidence}{DIM:#}"
            );
        }
        if counts.changes() == 0 {
            let _ = writeln!(text, "  Nothing to change: {} as the spec says.", are(counts.no_op));
        } else {
            let more = if listed { String::new() } else { format!("      {DIM}each one: -v{DIM:#}") };
            let _ = writeln!(text, "\n  {BOLD}Plan:{BOLD:#} {}{more}", totals(&counts));
        }
        self.summarize(env, plan);
        self.text(&text)
    }

    fn header(&self, env: &Environment, plan: &Plan) -> String {
        let Environment { environment, account, region, .. } = env;
        let count = plan.changes.len();
        let s = if count == 1 { "" } else { "s" };
        format!("{BOLD}{environment}{BOLD:#} · aws {account} {region} · {count} resource{s}\n\n")
    }

    fn change(&self, text: &mut String, change: &Change) {
        let (sign, style) = match change.action {
            Action::NoOp if self.verbose < 2 => return,
            Action::NoOp => (' ', DIM),
            Action::Create => ('+', GOOD),
            Action::Update => ('~', CHANGED),
            Action::Replace => ('±', BAD),
            Action::Delete => ('-', BAD),
        };
        let reason = change.reason.as_ref().and_then(why).map(|why| format!("  {DIM}{why}{DIM:#}"));
        let id = change.id().map(|id| format!("  {id}")).unwrap_or_default();
        let name = change.address.name();
        let _ = writeln!(text, "    {style}{sign} {name}{style:#}{id}{}", reason.unwrap_or_default());
        let fields = match change.action {
            Action::Update | Action::Replace => change.fields.as_slice(),
            _ => &[],
        };
        for FieldChange { path, from, to, replaces } in fields {
            let forces = if *replaces { format!("  {BAD}replaces it{BAD:#}") } else { String::new() };
            let _ = writeln!(text, "        {path}: {} → {}{forces}", value(from), value(to));
        }
        if change.action == Action::Create && self.verbose > 1 {
            let attrs = change.desired.as_ref().map(|desired| &desired.attrs);
            for (path, to) in attrs.and_then(Value::as_object).into_iter().flatten() {
                let _ = writeln!(text, "        {path}: {}", value(to));
            }
        }
    }

    /// Shows what there is and how it compares with the spec.
    pub fn status(&self, env: &Environment, plan: &Plan, survey: &Survey) -> Result<(), Report> {
        let rows: Vec<(&Change, &str)> = plan.changes.iter().map(|change| (change, state(change))).collect();
        if self.is_json() {
            let resources: Vec<Value> = rows
                .iter()
                .map(|(change, state)| {
                    json!({
                        "address": change.address, "state": state, "id": change.id(), "fields": change.fields,
                        "outputs": change.observed.as_ref().map(|observed| &observed.outputs),
                    })
                })
                .collect();
            return self.json(&json!({
                "schema": "billpay/status/v1", "environment": env.environment, "account": env.account,
                "region": env.region, "identity": survey.identity.arn, "resources": resources,
                "conflicts": plan.conflicts,
                "strangers": plan.strangers,
            }));
        }
        let mut text = self.header(env, plan);
        let width = plan.changes.iter().map(|change| change.address.to_string().len()).max().unwrap_or(0);
        for (change, state) in &rows {
            let style = match *state {
                "ready" => GOOD,
                "missing" | "failed" | "not in the spec" => BAD,
                _ => CHANGED,
            };
            let address = change.address.to_string();
            let id = change.id().unwrap_or("-");
            let _ = writeln!(text, "  {address:width$}  {style}{state}{style:#}  {DIM}{id}{DIM:#}");
            for field in change.fields.iter().filter(|_| *state == "differs") {
                let _ = writeln!(text, "      {}: {} → {}", field.path, value(&field.from), value(&field.to));
            }
        }
        for conflict in &plan.conflicts {
            let _ = writeln!(text, "  {BAD}! {}{BAD:#}", explain(conflict).0);
        }
        for Stranger { address, id, evidence } in &plan.strangers {
            let _ = writeln!(
                text,
                "  {DIM}left alone: {id} carries the tags of {address}, and {evidence}{DIM:#}"
            );
        }
        let counts = plan.counts();
        let verdict = if plan.is_empty() {
            format!("{GOOD}All {} as the spec says.{GOOD:#}", are(counts.no_op))
        } else {
            format!("{CHANGED}Differs from the spec:{CHANGED:#} {}", totals(&counts))
        };
        let _ = writeln!(text, "\n  {verdict}");
        self.text(&text)
    }

    /// Shows what came of a run.
    pub fn outcome(&self, env: &Environment, plan: &Plan, outcome: &Outcome) -> Result<(), Report> {
        if self.is_json() {
            return self.outcome_json(env, plan, outcome, None);
        }
        let mut text = String::from("\n");
        let took = duration(outcome.seconds);
        if outcome.is_complete() {
            let counts = past(&plan.counts());
            let _ = writeln!(text, "{GOOD}Done{GOOD:#} in {took}: {counts}.");
        } else {
            let _ = writeln!(text, "{}", unfinished(outcome, &took));
        }
        for step in &outcome.failed {
            let _ = writeln!(text, "  {BAD}✗ {}{BAD:#}\n    {}", step.address, step.failure);
        }
        for step in &outcome.skipped {
            let _ = writeln!(text, "  {DIM}- {} was skipped: it needs {}{DIM:#}", step.address, step.because);
        }
        for address in &outcome.left {
            let _ = writeln!(text, "  {CHANGED}… {address}{CHANGED:#} is left");
        }
        for hint in hints_of(outcome.failed.iter().map(|step| &step.failure)) {
            let _ = writeln!(text, "{GOOD}hint{GOOD:#}: {hint}");
        }
        if !outcome.is_complete() {
            let verb = if plan.goal == Goal::Destroy { "destroy" } else { "provision" };
            let _ =
                writeln!(text, "Run `billpay {verb} --env {}` again: it goes on from here.", env.environment);
        }
        self.text(&text)
    }

    /// Shows what came of destroying, and what is left of the environment; `None` where the run
    /// was not complete, so that nobody looked.
    pub fn destroyed(
        &self,
        env: &Environment,
        plan: &Plan,
        outcome: &Outcome,
        left: Option<&Leftovers>,
    ) -> Result<(), Report> {
        if self.is_json() {
            return self.outcome_json(env, plan, outcome, left);
        }
        self.outcome(env, plan, outcome)?;
        let Some(left) = left else { return Ok(()) };
        if left.is_empty() {
            return self.text("Looked again: nothing of it is left.");
        }
        let mut text = String::new();
        for (heading, list) in [("Still there:", &left.ours), ("Left, and not billpay's:", &left.others)] {
            if !list.is_empty() {
                let _ = writeln!(text, "{BAD}{heading}{BAD:#}");
            }
            for Leftover { address, id, region, reason } in list {
                let _ = writeln!(text, "  {address}  {id}  {DIM}{region}: {reason}{DIM:#}");
            }
        }
        self.text(&text)
    }

    fn outcome_json(
        &self,
        env: &Environment,
        plan: &Plan,
        outcome: &Outcome,
        leftovers: Option<&Leftovers>,
    ) -> Result<(), Report> {
        let mut value = json!(outcome);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("schema".into(), json!("billpay/run/v1"));
            fields.insert("environment".into(), json!(env.environment));
            fields.insert("counts".into(), json!(plan.counts()));
            if let Some(leftovers) = leftovers {
                fields.insert("leftovers".into(), json!(leftovers));
            }
        }
        self.json(&value)
    }

    /// Adds the plan to the job summary where GitHub Actions collects one.
    fn summarize(&self, env: &Environment, plan: &Plan) {
        let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|_| self.github) else { return };
        let mut text = format!("### billpay: {}\n\n{}\n\n", env.environment, totals(&plan.counts()));
        if !plan.is_empty() {
            text.push_str("| | resource | id | why |\n|---|---|---|---|\n");
        }
        for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
            let why = change.reason.as_ref().and_then(why).unwrap_or_default();
            let id = change.id().unwrap_or_default();
            let _ = writeln!(text, "| {} | `{}` | {id} | {why} |", verb(change.action), change.address);
        }
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        if let Err(error) = written {
            self.note(&format!("the job summary could not be written: {error}"));
        }
    }
}

fn unfinished(outcome: &Outcome, took: &str) -> String {
    let done = outcome.done.len();
    match (outcome.interrupted, outcome.failed.len()) {
        (true, _) => {
            format!("{CHANGED}Interrupted{CHANGED:#} after {took}: {done} done, {} left.", outcome.left.len())
        }
        (false, failed) => format!(
            "{BAD}{failed} failed{BAD:#} after {took}: {done} done, {} skipped.",
            outcome.skipped.len()
        ),
    }
}

/// The state of a resource in one or two words.
fn state(change: &Change) -> &'static str {
    match (&change.observed, change.action) {
        (None, _) => "missing",
        (Some(observed), _) if matches!(observed.owner, Owner::Foreign { .. }) => "not ours",
        (Some(observed), _) if observed.status == Status::Failed => "failed",
        (Some(observed), _) if observed.status == Status::Deleting => "being deleted",
        (Some(observed), _) if observed.status == Status::Pending => "in progress",
        (Some(_), Action::NoOp) => "ready",
        (Some(_), Action::Delete) => "not in the spec",
        (Some(_), _) => "differs",
    }
}

/// A reason in words; none where the sign in front says it all.
fn why(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Missing | Reason::Differs | Reason::Destroy => return None,
        Reason::Immutable { fields } => format!("{} can't be changed in place", fields.join(", ")),
        Reason::Unfinished => "an earlier run was cut short: waits until it is ready".into(),
        Reason::Failed => "it is in a failed state".into(),
        Reason::BeingDeleted => "it is being deleted: waits, then makes it anew".into(),
        Reason::NotInSpec => "the spec no longer has it".into(),
        Reason::Superseded { by } => format!("{by} takes its place; an earlier run was cut short"),
        Reason::Duplicate { of } => format!("a second {of}, made by this run after a lost response"),
        Reason::Released { of } => format!("{of} is kept; this one only loses its tags"),
    })
}

fn value(value: &Value) -> String {
    if let Some((address, output)) = as_link(value) {
        return format!("{DIM}(known after apply: {output} of {address}){DIM:#}");
    }
    let text = match value {
        Value::Null => return format!("{DIM}(none){DIM:#}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE {
        return text;
    }
    text.chars().take(VALUE - 1).chain(['…']).collect()
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// What a component is in for, without the noughts: `3 to create, 1 to update`.
fn summary(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = *counts;
    let parts = [(create, "create"), (update, "update"), (replace, "replace"), (delete, "delete")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    parts.join(", ")
}

fn totals(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = counts;
    let replace = if *replace > 0 { format!(", {replace} to replace") } else { String::new() };
    format!("{create} to create, {update} to update{replace}, {delete} to delete")
}

fn past(counts: &Counts) -> String {
    let Counts { create, update, replace, delete, .. } = counts;
    let replace = if *replace > 0 { format!(", {replace} replaced") } else { String::new() };
    format!("{create} created, {update} updated{replace}, {delete} deleted")
}

fn are(count: usize) -> String {
    match count {
        1 => "1 resource is".to_string(),
        count => format!("{count} resources are"),
    }
}
