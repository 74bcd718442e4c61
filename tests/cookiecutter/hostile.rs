//! Templates and answers that mean harm: nothing is rendered, nothing runs.

use billpay_scaffold::{Answers, Entry};
use serde_json::json;

use crate::corpus;

#[track_caller]
fn refused(text: &str, expected: &str) {
    let told = corpus::refusal(&corpus::one(text), &Answers::new());
    assert!(told.contains(expected), "{text}: no `{expected}` in\n{told}");
}

#[test]
fn loops_without_an_end_are_stopped() {
    refused("{% for i in range(10**9) %}x{% endfor %}", "takes too long");
    refused("{% for i in range(3000) %}{% for j in range(3000) %}{% endfor %}{% endfor %}", "takes too long");
    refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too many levels");
    refused("{% set l = [1] %}{% set _ = l.append(l) %}{{ l }}", "changes a value");
    refused("{% include 'a.txt' %}", "too many levels");
    refused("{% extends 'a.txt' %}", "cycle in template inheritance");
    refused(&format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500)), "too many levels");
    refused(&"{% if true %}".repeat(500), "too many levels");
    refused(&format!("{{{{ {} }}}}", vec!["a"; 20_000].join(" ~ ")), "too many levels");
    refused(&format!("{{{{ a{} }}}}", "|sort".repeat(20_000)), "too many levels");
    for sign in ["-", "- ", "not ", "1 if 1 else "] {
        refused(&format!("{{{{ {}1 }}}}", sign.repeat(200_000)), "too many levels");
    }
}

#[test]
fn values_deep_in_one_another_and_changed_while_in_use_do_no_harm() {
    for text in [
        "{% set ns = namespace(x=[]) %}{% for i in range(4000000) %}{% set ns.x = [ns.x] %}{% endfor %}",
        "{% set ns = namespace(x={}) %}{% for i in range(4000000) %}{% set ns.x = {1: ns.x} %}{% endfor %}",
        "{{ '%18446744073709551615d' % 1 }}",
        "{{ '{:18446744073709551615}'.format(1) }}",
        "{{ 'a'.zfill(10 ** 37) }}",
        "{{ 'abc'[9223372036854775807:-9223372036854775808:-9223372036854775808] }}{{ nope }}",
        "{{ range(9223372036854775807,-9223372036854775808,-1)|length }}{{ nope }}",
        "{% set ns = namespace(a=[1]) %}{% for i in range(40) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a }}",
        "{{ 'abc'.split('') }}",
        "{% for i in none %}a{% endfor %}",
    ] {
        corpus::refusal(&corpus::one(text), &Answers::new());
    }
    for (text, expected) in [
        ("{{ 'a,b'.rsplit(',', 18446744073709551615)|list }}", "['a', 'b']"),
        ("{{ [1, 2][-9:9]|list }} {{ 'abc'[-99:99] }}", "[1, 2] abc"),
        ("{{ (10 ** 37)|string|length }} {{ 10 ** 38 }}", &format!("38 1{}", "0".repeat(38))),
    ] {
        assert_eq!(corpus::text(text, &corpus::PLAIN), expected, "{text}");
    }
}

#[test]
fn values_that_share_their_parts_are_paid_for_each_time() {
    let shared = |name: &str| {
        format!("{{% for i in range(40) %}}{{% set ns.{name} = [ns.{name}, ns.{name}] %}}{{% endfor %}}")
    };
    let two = format!("{{% set ns = namespace(a=[1], b=[1]) %}}{}{}", shared("a"), shared("b"));
    for text in [
        "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
        "{{ ([[1] * 1000] * 10000)|sum(start=[])|sum(start=[]) }}",
    ] {
        refused(text, "");
    }
    for use_of in [
        "{{ ns.a == ns.b }}",
        "{{ ns.a is eq ns.b }}",
        "{{ ns.a in [ns.b] }}",
        "{{ ns.a|tojson }}",
        "{{ [ns.a, ns.b]|sort|length }}",
        "{{ [ns.a].count(ns.b) }}",
        "{{ ns.a|string|length }}",
        "{{ {(ns.a): 1}|length }}",
        "{% for i in [1, 2] %}{% if loop.changed(ns.a if loop.first else ns.b) %}{% endif %}{% endfor %}",
    ] {
        refused(&format!("{two}{use_of}"), "");
    }
    let long = "{% set t = 'ab' * 10**7 %}";
    for use_of in ["t.count('a')", "'c' in t", "t|length", "t[-1]", "t[::100000]"] {
        refused(
            &format!("{long}{{% for i in range(100000) %}}{{{{ {use_of} }}}}{{% endfor %}}"),
            "takes too long",
        );
    }
}

#[test]
#[ignore = "full tier: takes all steps that a project may take"]
fn a_project_of_many_long_loops_is_stopped() {
    let mut folder = corpus::one("x");
    let text = "{% for i in range(900) %}{% for j in range(900) %}{% endfor %}{% endfor %}";
    for number in 0..200 {
        let path = format!("{{{{cookiecutter.name}}}}/{number}.txt");
        let file = billpay_scaffold::TemplateFile { bytes: text.into(), executable: false };
        folder.entries.insert(path, Entry::File(file));
    }
    let told = corpus::refusal(&folder, &Answers::new());
    assert!(told.contains("rendering all files takes too long"), "{told}");
}

