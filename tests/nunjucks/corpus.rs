//! The corpus: expressions and texts, rendered by the portal's engine and by us.

use std::collections::BTreeSet;

use billpay_nunjucks::{DIFFERENCES, Settings};
use serde_json::{Value, json};

use crate::peer::{Case, portal};

const EXPRESSIONS: &str = include_str!("corpus/expressions.txt");
const LAYOUTS: &str = include_str!("corpus/layouts.txt");
const COMPAT: &str = include_str!("corpus/compat.txt");
/// Results of the portal, when it was asked last.
const GOLDEN: &str = include_str!("corpus/golden.json");

fn values() -> Value {
    json!({
        "name": "my-service", "yes": true, "no": false, "nil": null, "1password": "secret",
        "float": 2.75, "big": 123_456_789_012.0, "small": 1.5e-7, "huge": 1e21, "negzero": -0.0,
        "list": ["a", "b", "c"], "mixed": [1, "x", null, true], "nestedlist": [["k", 1], ["l", 2]],
        "empty": [], "emptyobj": {}, "obj": {"x": 1, "y": {"z": "deep"}, "list": [1, 2]},
        "objs": [{"name": "n1", "n": 1}, {"name": "n2", "n": 2}],
        "nested": {"a": {"b": {"c": "leaf"}}},
        "unicode": "straße ÀÉ ça", "emoji": "a😀b", "html": "<b>&\"'", "crlf": "a\r\nb",
    })
}

/// One case a line; ` => name` names the difference that it shows.
fn lines(text: &'static str) -> Vec<(String, Option<&'static str>)> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let case = |line: &'static str| match line.rsplit_once(" => ") {
        Some((template, name)) => (template.to_string(), Some(name)),
        None => (line.to_string(), None),
    };
    // `¶` and `␍` stand for line ends, so that a case is a line.
    let ends = |(template, name): (String, _)| (template.replace('¶', "\n").replace('␍', "\r"), name);
    lines.map(case).map(ends).collect()
}

/// Each `${{ }}` of a line of several.
fn alone(line: &str) -> Vec<String> {
    let parts: Vec<&str> = line.split("${{").skip(1).collect();
    if line.contains("{%") || parts.len() < 2 {
        return vec![];
    }
    let inner = parts.iter().filter_map(|part| part.rsplit_once("}}"));
    inner.map(|(inner, _)| format!("${{{{{inner}}}}}")).collect()
}

/// Every case, with the difference that it shows.
fn cases() -> Vec<(Case, Option<&'static str>)> {
    let name = |name: Option<&'static str>| {
        name.map(|name| match DIFFERENCES.iter().find(|difference| difference.name == name) {
            Some(difference) => difference.name,
            None => panic!("`{name}` is no difference that is known"),
        })
    };
    let context = json!({"values": values()});
    let mut cases = vec![];
    for (template, difference) in lines(EXPRESSIONS) {
        // Where one of several is refused, the others would not be seen.
        for alone in alone(&template) {
            cases.push((Case { typed: true, ..Case::new(alone, &context) }, name(difference)));
        }
        let case = Case::new(template, &context);
        cases.push((Case { typed: true, ..case.clone() }, name(difference)));
        cases.push((case, name(difference)));
    }
    for (template, difference) in lines(LAYOUTS) {
        for (trim_blocks, lstrip_blocks) in [(false, false), (true, false), (false, true), (true, true)] {
            let settings = Settings { trim_blocks, lstrip_blocks, ..Settings::default() };
            cases.push((Case { settings, ..Case::new(template.as_str(), &context) }, name(difference)));
        }
    }
    let settings = Settings { cookiecutter_compat: true, ..Settings::default() };
    for (template, difference) in lines(COMPAT) {
        let case = Case::new(template, &json!({"cookiecutter": values()}));
        cases.push((Case { settings: settings.clone(), ..case }, name(difference)));
    }
    cases
}

/// Compares each case with what the portal made of it; what is not the same is told.
fn compare(outcomes: &[Result<Value, String>]) {
    let cases = cases();
    assert_eq!(cases.len(), outcomes.len(), "the portal's outcomes are of another corpus");
    let mut wrong = vec![];
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    let (mut same, mut refused) = (0, 0);
    for ((case, difference), theirs) in cases.iter().zip(outcomes) {
        let ours = case.ours();
        let told = format!("{:?} (typed {})", case.template, case.typed);
        match (&ours, theirs, difference) {
            (Ok(ours), Ok(theirs), _) if ours == theirs => same += 1,
            (Err(_), Err(_), None) => refused += 1,
            // What we refuse, the portal renders; only hosts are the other way round.
            (Err(_), Ok(_), Some(name)) => {
                shown.insert(name);
            }
            (Ok(_), Err(_), Some(name @ "hosts")) => {
                shown.insert(name);
            }
            (Err(_), Err(_), Some(_)) => refused += 1,
            _ => wrong.push(format!(
                "{told}\n  ours:   {}\n  theirs: {theirs:?}",
                match &ours {
                    Ok(value) => value.to_string(),
                    Err(error) => format!("refused: {error}"),
                }
            )),
        }
    }
    println!("{same} the same, {refused} refused by both, of {}", cases.len());
    assert!(wrong.is_empty(), "{} of {} are not the same:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for difference in DIFFERENCES {
        println!("differs: {}: {}", difference.name, difference.reason);
        assert!(shown.contains(difference.name), "no case shows `{}`", difference.name);
    }
}

fn golden() -> Vec<Result<Value, String>> {
    let outcomes: Vec<Value> = serde_json::from_str(GOLDEN).expect("the golden file is JSON");
    let outcome = |outcome: Value| match outcome.get("ok") {
        Some(value) => Ok(value.clone()),
        None => Err("refused".to_string()),
    };
    outcomes.into_iter().map(outcome).collect()
}

#[test]
fn the_corpus_is_rendered_as_the_portal_did() {
    compare(&golden());
}

#[test]
#[ignore = "full tier: installs the portal's packages and runs its engine"]
fn the_corpus_is_rendered_as_the_portal_does() {
    let cases: Vec<Case> = cases().into_iter().map(|(case, _)| case).collect();
    let outcomes = portal(&cases);
    // What the portal chooses at random is another each time, so the file is written on request alone.
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        let line = |outcome: &Result<Value, String>| match outcome {
            Ok(value) => json!({"ok": value}).to_string(),
            Err(_) => json!({"refused": true}).to_string(),
        };
        let lines: Vec<String> = outcomes.iter().map(line).collect();
        let path = billpay_testkit::project().join("tests/nunjucks/corpus/golden.json");
        std::fs::write(path, format!("[\n{}\n]\n", lines.join(",\n"))).expect("the golden file is written");
    }
    compare(&outcomes);
}
