//! The house stays as docs/architecture lays it out. Which crate may name which, Cargo holds; here is the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use billpay_model::environment::Environment;
use billpay_spec::directory::SpecDir;
use jiff::Zoned;

/// Sources without I/O, clock, network, processes and chance, by the beginnings of their paths.
const PURE: &[&str] = &[
    "docs/entity.rs",
    "docs/include.rs",
    "docs/mkdocs.rs",
    "docs/settings.rs",
    "docs/yaml.rs",
    "engine/kind.rs",
    "engine/ownership",
    "engine/permit.rs",
    "engine/plan/",
    "manifests/",
    "model/",
    "nunjucks/",
    "portal/catalog/",
    "scaffold/form/",
    "spec/",
    "templates/",
    "tofu/inputs.rs",
    "tree/",
];

/// Parts of them that read and write files.
const IMPURE_PARTS: &[&str] = &["spec/directory.rs", "tree/disk/"];

/// Crates that touch the world beyond files and programs, and those that may name them.
const ADAPTERS: &[(&str, &[&str])] = &[("billpay-aws", &[])];

/// Names that belong to the world, or to what is different each time.
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
    // A generator with a seed is none.
    "fastrand::Rng::new",
    "fastrand::u",
    "println!",
];

const MAX_FILE_LINES: usize = 600;

struct Source {
    path: PathBuf,
    text: String,
}

#[test]
fn adapters_are_named_by_few() {
    for folder in fs::read_dir(root().join("src")).expect("the crates").map(|entry| entry.expect("a folder"))
    {
        let name = folder.file_name().to_string_lossy().into_owned();
        let Ok(manifest) = fs::read_to_string(folder.path().join("Cargo.toml")) else { continue };
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for (adapter, by) in ADAPTERS {
            let names = dependencies.lines().any(|line| line.starts_with(&format!("{adapter}.")));
            assert!(!names || by.contains(&name.as_str()), "src/{name} names {adapter}");
        }
    }
}

#[test]
fn pure_sources_are_pure() {
    let is_in = |path: &Path, parts: &[&str]| {
        let path = path.to_string_lossy();
        parts.iter().any(|part| path.starts_with(part))
    };
    let mut wrong = vec![];
    let pure = rust().filter(|source| is_in(&source.path, PURE) && !is_in(&source.path, IMPURE_PARTS));
    for source in pure.filter(|source| !is_test(&source.path)) {
        for (number, line) in code(&source.text) {
            for impure in IMPURE.iter().filter(|impure| line.contains(**impure)) {
                wrong.push(format!("{}:{number}: {impure}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "no I/O, clock or chance here:\n{}", wrong.join("\n"));
    let sources: Vec<Source> = rust().collect();
    for part in PURE.iter().chain(IMPURE_PARTS) {
        assert!(sources.iter().any(|source| is_in(&source.path, &[part])), "{part} is no source any more");
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<String> = files()
        // What a tool writes nobody reads.
        .filter(|path| !path.ends_with("requirements.txt"))
        .map(|path| (fs::read_to_string(&path).unwrap_or_default().lines().count(), path))
        .filter(|(lines, _)| *lines > MAX_FILE_LINES)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "more than {MAX_FILE_LINES} lines:\n{}", long.join("\n"));
}

/// Words that a doc comment doesn't begin with: it begins with a verb or a noun.
const QUESTION_WORDS: &[&str] = &["How", "What", "Whether", "Who", "Which", "Where", "Why", "When"];

/// Beginnings of names of constants that say how they compare instead of what they are.
const SUPERLATIVES: &[&str] = &["MOST", "LONGEST", "SHORTEST", "LARGEST", "SMALLEST", "FEWEST", "DEEPEST"];

#[test]
fn comments_and_names_are_the_fields_english() {
    let mut wrong = vec![];
    for source in rust() {
        let mut before = "";
        for (number, line) in (1..).zip(source.text.lines().map(str::trim_start)) {
            let comment = line.strip_prefix("/// ").or(line.strip_prefix("//! "));
            let is_first = !before.starts_with("///") && !before.starts_with("//!") || before.len() == 3;
            let word = comment.and_then(|text| text.split(|c: char| !c.is_alphanumeric()).next());
            let asks = is_first && word.is_some_and(|word| QUESTION_WORDS.contains(&word));
            let constant = line.split("const ").nth(1).or(line.split("static ").nth(1)).unwrap_or_default();
            let compares = SUPERLATIVES.iter().any(|word| constant.split(['_', ':']).next() == Some(word));
            if asks || compares || line.contains("fn told(") {
                wrong.push(format!("{}:{number}: {line}", source.path.display()));
            }
            before = line;
        }
    }
    assert!(wrong.is_empty(), "nouns for values, verbs for functions, no riddles:\n{}", wrong.join("\n"));
}

#[test]
fn programs_are_started_and_text_is_printed_in_one_place() {
    let mut wrong = vec![];
    for source in rust().filter(|source| !is_test(&source.path)) {
        let printer = source.path.ends_with("cli/ui/out.rs");
        let starter = source.path.ends_with("host/program.rs");
        let is_built = source.path.ends_with("build.rs");
        for (number, line) in code(&source.text) {
            // A name would be looked for in relative directories of the path, too.
            let starts = line.contains("Command::new(\"") && !starter;
            let prints = ["println!", "print!(", "io::stdout()", "anstream::std"]
                .iter()
                .any(|word| line.contains(word))
                && !printer
                && !is_built;
            if starts || prints {
                wrong.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "host/program and cli/ui/out are for this:\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let registry = fs::read_to_string(root().join("src/aws/kinds/mod.rs")).expect("the registry");
    let (_, rest) = registry.split_once("static REGISTRY").expect("a registry");
    let (entries, _) = rest.split_once("];").expect("its end");
    let entries = entries.lines().filter(|line| line.trim_start().starts_with('&')).count();
    assert_eq!(billpay_aws::kinds::kinds().len(), entries, "two kinds have one name");
}

#[test]
fn kinds_stand_on_kinds() {
    let kinds = billpay_aws::kinds::kinds();
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
    let kinds = billpay_aws::kinds::kinds();
    for env in environments() {
        let desired = billpay_aws::kinds::desire(&env);
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
    let sources: Vec<Source> = rust().filter(|source| source.path.starts_with("aws/kinds")).collect();
    let desired: Vec<_> = environments().iter().flat_map(billpay_aws::kinds::desire).collect();
    for kind in billpay_aws::kinds::kinds().values() {
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
        let desired = billpay_aws::kinds::desire(&env);
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
    let specs = SpecDir::open(root().join("environments")).expect("specs");
    let load = |name: &String| specs.load(name, Zoned::now().date()).expect("a spec in order").environment;
    specs.environments().expect("specs").iter().map(load).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust() -> impl Iterator<Item = Source> {
    let rust = files().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let below = path.strip_prefix(root().join("src")).expect("a file of src");
        let text = fs::read_to_string(&path).expect("a source that can be read");
        Source { path: below.to_path_buf(), text }
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