#[test]
fn output_of_gigabytes_is_refused_before_it_is_made() {
    for text in [
        "{{ 'a' * 10**9 }}",
        "{{ [0] * 10**9 }}",
        "{{ 'a'.center(10**9) }}",
        "{{ 'a'|center(10**10) }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'a'|indent(10**9, true) }}",
        "{{ 'a'.zfill(10**9) }}",
        "{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}",
        "{{ ('a' * 10**6)|replace('', 'b' * 10**6) }}",
        "{% set x = 'a' * 10**7 %}{% for i in range(1000) %}{{ x }}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ [1]|batch(10**9, 'x')|list }}",
        "{{ range(10**9)|list }}",
        "{{ range(10**9)|join }}",
        "{{ [1]|tojson(10**9) }}",
        "{{ ('a' * 10**6).join(('b' * 10**5)|list) }}",
    ] {
        let told = corpus::refusal(&corpus::one(text), &Answers::new());
        assert!(
            ["longer than", "too long", "too large"].iter().any(|word| told.contains(word)),
            "{text}: {told}"
        );
    }
}

#[test]
fn there_is_no_way_into_python() {
    refused("{{ ''.__class__.__mro__ }}", "leads into Python itself");
    refused("{{ cookiecutter.__init__.__globals__ }}", "leads into Python itself");
    refused("{{ ''|attr('__class__') }}", "the filter `attr` is not done here");
    refused("{{ ''['__class__'] }}", "leads into Python itself");
    refused("{{ '{0.__class__}'.format(1) }}", "argument not found");
    refused("{{ [1]|map(attribute='__class__')|list }}", "nothing that can be printed");
    refused("{{ cycler.__init__.__globals__.os }}", "leads into Python itself");
    refused("{{ [[[[['é', 'a']]]]]|sort }}", "not compared here");
    refused("{{ os.environ }}", "`os` is not defined");
    refused("{{ open('/etc/passwd') }}", "`open` is not defined");
    refused("{% include '/etc/passwd' %}", "there is no template");
    refused("{% include '../cookiecutter.json' %}", "there is no template");
}

#[test]
fn names_that_lead_out_are_refused() {
    let named = |top: &str, file: &str, name: &str| {
        let path = format!("{top}/{file}");
        let template = corpus::small(&[("cookiecutter.json", r#"{"name": "demo"}"#), (&path, "x")]);
        let answers = json!({"name": name}).as_object().cloned().expect("answers");
        corpus::refusal(&template, &answers)
    };
    for name in ["../x", "/etc/x", "a/../../x", ".git/x", "a\0b", ".", "..", ".billpay", ""] {
        for told in [
            named("{{cookiecutter.name}}", "a", name),
            named("{{cookiecutter.name ~ 'x'}}", "{{cookiecutter.name}}/a", name),
        ] {
            assert!(
                told.contains("can't be a path") || told.contains("empty") || told.contains("there already"),
                "{name}: {told}"
            );
        }
    }
    for (json, directory) in
        [("{\"template\": [\"x (../../etc)\"]}", None), ("{}", Some("../x")), ("{}", Some("/etc"))]
    {
        let template = corpus::small(&[("cookiecutter.json", json)]);
        assert!(
            billpay_scaffold::cookiecutter::open(&template, directory, &corpus::PLAIN).is_err(),
            "{json} {directory:?}"
        );
    }
}

#[test]
fn files_that_meet_at_one_path_are_refused_by_both_names() {
    let top = "{{cookiecutter.name}}";
    let json = r#"{"name": "demo", "_copy_without_render": ["kept"]}"#;
    for (one, other, word) in [
        ("a.txt", "{{ 'a' }}.txt", "would both be `a.txt`"),
        ("src/a.txt", r"{{ 'src\x2fa' }}.txt", "would both be `src/a.txt`"),
        ("kept/{{ 1 }}", "kept/1", ""),
        ("kept/a", "{{ 'kept' }}/b", "there already"),
        ("src/a", "{{ 'src' }}", "which is a folder"),
        ("src/a/x", r"{{ 'src\x2fa' }}", "would be a file there"),
        ("README.md", "readme.md", "one file on Windows and macOS"),
        ("src/a", "SRC/b", "one file on Windows and macOS"),
        ("caf\u{e9}", "cafe\u{301}", "one file on Windows and macOS"),
    ] {
        let [one, other] = [one, other].map(|path| format!("{top}/{path}"));
        let template = corpus::small(&[("cookiecutter.json", json), (&one, "1"), (&other, "2")]);
        if word.is_empty() {
            corpus::render(&template, &Answers::new(), &corpus::PLAIN).expect("two files");
            continue;
        }
        let told = corpus::refusal(&template, &Answers::new());
        assert!(told.contains(word), "{one} and {other}: no `{word}` in {told}");
        let is_named =
            |path: &str| told.contains(path) || path.rsplit_once('/').is_some_and(|it| told.contains(it.0));
        assert!(is_named(&one) && is_named(&other), "{one} and {other}: {told}");
    }
}

#[test]
fn links_and_devices_are_refused() {
    for entry in [Entry::Link("/etc/passwd".into()), Entry::Other] {
        let mut template = corpus::one("a");
        template.entries.insert("{{cookiecutter.name}}/b".into(), entry);
        let told = corpus::refusal(&template, &Answers::new());
        assert!(told.contains("symbolic link") || told.contains("neither a file nor a folder"), "{told}");
    }
}

#[test]
fn tags_in_answers_are_text() {
    let template = corpus::one("{{ cookiecutter.name }}");
    let answers = json!({"name": "{{ 1 + 1 }}"}).as_object().cloned().expect("answers");
    let rendering = corpus::render(&template, &answers, &corpus::PLAIN).expect("it is rendered");
    assert_eq!(rendering.name.as_deref(), Some("{{ 1 + 1 }}"));
}
