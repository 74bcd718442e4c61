//! Rules of every module.

use std::ffi::OsStr;
use std::path::Path;

use hcl::{Block, Body, Expression};

use crate::{files, infrastructure, modules, names, none};
use billpay_testkit::programs::AWS_PROVIDER;

/// The blocks of a module, all files together.
fn blocks(module: &str) -> Vec<Block> {
    let paths = files(&modules().join(module)).into_iter();
    let own = paths.filter(|path| path.parent() == Some(&modules().join(module)));
    let blocks = own.filter(|path| path.extension() == Some(OsStr::new("tf"))).flat_map(|path| {
        let body = hcl::parse(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        body.into_blocks()
    });
    blocks.collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn of_kind<'a>(blocks: &'a [Block], kind: &str) -> impl Iterator<Item = (&'a str, &'a Body)> {
    let found = blocks.iter().filter(move |block| block.identifier() == kind);
    found.map(|block| (block.labels().first().map(|label| label.as_str()).unwrap_or_default(), block.body()))
}

fn attribute<'a>(body: &'a Body, key: &str) -> Option<&'a Expression> {
    body.attributes().find(|attribute| attribute.key() == key).map(|attribute| attribute.expr())
}

fn says_something(body: &Body) -> bool {
    matches!(attribute(body, "description"), Some(Expression::String(text)) if !text.trim().is_empty())
}

#[test]
fn every_variable_has_a_type_and_it_and_every_output_says_what_it_is() {
    let mut wrong = Vec::new();
    for module in names() {
        let blocks = blocks(&module);
        for (name, body) in of_kind(&blocks, "variable") {
            if attribute(body, "type").is_none() {
                wrong.push(format!("{module}: variable {name} has no type"));
            }
            if !says_something(body) {
                wrong.push(format!("{module}: variable {name} has no description"));
            }
        }
        for (name, _) in of_kind(&blocks, "output").filter(|(_, body)| !says_something(body)) {
            wrong.push(format!("{module}: output {name} has no description"));
        }
    }
    none(&wrong);
}

#[test]
fn the_readme_of_a_module_names_every_variable_and_output() {
    let mut wrong = Vec::new();
    for module in names() {
        let path = modules().join(&module).join("README.md");
        let Ok(readme) = std::fs::read_to_string(&path) else {
            wrong.push(format!("{module} has no README.md"));
            continue;
        };
        let blocks = blocks(&module);
        for kind in ["variable", "output"] {
            let named = |name: &str| readme.contains(&format!("`{name}`"));
            for (name, _) in of_kind(&blocks, kind).filter(|(name, _)| !named(name)) {
                wrong.push(format!("{module}: README.md does not name the {kind} `{name}`"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_module_pins_the_provider_and_leaves_provider_and_backend_to_its_unit() {
    let mut wrong = Vec::new();
    for module in names() {
        let blocks = blocks(&module);
        let terraform: Vec<&Body> = of_kind(&blocks, "terraform").map(|(_, body)| body).collect();
        if !terraform.iter().any(|body| pins_the_provider(body)) {
            wrong.push(format!("{module} does not pin hashicorp/aws {AWS_PROVIDER} and nothing else"));
        }
        if !terraform.iter().any(|body| attribute(body, "required_version").is_some()) {
            wrong.push(format!("{module} does not say which versions of OpenTofu can read it"));
        }
        if of_kind(&blocks, "provider").next().is_some() {
            wrong.push(format!("{module} configures a provider"));
        }
        if terraform.iter().flat_map(|body| body.blocks()).any(|block| block.identifier() == "backend") {
            wrong.push(format!("{module} has a backend"));
        }
        if !files(&modules().join(&module)).iter().any(|path| path.to_string_lossy().ends_with(".tftest.hcl"))
        {
            wrong.push(format!("{module} has no tests"));
        }
    }
    none(&wrong);
}

fn pins_the_provider(terraform: &Body) -> bool {
    let wanted = [("source", "hashicorp/aws"), ("version", AWS_PROVIDER)];
    let required = terraform.blocks().filter(|block| block.identifier() == "required_providers");
    let providers: Vec<_> = required.flat_map(|block| block.body().attributes()).collect();
    let [aws] = providers[..] else { return false };
    let Expression::Object(settings) = aws.expr() else { return false };
    let has = |(key, value): &(&str, &str)| {
        settings.iter().any(|(name, setting)| {
            name.to_string() == *key && matches!(setting, Expression::String(text) if text == value)
        })
    };
    aws.key() == "aws" && settings.len() == wanted.len() && wanted.iter().all(has)
}

/// They would be copied into every rendered tree.
#[test]
fn what_a_run_leaves_behind_is_not_among_the_templates() {
    let left = |path: &Path| {
        path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            [".terraform", ".terragrunt-cache"].iter().any(|name| part.starts_with(name))
                || part.contains(".tfstate")
        })
    };
    let left = files(&infrastructure()).into_iter().filter(|path| left(path));
    none(&left.map(|path| path.display().to_string()).collect::<Vec<_>>());
}
