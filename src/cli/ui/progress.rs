//! A run as it goes: live lines on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{BAD, CHANGED, DIM, GOOD, Ui, duration};
use crate::domain::address::Address;
use crate::domain::plan::{Action, Plan};
use crate::domain::port::{Event, Reporter};

/// Shows the events of one run.
pub struct Progress<'a> {
    ui: &'a Ui,
    /// Longest address of the plan, for the columns.
    width: usize,
    bars: MultiProgress,
    running: Mutex<BTreeMap<Address, ProgressBar>>,
}

impl<'a> Progress<'a> {
    pub fn new(ui: &'a Ui, plan: &Plan) -> Progress<'a> {
        let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let width = changes.map(|change| change.address.to_string().len()).max().unwrap_or(0);
        let bars = MultiProgress::new();
        if !ui.terminal {
            bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        if ui.github {
            anstream::eprintln!("::group::billpay: {} resources", plan.counts().changes());
        }
        Progress { ui, width, bars, running: Mutex::default() }
    }

    /// Takes the live lines away.
    pub fn finish(&self) {
        let mut running = self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        running.values().for_each(ProgressBar::finish_and_clear);
        running.clear();
        if self.ui.github {
            anstream::eprintln!("::endgroup::");
        }
    }

    /// Writes a line above the live ones.
    fn line(&self, text: String) {
        if self.ui.terminal {
            self.bars.suspend(|| anstream::eprintln!("{text}"));
        } else {
            anstream::eprintln!("{text}");
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
        self.running().insert(address.clone(), bar);
    }

    fn end(&self, address: &Address) {
        if let Some(bar) = self.running().remove(address) {
            bar.finish_and_clear();
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<Address, ProgressBar>> {
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
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
                self.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                self.line(format!("  {GOOD}✓{GOOD:#} {name:width$}  {took:>9}   {DIM}{action} {id}{DIM:#}"));
            }
            Event::Failed { address, action, failure, seconds } => {
                self.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                self.line(format!("  {BAD}✗ {name:width$}{BAD:#}  {took:>9}   {action}: {failure}"));
            }
            Event::Skipped { address, because, .. } => {
                let name = address.to_string();
                self.line(format!("  {DIM}- {name:width$}  skipped: it needs {because}{DIM:#}"));
            }
            Event::Retrying { address, why } => match self.running().get(address) {
                Some(bar) => bar.set_message(format!("trying again: {why}")),
                None => self.line(format!("  {DIM}… {address}: trying again: {why}{DIM:#}")),
            },
            Event::Stopping { running, waiting } => {
                let text = format!(
                    "Stopping: {running} under way are finished, {waiting} are not begun. Ctrl-C again ends it at once."
                );
                self.line(format!("{CHANGED}{text}{CHANGED:#}"));
            }
        }
    }
}
