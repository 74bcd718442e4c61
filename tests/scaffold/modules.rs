//! Units hand over what modules take: found out without any tool of others.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::environment::{Dns, Environment};

use super::{environments, files, rendered};

/// The names of a module's variables, and whether they must be given.
fn variables(files: &BTreeMap<&str, &str>, module: &str) -> BTreeMap<String, bool> {
    let folder = format!("modules/{module}/");
    let of_module = files.iter().filter(|(path, _)| {
        path.strip_prefix(&folder).is_some_and(|name| !name.contains('/') && name.ends_with(".tf"))
    });
    let blocks = of_module.flat_map(|(path, text)| {
        hcl::parse(text).unwrap_or_else(|error| panic!("{path}: {error}")).into_blocks().collect::<Vec<_>>()
    });
    let variables = blocks.filter(|block| block.identifier() == "variable").map(|block| {
        let required = !block.body().attributes().any(|attribute| attribute.key() == "default");
        (block.labels()[0].as_str().to_string(), required)
    });
    variables.collect()
}

#[test]
fn every_unit_gives_its_module_what_it_takes() {
    let mut environments = environments();
    // Everything that can be switched on.
    for env in &mut environments {
        env.cluster.efs = true;
        env.backup.enabled = true;
        env.dns = Some(Dns { zone: "billpay.com".to_string() });
    }
    let all: Vec<&Environment> = environments.iter().collect();
    let tree = rendered(&all);
    let files = files(&tree);
    let mut seen = BTreeSet::new();
    for (path, text) in &files {
        let Some(unit) = path.strip_suffix("/terragrunt.hcl") else { continue };
        let module = unit.rsplit('/').next().unwrap_or_default();
        seen.insert(module);
        let variables = variables(&files, module);
        assert!(!variables.is_empty(), "{path}: there is no module `{module}`");
        let source = format!("//{module}\"");
        assert!(text.contains(&source), "{path} is not of the module that it is called after");

        let values =
            hcl::parse(files[format!("{unit}/terraform.tfvars").as_str()]).expect("its values parse");
        let mut given: BTreeSet<String> =
            values.attributes().map(|attribute| attribute.key().to_string()).collect();
        let unit_body = hcl::parse(text).expect("a unit parses");
        let inputs = unit_body.attributes().find(|attribute| attribute.key() == "inputs");
        if let Some(hcl::Expression::Object(inputs)) = inputs.map(|inputs| inputs.expr()) {
            for key in inputs.keys() {
                assert!(given.insert(key.to_string()), "{path}: `{key}` is given twice");
            }
        }
        for name in &given {
            assert!(variables.contains_key(name), "{path}: the module has no variable `{name}`");
        }
        for (name, _) in variables.iter().filter(|(_, required)| **required) {
            assert!(given.contains(name), "{path}: the module needs `{name}`");
        }
    }
    let modules: BTreeSet<&str> =
        files.keys().filter_map(|path| path.strip_prefix("modules/")?.split('/').next()).collect();
    let unused: Vec<_> = modules.difference(&seen).filter(|module| **module != "complete-stack").collect();
    assert!(unused.is_empty(), "no unit uses {unused:?}");
}

/// A value inside a heredoc would not be encoded for where it stands, and one in a comment
/// could end it.
#[test]
fn templates_put_values_where_values_stand() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/infrastructure");
    for (path, text) in templates(&folder) {
        assert!(!text.contains("<<"), "{path}: a heredoc in a template");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("{{")) {
            let before = line.split("{{").next().unwrap_or_default().trim_end();
            let after = line.rsplit("}}").next().unwrap_or_default().trim_start();
            let number = number + 1;
            assert!(before.ends_with(['=', '[', '(', ',']), "{path}:{number}: not where a value stands");
            assert!(["", "]", ")", ",", "]}"].contains(&after), "{path}:{number}: something behind a value");
        }
    }
}

fn templates(folder: &std::path::Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).expect("a folder of templates");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => templates(&path),
            false if path.extension().is_some_and(|extension| extension == "jinja") => {
                vec![(path.display().to_string(), std::fs::read_to_string(&path).expect("a template"))]
            }
            false => vec![],
        })
        .collect()
}
