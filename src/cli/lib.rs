//! The command line: one file a command, which parses, calls a use case and shows.

mod approve;
mod ask;
mod completions;
mod config;
mod destroy;
mod docs;
mod doctor;
mod error;
mod graph;
mod history;
mod local;
mod lock;
mod obstacle;
mod plan;
mod provision;
mod reference;
mod scaffold;
mod schema;
mod settings;
mod signals;
mod state;
mod status;
mod ui;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use billpay_core::Ports;
use billpay_host::program::in_ci;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use error::Report;
use ui::{Out, Ui};

/// Exit codes; documented in docs/reference and in `billpay help`.
mod exit {
    pub const DONE: u8 = 0;
    pub const ERROR: u8 = 1;
    pub const CHANGES: u8 = 2;
    pub const PARTLY: u8 = 3;
    pub const STOPPED: u8 = 4;
    pub const INTERRUPTED: u8 = 130;
}

/// Makes, changes and shows the environments of the platform from one spec each.
#[derive(Debug, Parser)]
#[command(name = "billpay", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done or nothing to do, 1 error, 2 changes found (--detailed-exitcode), \
                        3 partly applied, 4 stopped by protection, 130 interrupted."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Directory of the specs; by default `environments` here or in a folder above
    #[arg(long, global = true, value_name = "DIR", env = "BILLPAY_SPECS", help_heading = "Global options")]
    specs: Option<PathBuf>,
    /// Use the local AWS on this machine, started when it isn't running
    #[arg(long, global = true, env = "BILLPAY_LOCAL", help_heading = "Global options")]
    local: bool,
    /// Format of results on standard output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "BILLPAY_OUTPUT",
        help_heading = "Global options"
    )]
    output: Output,
    /// Write what happens as one JSON object a line to this file (`-` for standard error)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    events: Option<PathBuf>,
    /// Colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Global options")]
    color: Color,
    /// Show more: every resource, every field; twice: every call
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    verbose: u8,
    /// Show results, warnings and errors only: no notes, no progress
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The environment that a command is about.
#[derive(Debug, Clone, Args)]
struct EnvArg {
    /// Name of the environment
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV")]
    env: String,
}

/// A person's choice among several resources that carry the tags of one address.
#[derive(Debug, Clone, Args)]
struct KeepArgs {
    /// Id to keep where several resources carry the tags of one address (such as network/vpc); the others only lose their tags
    #[arg(long, value_name = "ID")]
    keep: Vec<String>,
}

impl KeepArgs {
    fn ids(&self) -> BTreeSet<String> {
        self.keep.iter().cloned().collect()
    }
}

/// The components that a command is about.
#[derive(Debug, Clone, Args)]
struct SelectionArgs {
    /// Only these components
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    only: Vec<String>,
    /// All components but these
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',', conflicts_with = "only")]
    exclude: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what would change, and change nothing
    Plan(plan::PlanArgs),
    /// Make the environment what its spec says
    Provision(provision::ProvisionArgs),
    /// Show what there is, and where it differs from the spec
    Status(status::StatusArgs),
    /// Delete everything that belongs to the environment
    Destroy(destroy::DestroyArgs),
    /// Render files for your repository: projects from templates, infrastructure as code
    Scaffold(Box<scaffold::ScaffoldArgs>),
    /// Build documentation sites, and publish them for the portal
    Docs(Box<docs::DocsArgs>),
    /// Draw the environment's resources and what needs what
    Graph(graph::GraphArgs),
    /// Print the spec as it takes effect, with all defaults
    Config(config::ConfigArgs),
    /// Print the JSON Schema of the spec, a service's values, or a report, for editors and programs
    Schema(schema::SchemaArgs),
    /// Check credentials, account, region, clock and tools
    Doctor(doctor::DoctorArgs),
    /// Show the runs of an environment: who changed what, and how it ended
    History(history::HistoryArgs),
    /// Show who works on an environment, or take the lock from a run that hangs
    Lock(lock::LockArgs),
    /// Show where the lock and the journal of an environment are, or move them
    State(state::StateArgs),
    /// Run a local AWS on this machine
    Local(local::LocalArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man(completions::ManArgs),
    /// Write the reference of commands and kinds into a directory
    #[command(hide = true)]
    Reference(reference::ReferenceArgs),
}

