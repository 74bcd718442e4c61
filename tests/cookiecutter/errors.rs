//! Errors point into the template.

use billpay_scaffold::Answers;

use crate::corpus;

#[track_caller]
fn told(text: &str, expected: &[&str]) {
    let told = corpus::refusal(&corpus::one(text), &Answers::new());
    for expected in expected {
        assert!(told.contains(expected), "{text}: no `{expected}` in\n{told}");
    }
}

#[test]
fn an_undefined_variable_is_told_with_its_place_and_what_was_meant() {
    let place = "demo/{{cookiecutter.name}}/a.txt:2:8";
    told(
        "one\nname = {{ cookiecutter.nmae }}\n",
        &["`cookiecutter.nmae` is not defined", "did you mean `cookiecutter.name`?"],
    );
    told(
        "one\n12345 {{ cookiecuter.name }}\n",
        &["`cookiecuter` is not defined", "did you mean `cookiecutter`?"],
    );
    told("one\n1234{{ cookiecutter.x }}", &[place]);
    told("a\r\n1234{{ cookiecutter.x }}\r\n", &[place]);
}

#[test]
fn mistakes_in_tags_are_told_with_their_places() {
    told("{{ 1|nosuch }}", &["there is no filter `nosuch`", "a.txt:1:"]);
    told("{{ 'x'|upperr }}", &["did you mean `upper`?"]);
    told("{% if true %}\nx", &["expected end of block", "`{% endif %}`", "a.txt:1:"]);
    told("{% fro x in y %}", &["there is no tag `fro`", "did you mean `for`?"]);
    told("{% do range(1) %}", &["jinja2.ext.do"]);
    told("x\n{{ (1 }}", &["a.txt:2:"]);
    told("{{ 'open }}", &["unexpected end of string", "a.txt:1:"]);
    told("{% include 'nowhere' %}", &["there is no template `nowhere`"]);
    told("{{ 1 + 'a' }}", &["+ operator on unsupported types"]);
}

#[test]
fn mistakes_in_the_settings_are_told_with_their_places() {
    let with = |json: &str| {
        let template = corpus::small(&[("cookiecutter.json", json), ("{{cookiecutter.name}}/a.txt", "a")]);
        corpus::refusal(&template, &Answers::new())
    };
    let cases = [
        ("{\"name\": \"x\",\n \"b\": }", "cookiecutter.json:2:"),
        ("{\"name\": \"x\",\n \"b\": \"{{ cookiecutter.nam }}\"}", "cookiecutter.json:2:11"),
        ("{\"name\": \"x\",\n \"_extensions\": [\"local_extensions.Mine\"]}", "is Python code"),
        ("{\"name\": \"x\", \"_jinja2_env_vars\": {\"trim_block\": true}}", "did you mean `trim_blocks`?"),
        ("{\"name\": \"x\", \"_new_lines\": \"x\"}", "is no line end"),
        ("{\"name\": []}", "a choice of nothing"),
    ];
    for (json, expected) in cases {
        let told = with(json);
        assert!(told.contains(expected), "{json}: no `{expected}` in\n{told}");
    }
}
