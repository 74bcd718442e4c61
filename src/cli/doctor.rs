//! `billpay doctor`: whether everything that a run needs is in order.

use billpay_core::app::App;
use billpay_core::doctor;
use billpay_model::check::{Check, Health};
use clap::Args;
use serde_json::json;

use super::error::Report;
use super::exit;
use super::ui::{BAD, CHANGED, GOOD, Ui};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Name of the environment to check for; all specs are read in any case
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV")]
    env: Option<String>,
}

pub async fn run(args: DoctorArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let mut checks = specs(app);
    if let Some(name) = &args.env
        && let Ok(loaded) = app.load(name)
    {
        let env = &loaded.environment;
        match app.connect(env, &|what| ui.note(what)).await {
            Ok(provider) => checks.extend(doctor::cloud(&provider, env).await),
            Err(error) => checks.push(Check::new("local AWS", Health::Bad, error.to_string())),
        }
    }
    checks.extend(app.tools());
    if ui.is_json() {
        ui.json(&json!({"schema": "billpay/doctor/v1", "checks": checks}))?;
    } else {
        let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        for check in &checks {
            let (sign, style) = match check.health {
                Health::Good => ("✓", GOOD),
                Health::Note => ("·", CHANGED),
                Health::Bad => ("✗", BAD),
            };
            ui.text(&format!("{style}{sign}{style:#} {:width$}  {}", check.name, check.detail))?;
        }
        if args.env.is_none() {
            ui.note("name an environment with --env to check credentials, account, region and clock too");
        }
    }
    let sick = checks.iter().any(|check| check.health == Health::Bad);
    Ok(if sick { exit::ERROR } else { exit::DONE })
}

fn specs(app: &App) -> Vec<Check> {
    let names = app.specs().and_then(|dir| Ok((dir.path().display().to_string(), dir.environments()?)));
    match names {
        Err(error) => vec![Check::new("specs", Health::Bad, error.to_string())],
        Ok((path, names)) => {
            let check = |name: &String| match app.load(name) {
                Ok(_) => Check::new("spec", Health::Good, format!("{path}/{name}.yaml")),
                Err(error) => Check::new("spec", Health::Bad, error.to_string()),
            };
            names.iter().map(check).collect()
        }
    }
}
