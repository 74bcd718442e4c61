//! A run as it goes: live lines on a terminal, plain lines elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use billpay_engine::cloud::{Event, Reporter};
use billpay_engine::plan::{Action, Plan};
use billpay_model::address::Address;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{BAD, CHANGED, DIM, GOOD, Ui, duration, out, value};

/// Shows the events of one run.
pub struct Progress<'a> {
    ui: &'a Ui,
    /// Longest address of the plan, for the columns.
    width: usize,
    bars: MultiProgress,
    running: Mutex<BTreeMap<Address, ProgressBar>>,
    /// Retries of each resource by their cause, in the order that the causes came in.
    retries: Mutex<BTreeMap<Address, Vec<(String, u32)>>>,
    /// Resources that failed or were skipped; neither is reported twice.
    told: Mutex<BTreeSet<Address>>,
}

impl<'a> Progress<'a> {
    pub fn new(ui: &'a Ui, plan: &Plan) -> Progress<'a> {
        let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let width = changes.map(|change| change.address.to_string().len()).max().unwrap_or(0);
        let bars = MultiProgress::new();
        if !ui.terminal {
            bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        out::command("group", &[], &format!("billpay: {} resources", plan.counts().changes()));
        Progress {
            ui,
            width,
            bars,
            running: Mutex::default(),
            retries: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Takes the live lines away.
    pub fn finish(&self) {
        let mut running = lock(&self.running);
        running.values().for_each(ProgressBar::finish_and_clear);
        running.clear();
        out::command("endgroup", &[], "");
    }

    /// Writes a line above the live ones.
    fn line(&self, text: String) {
        if self.ui.terminal {
            self.bars.suspend(|| out::stderr(&text));
        } else {
            out::stderr(&text);
        }
    }

    fn start(&self, address: &Address, action: &str, usual: u32, behind: usize) {
        let width = self.width;
        if !self.ui.terminal {
            // Quick work is told when it is done; a line for each beginning would only double the log.
            if usual >= 30 {
                let usual = duration(usual.into());
                let name = address.to_string();
                self.line(format!("  … {name:width$}  {:9}   {DIM}{action}, usually {usual}{DIM:#}", ""));
            }
            return;
        }
        let mut about = action.to_string();
        if usual >= 10 {
            about += &format!(" · usually {}", duration(usual.into()));
        }
        if behind > 0 {
            about += &format!(" · {behind} wait for it");
        }
        let style = ProgressStyle::with_template("  {spinner} {prefix}  {elapsed:>6}   {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let prefix = format!("{:width$}", address.to_string());
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(prefix).with_message(about);
        let bar = self.bars.add(bar);
        bar.enable_steady_tick(Duration::from_millis(120));
        lock(&self.running).insert(address.clone(), bar);
    }

    /// Ends the live line of a resource, and returns how often it was tried again, by the cause.
    fn end(&self, address: &Address) -> String {
        if let Some(bar) = lock(&self.running).remove(address) {
            bar.finish_and_clear();
        }
        retries_text(&lock(&self.retries).remove(address).unwrap_or_default())
    }

    /// Tells of a cause once, however often it makes a resource be tried again.
    fn retry(&self, address: &Address, why: &str) {
        let count = count_retry(lock(&self.retries).entry(address.clone()).or_default(), why);
        let cause = value::name(cause_of(why));
        match lock(&self.running).get(address) {
            Some(bar) if count > 1 => bar.set_message(format!("tried again {count} times: {cause}")),
            Some(bar) => bar.set_message(format!("trying again: {cause}")),
            None if count > 1 => {}
            None => self.line(format!("  {DIM}… {address}: trying again: {cause}{DIM:#}")),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Returns the cause of a failure without the number of the request, which is another one each time.
fn cause_of(why: &str) -> &str {
    why.rsplit_once(" (request ").filter(|(_, rest)| rest.ends_with(')')).map_or(why, |(cause, _)| cause)
}

/// Counts a retry, and returns how many there were of its cause.
fn count_retry(retries: &mut Vec<(String, u32)>, why: &str) -> u32 {
    let cause = cause_of(why);
    match retries.iter_mut().find(|(known, _)| known == cause) {
        Some((_, count)) => {
            *count += 1;
            *count
        }
        None => {
            retries.push((cause.to_string(), 1));
            1
        }
    }
}

/// Returns how often a resource was tried again, for the line that says how it ended.
fn retries_text(retries: &[(String, u32)]) -> String {
    let counts = retries.iter().map(|(cause, count)| {
        // The call and the code say enough: the whole cause was told when it came up.
        let cause = cause.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": ");
        format!("{count}× {}", value::name(&cause))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { String::new() } else { format!("; tried again {}", counts.join(", ")) }
}

impl Reporter for Progress<'_> {
    fn report(&self, event: Event) {
        self.ui.event(&event);
        let width = self.width;
        match &event {
            Event::Started { address, action, usual_seconds, waiting_behind } => {
                self.start(address, action, *usual_seconds, *waiting_behind);
            }
            Event::Finished { address, action, id, seconds } => {
                let retries = self.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                let what = format!("{DIM}{action} {id}{retries}{DIM:#}");
                self.line(format!("  {GOOD}✓{GOOD:#} {name:width$}  {took:>9}   {what}"));
            }
            Event::Failed { address, action, failure, seconds } => {
                let retries = self.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                let failure = value::name(&failure.to_string());
                lock(&self.told).insert(address.clone());
                self.line(format!("  {BAD}✗ {name:width$}{BAD:#}  {took:>9}   {action}: {failure}{retries}"));
            }
            // Both halves of a replacement are one resource.
            Event::Skipped { address, .. } if !lock(&self.told).insert(address.clone()) => {}
            Event::Skipped { address, because, .. } => {
                let name = address.to_string();
                self.line(format!("  {DIM}- {name:width$}  skipped: it needs {because}{DIM:#}"));
            }
            Event::Retrying { address, why } => self.retry(address, why),
            Event::Stopping { running, waiting } => {
                let text = format!(
                    "Stopping: {running} under way are finished, {waiting} are not begun. Ctrl-C again ends it at once."
                );
                self.line(format!("{CHANGED}{text}{CHANGED:#}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_counted_whatever_the_request() {
        let mut retries = vec![];
        let why =
            |request: u32| format!("ec2:DeleteVpc: DependencyViolation: it is in use (request {request})");
        assert_eq!([1, 2, 3].map(|request| count_retry(&mut retries, &why(request))), [1, 2, 3]);
        assert_eq!(count_retry(&mut retries, "ec2:DeleteVpc: Throttling: too fast"), 1);
        assert_eq!(count_retry(&mut retries, &why(4)), 4);
        assert_eq!(
            retries_text(&retries),
            "; tried again 4× ec2:DeleteVpc: DependencyViolation, 1× ec2:DeleteVpc: Throttling"
        );
        assert_eq!(retries_text(&[]), "");
    }

    #[test]
    fn only_the_number_of_a_request_is_left_out() {
        assert_eq!(cause_of("a: b (request r-1)"), "a: b");
        assert_eq!(cause_of("a: b (request"), "a: b (request");
        assert_eq!(cause_of("a: b (request x) c"), "a: b (request x) c");
    }
}