impl Command {
    /// Returns whether the command is about an environment of the specs, or about AWS.
    fn reads_specs(&self) -> bool {
        match self {
            Command::Plan(_) | Command::Provision(_) | Command::Status(_) | Command::Destroy(_) => true,
            Command::Graph(_)
            | Command::Config(_)
            | Command::Doctor(_)
            | Command::Lock(_)
            | Command::State(_)
            | Command::History(_) => true,
            Command::Scaffold(args) => args.reads_specs(),
            Command::Docs(args) => args.reads_specs(),
            _ => false,
        }
    }
}

/// Parses the command line and runs it.
///
/// `compose` makes the adapters: from the directory of the specs, where one was named, and from whether the local cloud
/// is meant.
pub fn main(compose: impl FnOnce(Option<PathBuf>, bool) -> Ports) -> ExitCode {
    let settings::Defaults { command, left_out } = match settings::with_defaults(Cli::command()) {
        Ok(defaults) => defaults,
        Err(report) => {
            let hints = report.hints.iter().map(|hint| format!("\nhint: {hint}")).collect::<String>();
            let text = format!("error: {}\n  {}{hints}", report.heading, report.details.join("\n  "));
            Out::of_process().message(&text);
            return ExitCode::from(exit::ERROR);
        }
    };
    let parsed =
        command.try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return not_parsed(&error),
    };
    let ui = match Ui::of_process(&cli.global) {
        Ok(ui) => ui,
        Err(error) => {
            Out::of_process().message(&format!("error: {error:#}"));
            return ExitCode::from(exit::ERROR);
        }
    };
    if in_ci() && cli.command.reads_specs() {
        ui.note(&settings::origins(&cli.global, &matches, &left_out));
    }
    let ports = compose(cli.global.specs.clone(), cli.global.local);
    let code = match run(cli.command, &ports, &ui) {
        Ok(code) => code,
        Err(mut report) => {
            if cli.global.local {
                report.hints.iter_mut().for_each(|hint| *hint = for_local(hint));
            }
            ui.report(&report);
            report.code
        }
    };
    ExitCode::from(code)
}

/// Adds `--local` to the commands about an environment that a hint names.
fn for_local(hint: &str) -> String {
    let parts = hint.split('`').enumerate().map(|(at, part)| {
        let is_command = at % 2 == 1 && part.starts_with("billpay ") && part.contains(" --env ");
        if is_command && !part.contains("--local") { format!("{part} --local") } else { part.to_string() }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Shows help or the version, or what is wrong with the command line. That is an error like
/// others: 2, which clap would exit with, means that changes were found.
fn not_parsed(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    Out::of_process().coloured(text.trim_end_matches('\n'), error.use_stderr());
    ExitCode::from(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => exit::DONE,
        _ => exit::ERROR,
    })
}

fn run(command: Command, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    match command {
        Command::Plan(args) => in_runtime(plan::run(args, ports, ui)),
        Command::Provision(args) => in_runtime(provision::run(args, ports, ui)),
        Command::Status(args) => in_runtime(status::run(args, ports, ui)),
        Command::Destroy(args) => in_runtime(destroy::run(args, ports, ui)),
        Command::Doctor(args) => in_runtime(doctor::run(args, ports, ui)),
        Command::History(args) => in_runtime(history::run(args, ports, ui)),
        Command::Lock(args) => in_runtime(lock::run(args, ports, ui)),
        Command::State(args) => in_runtime(state::run(args, ports, ui)),
        Command::Local(args) => in_runtime(local::run(args, ports, ui)),
        Command::Docs(args) => in_runtime(docs::run(*args, ports, ui)),
        Command::Scaffold(args) => scaffold::run(*args, ports, ui),
        Command::Graph(args) => graph::run(args, ports, ui),
        Command::Config(args) => config::run(args, ports, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::completions(args, Cli::command(), ui),
        Command::Reference(args) => reference::run(args, Cli::command(), ports, ui),
        Command::Man(args) => completions::man(args, Cli::command(), ui),
    }
}

/// Runs what talks to AWS; everything else starts without the cost of a runtime.
fn in_runtime(work: impl Future<Output = Result<u8, Report>>) -> Result<u8, Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Report::new("can't start", error.to_string()))?.block_on(work)
}
