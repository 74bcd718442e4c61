//! The developer portal: Backstage with the catalog of all environments.

use std::collections::BTreeSet;

use billpay_model::environment::Environment;
use billpay_templates::{TemplateError, TemplateSet};
use billpay_tree::{Coverage, RenderedTree};
use include_dir::{Dir, include_dir};
use serde_json::{Map, Value, json};

use crate::catalog::{self, config};

/// Scope of all files: the catalog is of all environments or of none.
const PORTAL: &str = "portal";

static PORTAL_TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/portal");

/// Parses the templates of the developer portal, which the program was built with.
///
/// # Errors
/// Fails if one of them isn't a valid template.
pub fn templates() -> Result<TemplateSet, TemplateError> {
    TemplateSet::of(&PORTAL_TEMPLATES)
}

/// Renders the portal of all environments, which gets to know the project templates of
/// these names.
///
/// # Errors
/// Fails if a template needs a value that is missing or can't be encoded.
pub fn render(
    templates: &TemplateSet,
    environments: &[&Environment],
    template_names: &[String],
) -> Result<(RenderedTree, Coverage), TemplateError> {
    let catalog = catalog::catalog(environments);
    let mut values = config::values(environments, template_names);
    values.insert("groups".to_string(), json!(catalog.groups));
    values.insert("platform".to_string(), json!(catalog.platform));
    let mut rendered = RenderedTree::default();
    add(&mut rendered, templates, "tree", "", &values)?;
    for (name, resources) in &catalog.environments {
        let mut values = config::of_environment(environments, name);
        values.insert("resources".to_string(), json!(resources));
        add(&mut rendered, templates, "environment", &format!("environments/{name}"), &values)?;
    }
    let scopes = BTreeSet::from([PORTAL.to_string()]);
    Ok((rendered, Coverage { known: scopes.clone(), scopes, all: true }))
}

/// Adds the files of a folder of templates, below a place.
fn add(
    rendered: &mut RenderedTree,
    templates: &TemplateSet,
    folder: &str,
    place: &str,
    values: &Map<String, Value>,
) -> Result<(), TemplateError> {
    let files = templates.render(folder, values)?;
    rendered.add(PORTAL, place, files).map_err(|bad| TemplateError(bad.to_string()))
}
