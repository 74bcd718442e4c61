//! Errors point into the template.

use billpay_scaffold::Answers;

use crate::corpus;

#[track_caller]
fn check_error(text: &str, expected: &[&str]) {
    let told = corpus::refusal(&corpus::one(text), &Answers::new());
    for expected in expected {
        assert!(told.contains(expected), "{text}: no `{expected}` in\n{told}");
    }
}

#[test]
fn an_undefined_variable_is_told_with_its_place_and_what_was_meant() {
    let place = "demo/{{cookiecutter.name}}/a.txt:2:8";
    check_error(
        "one\nname = {{ cookiecutter.nmae }}\n",
        &["`cookiecutter.nmae` is not defined", "did you mean `cookiecutter.name`?"],
    );
    check_error(
        "one\n12345 {{ cookiecuter.name }}\n",
        &["`cookiecuter` is not defined", "did you mean `cookiecutter`?"],
    );
    check_error("one\n1234{{ cookiecutter.x }}", &[place]);
    check_error("a\r\n1234{{ cookiecutter.x }}\r\n", &[place]);
}

#[test]
fn mistakes_in_tags_are_told_with_their_places() {
    check_error("{{ 1|nosuch }}", &["there is no filter `nosuch`", "a.txt:1:"]);
    check_error("{{ 'x'|upperr }}", &["did you mean `upper`?"]);
    check_error("{% if true %}\nx", &["expected end of block", "`{% endif %}`", "a.txt:1:"]);
    check_error("{% fro x in y %}", &["there is no tag `fro`", "did you mean `for`?"]);
    check_error("{% do range(1) %}", &["jinja2.ext.do"]);
    check_error("x\n{{ (1 }}", &["a.txt:2:"]);
    check_error("{{ 'open }}", &["unexpected end of string", "a.txt:1:"]);
    check_error("{% include 'nowhere' %}", &["there is no template `nowhere`"]);
    check_error("{{ 1 + 'a' }}", &["+ operator on unsupported types"]);
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
