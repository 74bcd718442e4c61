//! The environments as a Terragrunt/OpenTofu tree.

use std::collections::BTreeSet;

use billpay_model::environment::Environment;
use billpay_templates::{TemplateError, TemplateSet};
use billpay_tree::{Coverage, RenderedTree};
use include_dir::{Dir, include_dir};
use serde_json::{Map, Value, json};

use crate::inputs::{self, Account};

/// Directory of templates for the modules and the root file.
const TREE: &str = "tree";

static INFRASTRUCTURE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/infrastructure");

/// Parses the templates of the environments' tree, which the program was built with.
///
/// # Errors
/// Fails if one of them isn't a valid template.
pub fn templates() -> Result<TemplateSet, TemplateError> {
    TemplateSet::of(&INFRASTRUCTURE)
}

/// Environments that a tree is rendered for.
pub struct TreeSelection<'a> {
    /// Every valid environment that there is.
    pub all: &'a [&'a Environment],
    /// The names of those to render; `None` for all, and then what belongs to environments
    /// that are gone goes too.
    pub names: Option<&'a BTreeSet<String>>,
    /// The names of environments whose specs are wrong, so that it isn't known what
    /// they share with the others.
    pub broken: &'a [String],
}

/// Renders the tree of some environments, and says which part of the whole it is.
///
/// The part that the environments of an account share follows from all of them, so that it doesn't
/// depend on which ones are rendered; while one is broken it stays as it is.
///
/// # Errors
/// Fails if a template needs a value that is missing or can't be encoded.
pub fn render(
    templates: &TemplateSet,
    wanted: &TreeSelection<'_>,
) -> Result<(RenderedTree, Coverage), TemplateError> {
    let mut tree = Tree { templates, rendered: RenderedTree::default() };
    let chosen = |env: &Environment| wanted.names.is_none_or(|names| names.contains(&env.environment));
    let accounts = Account::all(wanted.all);
    tree.add(TREE, "tree", "", &Map::new())?;
    tree.add(TREE, "modules", "modules", &Map::new())?;
    for env in wanted.all.iter().filter(|env| chosen(env)) {
        tree.environment(env, &accounts)?;
    }
    let near: BTreeSet<(&str, &str)> = wanted
        .all
        .iter()
        .filter(|env| chosen(env))
        .map(|env| (env.account.as_str(), env.region.as_str()))
        .collect();
    if wanted.broken.is_empty() {
        let first_of_account = |account: &Account| account.github_oidc;
        let of_chosen = |account: &&Account| {
            near.contains(&(account.account.as_str(), account.region.as_str()))
                || (first_of_account(account) && near.iter().any(|(of, _)| *of == account.account))
        };
        for account in accounts.iter().filter(of_chosen) {
            tree.account(account)?;
        }
    }
    let environments = wanted.all.iter().map(|env| env.environment.as_str());
    let environments = environments.chain(wanted.broken.iter().map(String::as_str)).map(of_environment);
    let known = environments.chain(accounts.iter().map(of_account)).chain([TREE.to_string()]).collect();
    let coverage = Coverage { scopes: tree.rendered.scopes(), all: wanted.names.is_none(), known };
    Ok((tree.rendered, coverage))
}

fn of_environment(name: &str) -> String {
    format!("environment/{name}")
}

fn of_account(account: &Account) -> String {
    format!("account/{}/{}", account.account, account.region)
}

/// A tree as it grows.
struct Tree<'a> {
    templates: &'a TemplateSet,
    rendered: RenderedTree,
}

impl Tree<'_> {
    fn environment(&mut self, env: &Environment, accounts: &[Account]) -> Result<(), TemplateError> {
        let name = &env.environment;
        let scope = of_environment(name);
        let shared = accounts.iter().find(|account| account.account == env.account && account.github_oidc);
        let region = shared.map_or(&env.region, |account| &account.region);
        let mut values = inputs::environment(env);
        values.insert(
            "account_unit".to_string(),
            json!(format!("../../../accounts/{}/{region}/account", env.account)),
        );
        values.insert("state_key".to_string(), json!(format!("stacks/{name}/terraform.tfstate")));
        self.add(&scope, "environment", &format!("environments/{name}"), &values)?;
        self.add(&scope, "stack", &format!("stacks/{name}"), &values)
    }

    fn account(&mut self, account: &Account) -> Result<(), TemplateError> {
        let scope = of_account(account);
        let place = format!("accounts/{}/{}", account.account, account.region);
        let mut values = account.values();
        values.insert("state_key".to_string(), json!(format!("stacks/{place}/terraform.tfstate")));
        self.add(&scope, "account", &place, &values)?;
        self.add(&scope, "account-stack", &format!("stacks/{place}"), &values)
    }

    fn add(
        &mut self,
        scope: &str,
        folder: &str,
        place: &str,
        values: &Map<String, Value>,
    ) -> Result<(), TemplateError> {
        let files = self.templates.render(folder, values)?;
        // Every part of the path is a name of ours or one that the spec's rules keep plain.
        self.rendered.add(scope, place, files).map_err(|bad| TemplateError(bad.to_string()))
    }
}
