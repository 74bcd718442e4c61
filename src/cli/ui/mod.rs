//! The only printer: data to standard output, everything else to standard error.

mod difference;
pub mod out;
mod plan;
mod progress;
mod secrets;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Context;

use billpay_core::report::{Report as Document, to_json};
use billpay_engine::plan::{Conflict, Plan};
use billpay_host::program::in_ci;
use billpay_model::address::Address;
use billpay_model::event::{Event, Observer};
use billpay_model::findings::{Findings, Problem};
use serde::Serialize;
use serde_json::Value;

use super::error::{ErrorReport, Report, explain};
use super::{Color, Global, Output};

use out::Log;
pub use out::{BAD, BOLD, CHANGED, DIM, GOOD, Out};
use progress::Progress;
pub use secrets::{hide, hide_text, holds_secret};
pub use value::{line, name};

/// Output of results and messages.
pub struct Ui {
    out: Arc<Out>,
    output: Output,
    verbose: u8,
    events: Option<Mutex<Box<dyn Write + Send>>>,
    /// Set once an event could not be written, which is said once.
    has_lost_events: AtomicBool,
    progress: Progress,
    has_events_for_text: bool,
    is_quiet: bool,
}

/// Options of a [`Ui`].
#[derive(Debug, Clone)]
pub struct UiOptions {
    pub output: Output,
    /// Count of `-v`.
    pub verbose: u8,
    pub is_quiet: bool,
    /// File of events; `-` for standard error.
    pub events: Option<PathBuf>,
    /// Set if live lines can be drawn on standard error.
    pub is_live: bool,
}

impl UiOptions {
    fn of(global: &Global) -> UiOptions {
        UiOptions {
            output: global.output,
            verbose: global.verbose,
            is_quiet: global.quiet,
            events: global.events.clone(),
            is_live: io::stderr().is_terminal() && !in_ci(),
        }
    }
}

impl Ui {
    /// Makes the output of this process.
    ///
    /// # Errors
    /// Fails if the file of events can't be written.
    pub fn of_process(global: &Global) -> anyhow::Result<Ui> {
        let forced = match global.color {
            Color::Auto => None,
            Color::Always => Some(anstream::ColorChoice::Always),
            Color::Never => Some(anstream::ColorChoice::Never),
        };
        if let Some(choice) = forced {
            choice.write_global();
        }
        let ui = Ui::new(UiOptions::of(global), Out::of_process())?;
        start_tracing(&ui.out, global.verbose);
        Ok(ui)
    }

    /// Makes an output that writes to given streams.
    ///
    /// # Errors
    /// Fails if the file of events can't be written.
    pub fn new(options: UiOptions, out: Out) -> anyhow::Result<Ui> {
        let UiOptions { output, verbose, is_quiet, events, is_live } = options;
        let out = Arc::new(out);
        Ok(Ui {
            output,
            verbose,
            is_quiet,
            has_lost_events: AtomicBool::new(false),
            has_events_for_text: events.as_ref().is_some_and(|path| path.as_os_str() == "-"),
            progress: Progress::new(out.clone(), is_live, verbose > 0),
            out,
            events: match &events {
                None => None,
                Some(path) if path.as_os_str() == "-" => Some(Mutex::new(Box::new(io::stderr()))),
                Some(path) => {
                    let file = File::create(path)
                        .with_context(|| format!("the events can't be written to {}", path.display()))?;
                    Some(Mutex::new(Box::new(file)))
                }
            },
        })
    }

    pub fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Writes a result for people.
    pub fn text(&self, text: &str) -> Result<(), Report> {
        Ok(self.out.text(text)?)
    }

    /// Writes a result for a program, as it is.
    pub fn script(&self, text: &str) -> Result<(), Report> {
        Ok(self.out.script(text)?)
    }

    /// Says what is probably not meant, and has no place in a file.
    pub fn warning(&self, text: &str) {
        if self.has_events_for_text {
            return self.record(&Event::Warning { message: text.to_string() });
        }
        self.message(&format!("{CHANGED}warning{CHANGED:#}: {text}"));
        self.out.command("warning", &[], text);
    }

    /// Writes a result as JSON.
    pub fn json(&self, value: &impl Serialize) -> Result<(), Report> {
        let failed = |error: serde_json::Error| Report::new("can't write JSON", error.to_string());
        let value = secrets::masked_value(serde_json::to_value(value).map_err(failed)?);
        self.script(&serde_json::to_string_pretty(&value).map_err(failed)?)
    }

    /// Writes a report as JSON, with the name of its schema.
    pub fn document(&self, report: &impl Document) -> Result<(), Report> {
        self.json(&to_json(report).map_err(|error| Report::new("can't write JSON", error.to_string()))?)
    }

    /// Says something that is not a result.
    pub fn note(&self, text: &str) {
        if self.has_events_for_text {
            return self.record(&Event::Note { message: text.to_string() });
        }
        if !self.is_quiet {
            self.message(&format!("{DIM}{text}{DIM:#}"));
        }
    }

    /// Writes a line, or several, to standard error.
    pub fn message(&self, text: &str) {
        self.out.message(text);
    }

    /// Shows what is worth knowing about a spec or a template that is otherwise right.
    pub fn warnings(&self, warnings: &Findings) {
        if warnings.is_empty() {
            return;
        }
        self.out.coloured(&format!("{}\n", warnings.render(self.out.has_color())), true);
        self.annotate("warning", &warnings.problems);
    }

