//! `billpay graph`: the environment's resources and what needs what.

use std::fmt::Write;

use billpay_core::Ports;
use billpay_core::graph::{Node, graph};
use clap::{Args, ValueEnum};

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

pub fn run(args: GraphArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let report = graph(ports, &args.env.env)?;
    let format = if ui.is_json() { Format::Json } else { args.format };
    match format {
        Format::Text => ui.text(&text(&report.nodes))?,
        Format::Mermaid => ui.text(&mermaid(&report.nodes))?,
        Format::Dot => ui.text(&dot(&report.nodes))?,
        Format::Json => ui.document(&report)?,
    }
    Ok(exit::DONE)
}

fn text(nodes: &[Node]) -> String {
    let mut text = String::new();
    let mut component = "";
    for node in nodes {
        if node.address.component() != component {
            component = node.address.component();
            let _ = writeln!(text, "{component}");
        }
        let needs: Vec<String> = node.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("  ← {}", needs.join(", ")) };
        let _ = writeln!(text, "  {}{needs}", node.address.name());
    }
    text
}

/// An arrow leads from what is needed to what needs it: the order of creation.
fn mermaid(nodes: &[Node]) -> String {
    let mut text = String::from("flowchart LR\n");
    let id = |address: &dyn ToString| address.to_string().replace(['/', '.', '-'], "_");
    for components in nodes.chunk_by(|a, b| a.address.component() == b.address.component()) {
        let component = components[0].address.component();
        let _ = writeln!(text, "  subgraph {}[\"{component}\"]", component.replace('-', "_"));
        for node in components {
            let _ = writeln!(text, "    {}[\"{}\"]", id(&node.address), node.address.name());
        }
        let _ = writeln!(text, "  end");
    }
    for node in nodes {
        for need in &node.needs {
            let _ = writeln!(text, "  {} --> {}", id(need), id(&node.address));
        }
    }
    text
}

fn dot(nodes: &[Node]) -> String {
    let mut text = String::from("digraph environment {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in nodes {
        let _ = writeln!(text, "  \"{}\";", node.address);
        for need in &node.needs {
            let _ = writeln!(text, "  \"{need}\" -> \"{}\";", node.address);
        }
    }
    text + "}\n"
}
