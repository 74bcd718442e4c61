//! Rendered files: that they say exactly what the spec says, and that people's edits of them
//! survive.

mod modules;
mod people;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use billpay_model::environment::Environment;
use billpay_spec::directory::SpecDir;
use billpay_tofu::tree::{TreeSelection, render};
use billpay_tree::RenderedTree;
use snapbox::Data;
use snapbox::data::DataFormat;

/// The environments of this repository.
fn environments() -> Vec<Environment> {
    let specs = SpecDir::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("environments"));
    let several = specs.and_then(|specs| specs.load_several(None, "2026-11-22".parse().expect("a date")));
    several.expect("the specs are sound").all.into_iter().map(|loaded| loaded.environment).collect()
}

/// One of them.
fn environment(name: &str) -> Environment {
    environments().into_iter().find(|env| env.environment == name).expect("there is such an environment")
}

/// The tree of all of some environments.
fn rendered(environments: &[&Environment]) -> RenderedTree {
    let templates = billpay_tofu::tree::templates().expect("the templates are sound");
    let wanted = TreeSelection { all: environments, names: None, broken: &[] };
    render(&templates, &wanted).expect("the templates can be rendered").0
}

/// The files of a tree, by their paths.
fn files(rendered: &RenderedTree) -> BTreeMap<&str, &str> {
    let text = |bytes| std::str::from_utf8(bytes).expect("a text");
    rendered.files.iter().map(|(path, file)| (path.as_str(), text(&file.bytes))).collect()
}

/// All of dev's tree but the modules, word for word.
#[test]
fn the_tree_of_dev_reads_as_expected() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let tree = rendered(&all);
    let of_dev = files(&tree).into_iter().filter(|(path, _)| {
        let others =
            ["modules/", "environments/staging/", "environments/prod/", "stacks/staging/", "stacks/prod/"];
        !others.iter().any(|other| path.starts_with(other))
    });
    let text: String = of_dev.map(|(path, text)| format!("==> {path}\n{text}\n")).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scaffold/golden/dev.txt");
    snapbox::assert_data_eq!(text, Data::read_from(&golden, Some(DataFormat::Text)).raw());
}

#[test]
fn the_same_specs_make_the_same_bytes() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let once = rendered(&all);
    assert_eq!(once, rendered(&all));
    let backwards: Vec<&Environment> = environments.iter().rev().collect();
    assert_eq!(once, rendered(&backwards));
}

/// Whoever renders one environment at a time gets the tree that whoever renders all gets.
#[test]
fn one_by_one_is_all_at_once() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let templates = billpay_tofu::tree::templates().expect("the templates are sound");
    let mut together = RenderedTree::default();
    for env in &all {
        let names = BTreeSet::from([env.environment.clone()]);
        let wanted = TreeSelection { all: &all, names: Some(&names), broken: &[] };
        let (one, coverage) = render(&templates, &wanted).expect("the templates can be rendered");
        assert!(one.files.values().all(|file| coverage.has(&file.scope)));
        together.files.extend(one.files);
    }
    assert_eq!(together, rendered(&all));
}

/// The part that an account's environments share is not decided while it isn't known what they want.
#[test]
fn a_broken_spec_leaves_the_account_alone() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().filter(|env| env.environment != "staging").collect();
    let templates = billpay_tofu::tree::templates().expect("the templates are sound");
    let names = BTreeSet::from(["dev".to_string()]);
    let broken = ["staging".to_string()];
    let wanted = TreeSelection { all: &all, names: Some(&names), broken: &broken };
    let (one, coverage) = render(&templates, &wanted).expect("the templates can be rendered");
    assert!(files(&one).keys().all(|path| !path.contains("accounts/")));
    assert!(!coverage.has("account/123456789012/us-east-1"));
    assert!(!coverage.has("environment/staging"));
}
