//! `billpay scaffold`: files for people's repositories.

mod adopt;
mod backstage;
mod changes;
mod error;
mod infrastructure;
mod kubernetes;
mod list;
mod new;
mod show;
mod template;
mod tree;
mod update;

use billpay_core::Ports;
use clap::{Args, Subcommand};

use super::error::Report;
use super::ui::Ui;

pub use error::right_line;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(
    after_help = "A template is the name of one that billpay brings along (`billpay scaffold list`), a folder \
                  (./templates/service) or a Git repository (https://…, ssh://…, git@…, gh:owner/name). \
                  It is a Backstage software template or a Cookiecutter template."
)]
pub struct ScaffoldArgs {
    #[command(subcommand)]
    command: Option<ScaffoldCommand>,
    #[command(flatten)]
    new: new::NewArgs,
}

#[derive(Debug, Subcommand)]
enum ScaffoldCommand {
    /// Render environments as a Terragrunt/OpenTofu tree
    Infrastructure(infrastructure::InfrastructureArgs),
    /// Render an environment's services as Kubernetes manifests
    Kubernetes(kubernetes::KubernetesArgs),
    /// Render the developer portal: Backstage, its configuration and its catalog
    Backstage(backstage::BackstageArgs),
    /// Name the project templates that there are
    List(list::ListArgs),
    /// Show what a template asks, which files it has and what its steps do
    Show(show::ShowArgs),
    /// Bring what changed in its templates into a project, and keep what people did to it
    Update(update::UpdateArgs),
    /// Tie a project that is there already to the template that it was made from
    Adopt(adopt::AdoptArgs),
}

impl ScaffoldArgs {
    /// Returns whether the command renders from specs.
    pub fn reads_specs(&self) -> bool {
        matches!(
            self.command,
            Some(
                ScaffoldCommand::Infrastructure(_)
                    | ScaffoldCommand::Kubernetes(_)
                    | ScaffoldCommand::Backstage(_)
            )
        )
    }
}

pub fn run(args: ScaffoldArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    match args.command {
        Some(ScaffoldCommand::Infrastructure(args)) => infrastructure::run(args, ports, ui),
        Some(ScaffoldCommand::Kubernetes(args)) => kubernetes::run(args, ports, ui),
        Some(ScaffoldCommand::Backstage(args)) => backstage::run(args, ports, ui),
        Some(ScaffoldCommand::List(args)) => list::run(args, ui),
        Some(ScaffoldCommand::Show(args)) => show::run(args, ui),
        Some(ScaffoldCommand::Update(args)) => update::run(args, ui),
        Some(ScaffoldCommand::Adopt(args)) => adopt::run(args, ui),
        None => new::run(args.new, ui),
    }
}
