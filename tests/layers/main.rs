//! The house stays as `src/lib.rs` and docs/architecture lay it out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use billpay::domain::spec::Environment;

/// Each layer, and the layers that its code may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("cli", &["cli", "app", "ops", "domain"]),
    ("mcp", &["mcp", "app", "ops", "domain"]),
    ("app", &["app", "cli", "mcp", "ops", "kinds", "adapter", "domain"]),
    ("ops", &["ops", "domain"]),
    ("kinds", &["kinds", "adapter", "domain"]),
    ("adapter", &["adapter", "domain"]),
    ("domain", &["domain"]),
    ("lib", &[]),
    ("main", &[]),
];

/// What touches the world, or is different each time: the domain has no use for it.
const IMPURE: &[&str] = &[
    "tokio::",
    "futures::",
    "aws_sdk",
    "aws_config",
    "aws_smithy",
    "std::fs",
    "std::env",
    "std::io::std",
    "TcpStream",
    "UdpSocket",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "::now()",
    "fastrand",
    "println!",
];

const LONGEST_FILE: usize = 600;

struct Source {
    path: PathBuf,
    layer: String,
    text: String,
}

#[test]
fn layers_name_only_what_is_below_them() {
    let mut wrong = vec![];
    for source in rust() {
        let may = MAY_NAME.iter().find(|(layer, _)| *layer == source.layer);
        let (_, may) =
            may.unwrap_or_else(|| panic!("the layer `{}` is new: say what it may name", source.layer));
        for (number, line) in code(&source.text) {
            for named in line.split("crate::").skip(1) {
                let named: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // A macro's `$crate::` and a name at the top of the crate are no layers.
                if MAY_NAME.iter().any(|(layer, _)| *layer == named) && !may.contains(&named.as_str()) {
                    wrong.push(format!("{}:{number}: {} names {named}", source.path.display(), source.layer));
                }
                assert!(!named.is_empty(), "{}:{number}: name one layer a line", source.path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_domain_is_pure() {
    let mut wrong = vec![];
    for source in rust().filter(|source| source.layer == "domain" && !is_test(&source.path)) {
        for (number, line) in code(&source.text) {
            for impure in IMPURE.iter().filter(|impure| line.contains(**impure)) {
                wrong.push(format!("{}:{number}: {impure}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "the domain does no I/O, and knows no clock or chance:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<String> = files()
        // What a tool writes nobody reads.
        .filter(|path| !path.ends_with("requirements.txt"))
        .map(|path| (fs::read_to_string(&path).unwrap_or_default().lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST_FILE} lines:\n{}", long.join("\n"));
}

#[test]
fn programs_are_started_and_text_is_printed_in_one_place() {
    let mut wrong = vec![];
    for source in rust().filter(|source| !is_test(&source.path)) {
        let printer = source.path.ends_with("cli/ui/out.rs");
        let starter = source.path.ends_with("adapter/program.rs");
        for (number, line) in code(&source.text) {
            // A name would be looked for in relative directories of the path, too.
            let starts = line.contains("Command::new(\"") && !starter;
            let prints = ["println!", "print!(", "io::stdout()", "anstream::std"]
                .iter()
                .any(|word| line.contains(word))
                && !printer;
            if starts || prints {
                wrong.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "adapter/program and cli/ui/out are for this:\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let registry = fs::read_to_string(root().join("src/kinds/aws/mod.rs")).expect("the registry");
    let (_, rest) = registry.split_once("static REGISTRY").expect("a registry");
    let (entries, _) = rest.split_once("];").expect("its end");
    let entries = entries.lines().filter(|line| line.trim_start().starts_with('&')).count();
    assert_eq!(billpay::kinds::aws::kinds().len(), entries, "two kinds have one name");
}

#[test]
fn kinds_stand_on_kinds() {
    let kinds = billpay::kinds::aws::kinds();
    for kind in kinds.values() {
        for base in kind.stands_on {
            assert!(
                kinds.contains_key(base.kind),
                "{} stands on `{}`, which is no kind",
                kind.name,
                base.kind
            );
        }
    }
}

#[test]
fn what_the_specs_want_is_at_home_in_its_kind_and_needs_what_the_specs_want() {
    let kinds = billpay::kinds::aws::kinds();
    for env in environments() {
        let desired = billpay::kinds::aws::desire(&env);
        let addresses: BTreeSet<_> = desired.iter().map(|want| want.address.clone()).collect();
        assert_eq!(addresses.len(), desired.len(), "{}: an address is there twice", env.environment);
        for want in &desired {
            let kind = &kinds[want.address.kind()];
            let components: BTreeSet<&str> = kinds.values().map(|kind| kind.component).collect();
            assert!(components.contains(want.address.component()), "{}: no such component", want.address);
            for need in want.needs() {
                assert!(addresses.contains(&need), "{} needs {need}, which nobody wants", want.address);
            }
            for field in kind.immutable {
                assert!(want.attrs.get(field).is_some(), "{}: no attribute `{field}`", want.address);
            }
        }
    }
}

#[test]
fn what_gives_access_is_an_attribute_of_its_kind() {
    let sources: Vec<Source> = rust().filter(|source| source.path.starts_with("kinds/aws")).collect();
    let desired: Vec<_> = environments().iter().flat_map(billpay::kinds::aws::desire).collect();
    for kind in billpay::kinds::aws::kinds().values() {
        for attribute in kind.gives_access {
            let of_kind = desired.iter().filter(|want| want.address.kind() == kind.name);
            let is_there = of_kind.filter(|want| want.attrs.get(attribute).is_some()).count() > 0;
            // An attribute that no environment here has is at least a field of the kind's source.
            let declared = format!("    {attribute}: ");
            let is_declared = || {
                let name = format!("name: \"{}\"", kind.name);
                sources.iter().any(|source| source.text.contains(&name) && source.text.contains(&declared))
            };
            assert!(is_there || is_declared(), "{}: no attribute `{attribute}`", kind.name);
        }
    }
}

#[test]
fn components_need_one_another_in_one_direction_only() {
    for env in environments() {
        let desired = billpay::kinds::aws::desire(&env);
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for want in &desired {
            let of = needs.entry(want.address.component().to_string()).or_default();
            of.extend(want.needs().iter().map(|need| need.component().to_string()));
            of.remove(want.address.component());
        }
        // Whatever needs nothing that is left can be made: so on until nothing is left.
        while let Some(next) = needs.iter().find(|(_, of)| of.is_empty()).map(|(name, _)| name.clone()) {
            needs.remove(&next);
            needs.values_mut().for_each(|of| {
                of.remove(&next);
            });
        }
        assert!(needs.is_empty(), "{}: each of these needs another of them: {needs:?}", env.environment);
    }
}

fn environments() -> Vec<Environment> {
    let app = billpay::app::App::new(Some(root().join("environments")), false);
    let names = app.specs().and_then(|specs| specs.environments()).expect("specs");
    names.iter().map(|name| app.load(name).expect("a spec in order").environment).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust() -> impl Iterator<Item = Source> {
    let rust = files().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let below = path.strip_prefix(root().join("src")).expect("a file of src");
        let first = below.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a source that can be read");
        Source { layer: first.trim_end_matches(".rs").to_string(), path: below.to_path_buf(), text }
    })
}

/// Every file of src.
fn files() -> impl Iterator<Item = PathBuf> {
    let mut folders = vec![root().join("src")];
    let mut files = vec![];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of src") {
            let path = entry.expect("a file").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files.into_iter()
}

/// The lines of a source that are neither comments nor its tests, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]" && *line != "mod tests {");
    (1..).zip(lines).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs") == "tests")
}
