//! A run as it goes: live lines on a terminal, plain lines elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use billpay_engine::plan::{Action, Plan};
use billpay_model::address::Address;
use billpay_model::event::Event;
use billpay_model::plural;
use dialoguer::console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{BAD, CHANGED, DIM, GOOD, Out, duration, value};

/// Time after which a wait is shown.
const PATIENCE: Duration = Duration::from_millis(800);
/// Interval between two pictures of a live line.
const TICK: Duration = Duration::from_millis(120);
/// Duration from which work is announced where lines are not live, seconds.
const ANNOUNCED_SECONDS: u32 = 30;
/// Characters of a line of a resource beside its texts: signs and spaces.
const MARGINS: usize = 10;
/// Least characters of an id that are worth showing.
const MIN_ID_CHARS: usize = 12;

/// Shows events.
pub struct Progress {
    out: Arc<Out>,
    /// Set if live lines can be drawn on standard error.
    is_terminal: bool,
    is_verbose: bool,
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Longest address of the plan, for the columns.
    width: usize,
    running: BTreeMap<Address, ProgressBar>,
    /// Retries of each resource by their cause, in the order that the causes came in.
    retries: BTreeMap<Address, Vec<(String, u32)>>,
    /// Resources that failed or were skipped; neither is reported twice.
    reported: BTreeSet<Address>,
    total: Option<Total>,
    wait: Option<Wait>,
}

/// The live line of a whole run.
struct Total {
    bar: ProgressBar,
    estimate: Arc<Mutex<Estimate>>,
}

/// Steps that are done, and the time that the rest usually takes from then on.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    done: usize,
    of: usize,
    remaining: Duration,
    at: Instant,
}

/// A wait whose line comes up if it takes a moment.
struct Wait {
    end: Sender<()>,
    thread: JoinHandle<()>,
    message: Arc<Mutex<String>>,
}

impl Progress {
    pub fn new(out: Arc<Out>, is_terminal: bool, is_verbose: bool) -> Progress {
        let bars = MultiProgress::new();
        if !is_terminal {
            bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Progress { out, is_terminal, is_verbose, bars, state: Mutex::default() }
    }

    /// Makes the columns wide enough for a plan that may be applied.
    pub fn expect(&self, plan: &Plan) {
        let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let width = changes.map(|change| change.address.to_string().len()).max().unwrap_or(0);
        lock(&self.state).width = width;
    }

    /// Returns a function that clears the live lines.
    pub fn clear_lines(&self) -> impl Fn() + Send + 'static {
        let bars = self.bars.clone();
        move || drop(bars.clear())
    }

    /// Returns the width of the terminal; none where lines may be of any length.
    fn columns(&self) -> Option<usize> {
        let (_, columns) = self.is_terminal.then(|| Term::stderr().size_checked()).flatten()?;
        Some(columns.into())
    }

    /// Writes a line above the live ones.
    pub fn line(&self, text: &str) {
        self.bars.suspend(|| self.out.message(text));
    }