    /// Shows an error: on standard error for people, on standard output too where JSON was asked for.
    pub fn report(&self, report: &Report) {
        self.show(report);
        if self.is_json() {
            let problems = report.findings.as_ref().map(|findings| findings.problems.as_slice());
            // What could not be written can't be reported better than it was above.
            let _ = self.document(&ErrorReport { error: report, problems });
        }
    }

    fn show(&self, report: &Report) {
        if let Some(findings) = &report.findings {
            self.out.coloured(&format!("{}\n", findings.render(self.out.has_color())), true);
        }
        // Before anything in a secret is written otherwise.
        let inert = |text: &str| value::inert(&secrets::masked(text));
        self.message(&format!("{BAD}{BOLD}error{BOLD:#}{BAD:#}{BOLD}: {}{BOLD:#}", inert(&report.heading)));
        for detail in report.details.iter().filter(|detail| !detail.is_empty()) {
            self.message(&format!("  {}", inert(detail)));
        }
        for hint in &report.hints {
            self.message(&format!("{GOOD}hint{GOOD:#}: {}", inert(hint)));
        }
        match &report.findings {
            Some(findings) => self.annotate("error", &findings.problems),
            None => {
                self.out.command("error", &[], &format!("{}\n{}", report.heading, report.details.join("\n")));
            }
        }
    }

    /// Says that a plan which was shown can't be applied. People have seen why with the plan; who reads JSON, or the
    /// annotations of a run, has not.
    pub fn conflicts(&self, conflicts: &[Conflict]) {
        let heading = "the plan can't be applied";
        if self.is_json() || self.out.is_github {
            let details = conflicts.iter().map(|conflict| explain(conflict).0).collect();
            return self.show(&Report { details, ..Report::new(heading, "") });
        }
        let addresses: BTreeSet<&Address> = conflicts.iter().map(Conflict::address).collect();
        let addresses: Vec<String> = addresses.into_iter().map(Address::to_string).collect();
        let heading = format!("{heading}: {}", addresses.join(", "));
        self.show(&Report::new(heading, "why, and the way on, is marked with ! above"));
    }

    /// Asks a question that is answered by yes or no.
    pub fn confirmed(&self, question: &str) -> io::Result<bool> {
        let answer = self.prompt(&format!("{question} [y/N] "))?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Reads an answer from the terminal.
    pub fn prompt(&self, question: &str) -> io::Result<String> {
        self.out.question(&format!("{BOLD}{question}{BOLD:#}"));
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            self.message("");
        }
        Ok(answer.trim().to_string())
    }

    /// Returns a function that clears the live lines, for an exit at once.
    pub fn clear_lines(&self) -> impl Fn() + Send + 'static {
        let (clear, out) = (self.progress.clear_lines(), self.out.clone());
        move || {
            clear();
            // Behind the `^C` of the terminal.
            out.message("");
        }
    }

    /// Prepares the lines of a run for a plan that may be applied.
    pub fn expect(&self, plan: &Plan) {
        self.progress.expect(plan);
    }

    /// Puts problems beside their lines in GitHub's view of the files.
    fn annotate(&self, level: &str, problems: &[Problem]) {
        for problem in problems {
            let place = &problem.place;
            let (line, column) = (place.line.to_string(), place.column.to_string());
            let properties = [("file", place.file.as_str()), ("line", &line), ("col", &column)];
            self.out.command(level, &properties, &problem.message);
        }
    }

    /// Writes an event to the file that was asked for, without the secrets in it.
    fn record(&self, event: &Event) {
        let Some(events) = &self.events else { return };
        let mut line = secrets::masked_value(serde_json::to_value(event).unwrap_or(Value::Null));
        if let Some(fields) = line.as_object_mut() {
            fields.insert("time".into(), jiff::Timestamp::now().to_string().into());
        }
        let mut events = events.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let written = writeln!(events, "{line}").and_then(|()| events.flush());
        drop(events);
        // A full disk must not stop a run half-way.
        if let Err(error) = written
            && !self.has_lost_events.swap(true, Ordering::Relaxed)
        {
            self.message(&format!("{DIM}the events could not be written: {error}{DIM:#}"));
        }
    }
}

impl Observer for Ui {
    fn observe(&self, event: Event) {
        // A line for each of many files says nothing.
        if !matches!(event, Event::Counted { .. }) {
            self.record(&event);
        }
        let is_asked_for = !self.is_quiet || matches!(event, Event::Warning { .. } | Event::Failed { .. });
        // Events on standard error take the place of text.
        if is_asked_for && !self.has_events_for_text {
            self.progress.show(&event);
        }
    }

    fn warn(&self, warnings: &Findings) {
        for problem in &warnings.problems {
            self.record(&Event::Warning { message: format!("{}: {}", problem.place, problem.message) });
        }
        if !self.has_events_for_text {
            self.warnings(warnings);
        }
    }
}

/// Traces go to standard error when asked for; `BILLPAY_LOG` takes filter directives.
fn start_tracing(out: &Arc<Out>, verbose: u8) {
    let directives =
        std::env::var("BILLPAY_LOG").ok().or_else(|| (verbose > 1).then(|| "billpay=debug".into()));
    if let Some(directives) = directives {
        let (out, has_color) = (out.clone(), out.has_color());
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(directives))
            .with_ansi(has_color)
            .with_writer(move || Log(out.clone()))
            .with_target(false)
            .init();
    }
}

/// A duration as people read it: `0.4 s`, `12 s`, `6 m 12 s`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 60.0 => format!("{seconds:.0} s"),
        seconds => format!("{} m {:02} s", seconds as u64 / 60, seconds as u64 % 60),
    }
}
