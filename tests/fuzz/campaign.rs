//! New inputs, made of the corpus by chance: no reader panics at any of them.
//!
//! `FUZZ=600 cargo test --test fuzz -- --include-ignored chance --show-output` goes on for that many seconds;
//! `SEED=N` makes the inputs of an earlier run again, `TARGET=spec` those of one target.

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::time::{Duration, Instant};

use billpay_testkit::selection::{number, select};
use fastrand::Rng;

use crate::corpus;
use crate::targets::{TARGETS, Target};

/// Seconds for all targets together.
const SECONDS: u64 = 170;
/// Largest input, bytes.
const MAX_BYTES: usize = 8 << 10;

/// Pieces that the languages of the files are made of.
const WORDS: &[&str] = &[
    "\n",
    "\n  ",
    "\n- ",
    "\r\n",
    "\r",
    "\t",
    " ",
    ": ",
    ":",
    "- ",
    "? ",
    "# ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "&b ",
    "*b",
    "<<: *a",
    "<<",
    "!!str ",
    "!!int ",
    "!!null ",
    "!x ",
    "!<x> ",
    "!",
    "!!",
    "%TAG ! x:\n",
    "%YAML 1.2\n",
    "---\n",
    "--- ",
    "...\n",
    "|\n",
    "|+2\n",
    ">-\n",
    "\"",
    "'",
    "''",
    "\\",
    "\\u00e9",
    "\\ud83e",
    "\\x41",
    "\\\n",
    "~",
    "null",
    "true",
    "no",
    "0",
    "-1",
    "0x1f",
    "0o7",
    "1e999",
    "1.5",
    ".inf",
    ".nan",
    "18446744073709551616",
    "é",
    "ż",
    "🦀",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{0}",
    "\u{7f}",
    "\u{202e}",
    "e\u{301}",
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "${{ ",
    "{{ cookiecutter.x }}",
    "__prompts__",
    "_extensions",
    "$ref",
    "#/x",
    "dependencies",
    "oneOf",
    "properties",
    "items",
    "enum",
    "default",
    "pattern",
    "<<<<<<< a\n",
    ">>>>>>> b\n",
    "0/0",
    "10.0.0.0/33",
    "2026-02-30",
    "schema",
    "*",
    "**/*",
    "../",
    "/",
];

thread_local! {
    /// Place of the last panic of this thread, and its reason.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Changes an input, in one to a few places.
fn changed(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = rng.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..1 + rng.usize(..rng.clone().usize(1..8)) {
        let at = rng.usize(..=input.len());
        let to = at + rng.usize(..=(input.len() - at).min(40));
        match rng.u8(..10) {
            0 => drop(input.drain(at..to)),
            1 => input.truncate(at),
            2 => {
                let piece = input[at..to].to_vec();
                let times = 1 + rng.usize(..4);
                input.splice(at..at, piece.repeat(times));
            }
            3 => {
                let other = rng.choice(seeds).cloned().unwrap_or_default();
                let from = rng.usize(..=other.len());
                let until = from + rng.usize(..=(other.len() - from).min(200));
                input.splice(at..to, other[from..until].iter().copied());
            }
            4 if at < input.len() => input[at] = rng.u8(..),
            5 => {
                // Lines change places, so that keys get to where they don't belong.
                let mut lines: Vec<Vec<u8>> =
                    input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (from, into) = (rng.usize(..=lines.len()), rng.usize(..=lines.len()));
                if from < lines.len() && into < lines.len() {
                    lines.swap(from, into);
                }
                input = lines.concat();
            }
            6 => drop(input.splice(at..to, rng.choice(WORDS).unwrap_or(&"").bytes())),
            _ => drop(input.splice(at..at, rng.choice(WORDS).unwrap_or(&"").bytes())),
        }
    }
    input.truncate(MAX_BYTES);
    input
}

/// The files that inputs of a target are made of.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = corpus::files(target).into_iter().map(|(_, input)| input).collect();
    let more: &[&str] = match target {
        "spec" => &["environments/dev.yaml", "environments/prod.yaml", "tests/spec/base.yaml"],
        "values" => &["tests/kubernetes/values/payment-service.yaml"],
        _ => &[],
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    seeds.extend(more.iter().map(|path| fs::read(root.join(path)).expect("a file")));
    if target == "template.yaml" {
        let templates = fs::read_dir(root.join("templates/backstage")).expect("the templates");
        let paths = templates.map(|entry| entry.expect("a folder").path().join("template.yaml"));
        seeds.extend(paths.filter_map(|path| fs::read(path).ok()));
    }
    seeds
}

/// Tries inputs of a target for a time; returns what was found.
fn search((name, target): &Target, time: Duration, seed: u64) -> Option<String> {
    let seeds = seeds(name);
    let (begin, mut slowest) = (Instant::now(), Duration::ZERO);
    let (mut count, mut right) = (0u64, 0u64);
    while begin.elapsed() < time {
        // Each input has a seed of its own, so that it is the same whatever came before.
        let input = changed(&seeds, &mut Rng::with_seed(seed.wrapping_add(count)));
        let one = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(is_right) => right += u64::from(is_right),
            Err(_) => {
                let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
                fs::create_dir_all(&folder).expect("a folder");
                let path = folder.join(format!("{name}-{}", seed.wrapping_add(count)));
                fs::write(&path, &input).expect("a file");
                let why = PANIC.with(|panic| panic.borrow().clone());
                return Some(format!(
                    "{name}: {why}\n  REPLAY={name}:{} cargo test --test fuzz -- --include-ignored one_file",
                    path.display()
                ));
            }
        }
        slowest = slowest.max(one.elapsed());
        count += 1;
    }
    println!("{name}: {count} inputs, {right} of them right; the slowest took {} ms", slowest.as_millis());
    None
}

#[test]
#[ignore = "takes three minutes: new inputs for all targets"]
fn inputs_made_by_chance_are_read_or_refused() {
    let seed = number("SEED", 0).unwrap_or_else(|| fastrand::u64(..1 << 48));
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let selected = select("TARGET", &names, str::eq);
    let targets: Vec<&Target> = TARGETS.iter().filter(|(name, _)| selected.contains(name)).collect();
    let each = Duration::from_secs(number("FUZZ", 1).unwrap_or(SECONDS)) / targets.len() as u32;
    println!("SEED={seed}");
    let before = take_hook();
    set_hook(Box::new(|info| PANIC.with(|panic| *panic.borrow_mut() = info.to_string())));
    let found: Vec<String> = targets.into_iter().filter_map(|target| search(target, each, seed)).collect();
    set_hook(before);
    assert!(found.is_empty(), "SEED={seed}\n{}", found.join("\n"));
}