    pub fn show(&self, event: &Event) {
        let state = &mut *lock(&self.state);
        let width = state.width;
        match event {
            Event::Note { message } => self.line(&format!("{DIM}{message}{DIM:#}")),
            Event::Warning { message } => {
                self.line(&format!("{CHANGED}warning{CHANGED:#}: {message}"));
                self.out.command("warning", &[], message);
            }
            Event::Counted { what, count } => {
                if let Some(wait) = &state.wait {
                    *lock(&wait.message) = format!("{count} {what} …");
                }
            }
            Event::Uploaded { path } if self.is_verbose => {
                self.line(&format!("{DIM}  {}{DIM:#}", value::name(path)));
            }
            Event::Uploaded { .. } => {}
            Event::Waiting { what } => state.wait = self.wait(what),
            Event::Waited => state.wait.take().into_iter().for_each(Wait::end),
            Event::Applying { of, usual_seconds } => {
                self.out.command("group", &[], &format!("billpay: {}", plural::count(*of, "step")));
                state.total = self.total(*of, *usual_seconds);
            }
            Event::Progress { done, of, remaining_seconds } => {
                if let Some(total) = &state.total {
                    let remaining = Duration::from_secs((*remaining_seconds).into());
                    *lock(&total.estimate) = Estimate { done: *done, of: *of, remaining, at: Instant::now() };
                }
            }
            Event::Ended => {
                state.running.values().for_each(ProgressBar::finish_and_clear);
                state.running.clear();
                state.total.take().into_iter().for_each(|total| total.bar.finish_and_clear());
                self.out.command("endgroup", &[], "");
            }
            Event::Started { address, action, usual_seconds, waiting_behind } => {
                self.start(state, address, action, *usual_seconds, *waiting_behind);
            }
            Event::Finished { address, action, id, seconds } => {
                let retries = state.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                let id = value::name(id);
                let taken =
                    width.max(name.len()) + took.len().max(9) + action.len() + retries.len() + MARGINS;
                let id = self.columns().map_or(id.clone(), |columns| fit(&id, columns.saturating_sub(taken)));
                let what = format!("{DIM}{action} {id}{retries}{DIM:#}");
                self.line(&format!("  {GOOD}✓{GOOD:#} {name:width$}  {took:>9}   {what}"));
            }
            Event::Failed { address, action, failure, seconds } => {
                let retries = state.end(address);
                let (name, took) = (address.to_string(), duration(*seconds));
                let failure = value::name(&failure.to_string());
                state.reported.insert(address.clone());
                self.line(&format!(
                    "  {BAD}✗ {name:width$}{BAD:#}  {took:>9}   {action}: {failure}{retries}"
                ));
            }
            // Both halves of a replacement are one resource.
            Event::Skipped { address, .. } if !state.reported.insert(address.clone()) => {}
            Event::Skipped { address, because, .. } => {
                let name = address.to_string();
                self.line(&format!("  {DIM}- {name:width$}  skipped: it needs {because}{DIM:#}"));
            }
            Event::Retrying { address, why } => self.retry(state, address, why),
            Event::Stopping { running, waiting } => {
                let text = format!(
                    "Stopping: {running} under way, {waiting} not begun. Waits for the calls in flight; Ctrl-C ends it at once."
                );
                self.line(&format!("{CHANGED}{text}{CHANGED:#}"));
            }
        }
    }

