//! Texts and expressions, against Jinja2 in cookiecutter's own environment.

use std::path::Path;

use billpay_scaffold::{Answers, RenderOptions, TemplateError};
use serde_json::{Value, json};

use crate::{corpus, peer};

/// One a line; `⏎` is the end of a line in it.
const TEXTS: &str = include_str!("texts.txt");

/// The expressions of a line by themselves, so that one that is refused hides no other.
fn pieces(line: &str) -> Vec<&str> {
    if line.contains("{%") || !line.starts_with("{{") || !line.ends_with("}}") {
        return vec![line];
    }
    let mut ends = line.match_indices("}} ").map(|(at, end)| at + end.len()).collect::<Vec<_>>();
    ends.push(line.len());
    let mut from = 0;
    let mut pieces = vec![];
    for end in ends {
        let piece = line.get(from..end).unwrap_or_default();
        if piece.starts_with("{{")
            && line.get(end..).is_none_or(|rest| rest.is_empty() || rest.starts_with("{{"))
        {
            pieces.push(piece.trim_end());
            from = end;
        }
    }
    pieces
}

/// Texts that Jinja2 renders and billpay refuses, since minijinja reads them differently, are listed in `refused.txt`.
#[test]
#[ignore = "full tier: installs cookiecutter"]
fn texts_are_what_jinja_makes_of_them_or_refused() {
    let texts: Vec<String> = TEXTS.lines().flat_map(pieces).map(|text| text.replace('⏎', "\n")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let context = json!({"s": "Hello", "n": "3", "cookiecutter": {"name": "demo"}});
    let done = peer::run(folder.path(), &json!({"texts": texts, "context": context}));
    let theirs = done["texts"].as_array().expect("texts");
    let options = RenderOptions { seed: Some(1), ..RenderOptions::PLAIN };
    let (mut wrong, mut both, mut same) = (vec![], 0, 0);
    let (mut refused, mut without_a_way_on) = (vec![], vec![]);
    for (text, theirs) in texts.iter().zip(theirs) {
        let source = format!("{{% set s = 'Hello' %}}{{% set n = '3' %}}{text}");
        let ours = corpus::render(&corpus::one(&source), &Answers::new(), &options).map(|rendering| {
            let file = rendering.project.files.values().next().expect("a file");
            String::from_utf8(file.bytes.clone()).expect("text")
        });
        match (&ours, theirs.get("text").and_then(Value::as_str)) {
            (Ok(ours), Some(theirs)) if ours == theirs => same += 1,
            (Err(_), None) => both += 1,
            (Err(TemplateError::Wrong(findings)), Some(_)) => {
                let line = text.replace('\n', "⏎");
                if findings.problems.iter().all(|problem| problem.help.is_empty()) {
                    without_a_way_on.push(format!("{line}\n  {}", findings.problems[0].message));
                }
                refused.push(line);
            }
            _ => wrong.push(format!("{text}\n  theirs: {theirs}\n  ours:   {ours:?}")),
        }
    }
    println!(
        "{} texts: {same} the same, {both} that both refuse, {} refused here",
        texts.len(),
        refused.len()
    );
    println!("refused without a way on: {}\n{}", without_a_way_on.len(), without_a_way_on.join("\n"));
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
    let known = Path::new("tests/cookiecutter/refused.txt");
    snapbox::assert_data_eq!(refused.join("\n") + "\n", snapbox::Data::read_from(known, None).raw());
}

#[test]
fn values_print_as_in_python() {
    let cases = [
        ("{{ [none, true, 1.0, 'it\\'s', (1,), {'a': 1}] }}", "[None, True, 1.0, \"it's\", (1,), {'a': 1}]"),
        ("{{ '%s-%03d'|format('a', 7) }} {{ -7 // 2 }} {{ -7 % 3 }}", "a-007 -4 2"),
        ("{% for c in 'abc' %}{{ c }}{{ ',' if not loop.last }}{% endfor %}", "a,b,c"),
        ("{{ \"they're bill's\".title() }} {{ 'a\\nb\\n'|indent(2) }}", "They'Re Bill'S a\n  b\n"),
        (
            "{{ 'Größe & Maß'|slugify }} {{ {'b': 1, 'a': 'é'}|jsonify(none) }}",
            "grosse-mass {\"a\": \"\\u00e9\", \"b\": 1}",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(corpus::text(source, &corpus::PLAIN), expected, "{source}");
    }
}

#[test]
fn random_values_and_the_time_are_the_same_for_the_same_seed() {
    let source = "{{ uuid4() }} {{ random_ascii_string(8, true) }} {{ [1, 2, 3]|random }} \
                  {% now 'utc', '%Y-%m-%dT%H:%M:%S %a %j' %} {% now 'utc' + 'days=1,hours=2', '%d %H' %}";
    let seeded = |seed| {
        corpus::text(source, &RenderOptions { seed: Some(seed), now: 1_700_000_000, ..RenderOptions::PLAIN })
    };
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    assert!(seeded(1).ends_with("2023-11-14T22:13:20 Tue 318 16 00"), "{}", seeded(1));
    for random in ["{{ uuid4() }}", "{{ random_ascii_string(3) }}", "{% now 'utc' %}", "{{ [1]|random }}"] {
        let told = corpus::refusal(&corpus::one(random), &Answers::new());
        assert!(told.contains("different each time") && told.contains("--seed N"), "{random}: {told}");
    }
}
