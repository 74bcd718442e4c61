//! Errors of making and updating projects, in words.

use std::io::ErrorKind;

use billpay_core::scaffold::Error;
use billpay_host::git::WorkTree;
use billpay_scaffold::project::AddedRight;

use crate::error::Report;
use crate::{ask, exit};

/// Most files in the way that are named.
const MAX_FILES: usize = 20;

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        let message = error.to_string();
        match error {
            Error::Source(error) => error.into(),
            Error::Record(error) => error.into(),
            Error::RecordDefect(error) => error.into(),
            Error::Template(error) => ask::report(error, &[]),
            Error::Answers { error, questions } => ask::report(error, &questions),
            Error::Tree(error) => error.into(),
            Error::Io(error) => error.into(),
            Error::Interview(error) => match error.kind() {
                ErrorKind::Interrupted => {
                    Report { code: exit::INTERRUPTED, ..Report::new("interrupted", "nothing was written") }
                }
                ErrorKind::UnexpectedEof => {
                    Report::new("the questions were left unanswered", "the input has ended")
                }
                _ => Report::new("can't ask on this terminal", error.to_string()),
            },
            Error::Declined => Report::new("nothing was changed", message),
            Error::GivenAnswers(wrong) => {
                let heading = match wrong.len() {
                    1 => message,
                    count => format!("{count} answers can't be taken"),
                };
                let hint = "`billpay scaffold show` lists what a template asks";
                Report { details: wrong, ..Report::new(heading, "") }.hint(hint)
            }
            Error::AnswerFile { why, .. } | Error::Replay { why, .. } => Report::new(message, why),
            Error::NoCruftTemplate => {
                Report::new(message, "").hint("name it, or give a .cruft.json, which names it, with --replay")
            }
            Error::TrustWithoutHooks => {
                let why = "--trust runs the template's own programs, --no-hooks leaves its hooks out";
                Report::new(message, why)
                    .hint("--no-hooks alone makes the files and runs nothing; --trust alone runs everything")
            }
            Error::NoFolder(_) => Report::new("nothing was written", message).hint("give another --out"),
            Error::MadeBefore { out, .. } => {
                let update = format!("billpay scaffold update {}", out.display());
                Report::new("nothing was written", message).hint(format!(
                    "`{update}` brings in what changed in the template; --force makes everything anew"
                ))
            }
            Error::InTheWay { files, .. } => {
                let listed = files.iter().take(MAX_FILES).map(ToString::to_string);
                Report::new(message, listed.collect::<Vec<_>>().join("\n  "))
                    .hint("nothing was written; --dry-run --diff shows what differs, --force overwrites, another --out goes past them")
            }
            Error::NoProjectName => Report::new("nothing was written", message)
                .hint("give the folder with --out; `--out .` adds to the project here"),
            Error::LinkInPlace { leads_to, .. } => {
                Report::new("nothing was written", message).hint(match leads_to {
                    Some(real) => format!("give the folder that it leads to: --out {}", real.display()),
                    None => "it leads to no folder; give another --out".to_string(),
                })
            }
            Error::NoProjectFolder(_) => Report::new("no project is here", message),
            Error::TiedAlready(_) => Report::new(message, "")
                .hint("`billpay scaffold update` brings in what changed in the template"),
            Error::NotCommitted(state) => not_committed(state),
            Error::NotMadeFrom { known, .. } => {
                Report::new(message, "").hint(format!("it was made from {}", known.join(", ")))
            }
            Error::SecretsNeeded(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                Report::new("nothing was written", format!("{message}: {}", names.join(", ")))
                    .hint("give them with --values FILE, or --values - for standard input")
            }
            Error::NoRecord(_) => Report::new("no project is here", message).hint(
                "`billpay scaffold adopt TEMPLATE` ties a project to the template that it was made from",
            ),
            Error::WorkflowRights { rights, .. } => {
                Report { details: rights.iter().map(right_line).collect(), ..Report::new(message, "") }
                    .hint("--diff --check shows the changes; --allow-workflow-rights takes them")
                    .stopped()
            }
        }
    }
}

/// Returns an added right of a workflow as a line.
pub fn right_line(AddedRight { file, right }: &AddedRight) -> String {
    format!("{file}: {right}")
}

fn not_committed(state: WorkTree) -> Report {
    let (why, first) = match state {
        WorkTree::Clean | WorkTree::Dirty => {
            ("the project has changes that are not committed".to_string(), "commit or stash them first")
        }
        WorkTree::Outside => (
            "the project is in no Git repository".to_string(),
            "put it into one first (git init, add, commit)",
        ),
        WorkTree::Unknown(why) => (
            format!("it is not known if all of the project is committed: {why}"),
            "look at `git status` yourself",
        ),
    };
    Report::new("nothing was written", why)
        .hint(format!("{first}, so that the update can be seen and undone; --allow-dirty goes on"))
}
