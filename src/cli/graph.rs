//! `billpay graph`: the environment's resources and what needs what.

use std::fmt::Write;

use billpay_core::app::App;
use billpay_model::resource::Desired;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct GraphArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Format of the graph
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// Needs of each resource, as text
    #[default]
    Text,
    /// A Mermaid flowchart, which GitHub draws
    Mermaid,
    /// A Graphviz digraph
    Dot,
    /// Nodes and edges
    Json,
}

pub fn run(args: GraphArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    let desired = app.desired(&loaded.environment);
    let format = if ui.is_json() { Format::Json } else { args.format };
    match format {
        Format::Text => ui.text(&text(&desired))?,
        Format::Mermaid => ui.text(&mermaid(&desired))?,
        Format::Dot => ui.text(&dot(&desired))?,
        Format::Json => ui.json(&json!({
            "schema": "billpay/graph/v1",
            "environment": loaded.environment.environment,
            "nodes": desired.iter().map(|want| json!({"address": want.address, "needs": want.needs()})).collect::<Vec<_>>(),
        }))?,
    }
    Ok(exit::DONE)
}

fn text(desired: &[Desired]) -> String {
    let mut text = String::new();
    let mut component = "";
    for want in desired {
        if want.address.component() != component {
            component = want.address.component();
            let _ = writeln!(text, "{component}");
        }
        let needs: Vec<String> = want.needs().iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("  ← {}", needs.join(", ")) };
        let _ = writeln!(text, "  {}{needs}", want.address.name());
    }
    text
}

/// An arrow leads from what is needed to what needs it: the order of creation.
fn mermaid(desired: &[Desired]) -> String {
    let mut text = String::from("flowchart LR\n");
    let id = |address: &dyn ToString| address.to_string().replace(['/', '.', '-'], "_");
    for components in desired.chunk_by(|a, b| a.address.component() == b.address.component()) {
        let component = components[0].address.component();
        let _ = writeln!(text, "  subgraph {}[\"{component}\"]", component.replace('-', "_"));
        for want in components {
            let _ = writeln!(text, "    {}[\"{}\"]", id(&want.address), want.address.name());
        }
        let _ = writeln!(text, "  end");
    }
    for want in desired {
        for need in want.needs() {
            let _ = writeln!(text, "  {} --> {}", id(&need), id(&want.address));
        }
    }
    text
}

fn dot(desired: &[Desired]) -> String {
    let mut text = String::from("digraph environment {\n  rankdir=LR;\n  node [shape=box];\n");
    for want in desired {
        let _ = writeln!(text, "  \"{}\";", want.address);
        for need in want.needs() {
            let _ = writeln!(text, "  \"{need}\" -> \"{}\";", want.address);
        }
    }
    text + "}\n"
}
