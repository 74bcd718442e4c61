//! Texts and expressions, against Jinja2 in cookiecutter's own environment.

use billpay::domain::template::{Answers, RenderOptions};
use serde_json::{Value, json};

use crate::{corpus, peer};

/// What is otherwise, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("'<' ~ '>'|safe", "Jinja2 joins constants before it knows of escaping"),
    ("{0!r:>5}", "numbered and unnumbered fields in one format: Python refuses them"),
];

/// One a line; `⏎` is the end of a line in it.
const TEXTS: &str = include_str!("texts.txt");

#[test]
#[ignore = "full tier: installs cookiecutter"]
fn texts_are_what_jinja_makes_of_them() {
    let texts: Vec<String> = TEXTS.lines().map(|line| line.replace('⏎', "\n")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let context = json!({"s": "Hello", "n": "3", "cookiecutter": {"name": "demo"}});
    let done = peer::run(folder.path(), &json!({"texts": texts, "context": context}));
    let theirs = done["texts"].as_array().expect("texts");
    let options = RenderOptions { seed: Some(1), now: 0, trust: false };
    let (mut wrong, mut refused, mut other) = (vec![], 0, 0);
    for (text, theirs) in texts.iter().zip(theirs) {
        let source = format!("{{% set s = 'Hello' %}}{{% set n = '3' %}}{text}");
        let ours = corpus::render(&corpus::one(&source), &Answers::new(), &options).map(|rendering| {
            let file = rendering.project.files.values().next().expect("a file");
            String::from_utf8(file.bytes.clone()).expect("text")
        });
        let known = DIFFERENCES.iter().find(|(part, _)| text.contains(part));
        match (&ours, theirs.get("text").and_then(Value::as_str)) {
            (Ok(ours), Some(theirs)) if ours == theirs => {}
            (Err(_), None) => refused += 1,
            _ if known.is_some() => other += 1,
            _ => wrong.push(format!("{text}\n  theirs: {theirs}\n  ours:   {ours:?}")),
        }
    }
    for (part, why) in DIFFERENCES {
        println!("otherwise: {part}: {why}");
    }
    println!("{} texts; {refused} that both refuse, {other} otherwise", texts.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
}

#[test]
fn values_print_as_in_python() {
    let cases = [
        (
            "{{ [none, true, 1.0, 'it\\'s', (1,), {'a': 1e16}] }}",
            "[None, True, 1.0, \"it's\", (1,), {'a': 1e+16}]",
        ),
        ("{{ '%s-%03d' % ('a', 7) }} {{ -7 // 2 }} {{ -7 % 3 }}", "a-007 -4 2"),
        ("{% set l = [] %}{% set _ = l.append('x') %}{{ l }}", "['x']"),
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
    let seeded =
        |seed| corpus::text(source, &RenderOptions { seed: Some(seed), now: 1_700_000_000, trust: false });
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    assert!(seeded(1).ends_with("2023-11-14T22:13:20 Tue 318 16 00"), "{}", seeded(1));
    for random in ["{{ uuid4() }}", "{{ random_ascii_string(3) }}", "{% now 'utc' %}", "{{ [1]|random }}"] {
        let told = corpus::refusal(&corpus::one(random), &Answers::new());
        assert!(told.contains("different each time") && told.contains("--seed N"), "{random}: {told}");
    }
}
