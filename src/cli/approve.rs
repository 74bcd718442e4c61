//! Approval of a plan: by flags or by a person, and by the typed name of a protected environment.

use std::io::{self, IsTerminal};

use billpay_core::approval::{Answer, Approver};
use billpay_core::plan::PlanReport;
use billpay_engine::plan::Kinds;
use clap::Args;

use super::ui::Ui;

/// Flags that approve a plan.
#[derive(Debug, Clone, Args)]
pub struct ApproveArgs {
    /// Don't ask; not enough for what --confirm is about
    #[arg(short = 'y', long)]
    pub auto_approve: bool,
    /// Don't ask, not even before something of a protected environment is deleted, replaced or unprotected; NAME is the environment's
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Shows plans, and asks a person unless the flags answer.
pub struct Asker<'a> {
    pub args: &'a ApproveArgs,
    pub question: String,
    pub kinds: Kinds,
    pub ui: &'a Ui,
}

impl Approver for Asker<'_> {
    fn approve(&self, report: &PlanReport) -> io::Result<Answer> {
        let ui = self.ui;
        ui.expect(&report.plan);
        if !ui.is_json() {
            ui.plan(report, &self.kinds).map_err(|report| io::Error::other(report.details.join("; ")))?;
        }
        if let Some(typed) = &self.args.confirm {
            return Ok(Answer::Name(typed.clone()));
        }
        if self.args.auto_approve {
            return Ok(Answer::Yes);
        }
        // With JSON, nobody has seen the plan.
        if ui.is_json() || !io::stdin().is_terminal() {
            return Ok(Answer::Unattended);
        }
        if report.protection.is_some() {
            let name = &report.plan.environment;
            return Ok(Answer::Name(ui.prompt(&format!("{name} is protected. Type its name to go on: "))?));
        }
        Ok(if ui.confirmed(&self.question)? { Answer::Yes } else { Answer::No })
    }
}