    fn start(&self, state: &mut State, address: &Address, action: &str, usual: u32, behind: usize) {
        let (width, name) = (state.width, address.to_string());
        if !self.is_terminal {
            // Quick work is reported when it is done; a line for each beginning would only double the log.
            if usual >= ANNOUNCED_SECONDS {
                let usual = duration(usual.into());
                self.line(&format!("  … {name:width$}  {:9}   {DIM}{action}, usually {usual}{DIM:#}", ""));
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
        let bar = self.live_line("  {spinner} {prefix}  {elapsed:>6}   {wide_msg}");
        let bar = bar.with_prefix(format!("{name:width$}")).with_message(about);
        let bar = self.bars.add(bar);
        bar.enable_steady_tick(TICK);
        state.running.insert(address.clone(), bar);
    }

    /// Reports a cause once, however often it makes a resource be tried again.
    fn retry(&self, state: &mut State, address: &Address, why: &str) {
        let count = count_retry(state.retries.entry(address.clone()).or_default(), why);
        let cause = value::name(cause_of(why));
        match state.running.get(address) {
            Some(bar) if count > 1 => bar.set_message(format!("tried again {count} times: {cause}")),
            Some(bar) => bar.set_message(format!("trying again: {cause}")),
            None if count > 1 => {}
            None => self.line(&format!("  {DIM}… {address}: trying again: {cause}{DIM:#}")),
        }
    }

    fn live_line(&self, template: &str) -> ProgressBar {
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        ProgressBar::new_spinner().with_style(style)
    }

    /// Begins the line of a whole run.
    fn total(&self, of: usize, usual_seconds: u32) -> Option<Total> {
        if !self.is_terminal {
            return None;
        }
        let remaining = Duration::from_secs(usual_seconds.into());
        let estimate = Arc::new(Mutex::new(Estimate { done: 0, of, remaining, at: Instant::now() }));
        let of_line = estimate.clone();
        let text = move |state: &ProgressState, line: &mut dyn Write| {
            let _ = line.write_str(&lock(&of_line).text(state.elapsed(), Instant::now()));
        };
        let style = ProgressStyle::with_template("  {total}").ok()?.with_key("total", text);
        // The first one: of more lines than the terminal has, the last ones aren't drawn.
        let bar = self.bars.insert(0, ProgressBar::new_spinner().with_style(style));
        bar.enable_steady_tick(TICK);
        Some(Total { bar, estimate })
    }

    /// Begins a wait, whose line comes up after a moment.
    fn wait(&self, what: &str) -> Option<Wait> {
        if !self.is_terminal {
            return None;
        }
        let (end, ended) = channel::<()>();
        let (bars, message) = (self.bars.clone(), Arc::new(Mutex::new(format!("{what} …"))));
        let shown = message.clone();
        let thread = thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let spinner = bars.add(ProgressBar::new_spinner());
            loop {
                spinner.set_message(lock(&shown).clone());
                spinner.tick();
                if ended.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            spinner.finish_and_clear();
        });
        Some(Wait { end, thread, message })
    }
}

impl State {
    /// Ends the live line of a resource, and returns how often it was tried again, by the cause.
    fn end(&mut self, address: &Address) -> String {
        if let Some(bar) = self.running.remove(address) {
            bar.finish_and_clear();
        }
        retries_text(&self.retries.remove(address).unwrap_or_default())
    }
}

impl Wait {
    fn end(self) {
        drop(self.end);
        // A panic there has been printed already.
        let _ = self.thread.join();
    }
}

impl Estimate {
    /// Returns the line of the whole run: done of all, elapsed, and the time that the rest should take.
    fn text(&self, elapsed: Duration, now: Instant) -> String {
        let Estimate { done, of, remaining, at } = *self;
        let left = remaining.saturating_sub(now.saturating_duration_since(at));
        let left = match left.as_secs() {
            0 => "longer than usual".to_string(),
            seconds => format!("about {} left", duration(seconds as f64)),
        };
        format!("{done} of {of} steps done · {} · {left}", duration(elapsed.as_secs_f64()))
    }
}

/// Returns an id that fits into so many columns: with its middle left out, or nothing of it where little would be left.
fn fit(id: &str, columns: usize) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() <= columns {
        return id.to_string();
    }
    if columns < MIN_ID_CHARS {
        return String::new();
    }
    let half = (columns - 1) / 2;
    chars[..half].iter().chain(&['…']).chain(&chars[chars.len() - half..]).collect()
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
    fn the_line_of_a_run_counts_down() {
        let at = Instant::now();
        let estimate = Estimate { done: 3, of: 61, remaining: Duration::from_secs(600), at };
        let text = |seconds| estimate.text(Duration::from_secs(seconds), at + Duration::from_secs(seconds));
        assert_eq!(text(12), "3 of 61 steps done · 12 s · about 9 m 48 s left");
        assert_eq!(text(700), "3 of 61 steps done · 11 m 40 s · longer than usual");
    }

    #[test]
    fn ids_fit_the_line_or_are_left_out() {
        let arn = "arn:aws:iam::123456789012:policy/billpay-dev-boundary";
        assert_eq!(fit(arn, 60), arn);
        assert_eq!(fit(arn, 21), "arn:aws:ia…v-boundary");
        assert_eq!(fit(arn, 5), "");
        assert_eq!(fit("vpc-1", 5), "vpc-1");
    }

    #[test]
    fn only_the_number_of_a_request_is_left_out() {
        assert_eq!(cause_of("a: b (request r-1)"), "a: b");
        assert_eq!(cause_of("a: b (request"), "a: b (request");
        assert_eq!(cause_of("a: b (request x) c"), "a: b (request x) c");
    }
}
