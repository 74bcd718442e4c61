//! `billpay schema`: the JSON Schemas of what people write and programs read.

use billpay_core::config::ConfigReport;
use billpay_core::docs::{BuildReport, PublishReport};
use billpay_core::doctor::DoctorReport;
use billpay_core::graph::GraphReport;
use billpay_core::history::HistoryReport;
use billpay_core::local::LocalReport;
use billpay_core::lock::LockReport;
use billpay_core::plan::PlanReport;
use billpay_core::provision::RunReport;
use billpay_core::report::json_schema;
use billpay_core::scaffold::{AdoptReport, ListReport, NewReport, ShowReport, UpdateReport};
use billpay_core::state::{MoveReport, StateReport};
use billpay_core::status::StatusReport;
use billpay_core::trees::TreeReport;
use billpay_model::event::Event;
use clap::{Args, ValueEnum};
use schemars::schema_for;

use super::error::{ErrorReport, Report};
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Subject of the schema
    #[arg(long, value_enum, default_value_t)]
    of: SchemaKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SchemaKind {
    /// The files of `environments`
    #[default]
    Spec,
    /// A service's deploy/values.yaml
    Values,
    /// `billpay plan --output json`
    Plan,
    /// `billpay provision` and `billpay destroy`
    Run,
    /// `billpay status`
    Status,
    /// `billpay graph`
    Graph,
    /// `billpay config`
    Config,
    /// `billpay doctor`
    Doctor,
    /// `billpay local`
    Local,
    /// `billpay history`
    History,
    /// `billpay lock`
    Lock,
    /// `billpay state show`
    State,
    /// `billpay state move`
    StateMove,
    /// `billpay scaffold infrastructure`, `kubernetes` and `backstage`
    Scaffold,
    /// `billpay docs build`
    DocsBuild,
    /// `billpay docs publish`
    DocsPublish,
    /// `billpay scaffold TEMPLATE`
    ScaffoldNew,
    /// `billpay scaffold update`
    ScaffoldUpdate,
    /// `billpay scaffold adopt`
    ScaffoldAdopt,
    /// `billpay scaffold list`
    ScaffoldList,
    /// `billpay scaffold show`
    ScaffoldShow,
    /// Any command that fails
    Error,
    /// A line of --events
    Event,
}

pub fn run(args: SchemaArgs, ui: &Ui) -> Result<u8, Report> {
    let schema = match args.of {
        SchemaKind::Spec => billpay_spec::json_schema(),
        SchemaKind::Values => billpay_manifests::json_schema(),
        SchemaKind::Plan => json_schema::<PlanReport>().to_value(),
        SchemaKind::Run => json_schema::<RunReport>().to_value(),
        SchemaKind::Status => json_schema::<StatusReport>().to_value(),
        SchemaKind::Graph => json_schema::<GraphReport>().to_value(),
        SchemaKind::Config => json_schema::<ConfigReport>().to_value(),
        SchemaKind::Doctor => json_schema::<DoctorReport>().to_value(),
        SchemaKind::Local => json_schema::<LocalReport>().to_value(),
        SchemaKind::History => json_schema::<HistoryReport>().to_value(),
        SchemaKind::Lock => json_schema::<LockReport>().to_value(),
        SchemaKind::State => json_schema::<StateReport>().to_value(),
        SchemaKind::StateMove => json_schema::<MoveReport>().to_value(),
        SchemaKind::Scaffold => json_schema::<TreeReport>().to_value(),
        SchemaKind::DocsBuild => json_schema::<BuildReport>().to_value(),
        SchemaKind::DocsPublish => json_schema::<PublishReport>().to_value(),
        SchemaKind::ScaffoldNew => json_schema::<NewReport>().to_value(),
        SchemaKind::ScaffoldUpdate => json_schema::<UpdateReport>().to_value(),
        SchemaKind::ScaffoldAdopt => json_schema::<AdoptReport>().to_value(),
        SchemaKind::ScaffoldList => json_schema::<ListReport>().to_value(),
        SchemaKind::ScaffoldShow => json_schema::<ShowReport>().to_value(),
        SchemaKind::Error => json_schema::<ErrorReport>().to_value(),
        SchemaKind::Event => schema_for!(Event).to_value(),
    };
    ui.json(&schema)?;
    Ok(exit::DONE)
}
