//! Templates that mean no good end soon, with an error at their place.

use serde_json::{Value, json};

use crate::{problem, render};

fn code(template: &str) -> &'static str {
    problem(template, &json!({"values": {"name": "x"}})).code
}

#[test]
fn loops_without_end_are_ended() {
    assert_eq!(code("{% for i in range(100000000) %}x{% endfor %}"), "endless");
    let nested = "{% for i in range(9999) %}".repeat(5) + "x" + &"{% endfor %}".repeat(5);
    assert_eq!(code(&nested), "endless");
    assert_eq!(code("${{ range(0, 1, 0.0000000001) }}"), "endless");
    let several = "{% for a, b in [[1, 2]] %}".repeat(40) + &"{% endfor %}".repeat(40);
    assert_eq!(code(&several), "endless");
}

#[test]
fn long_texts_that_are_gone_through_over_and_over_are_ended() {
    for operation in ["t.indexOf('z')", "t.length", "'z' in t", "t == u"] {
        let template = format!(
            "{{% set t = 'a' | center(1000000) %}}{{% set u = 'a' | center(1000000) %}}\
             {{% for i in range(100000) %}}{{% set y = {operation} %}}{{% endfor %}}"
        );
        assert_eq!(code(&template), "endless", "{operation}");
    }
    assert_eq!(code("{% set t = 'a' | center(10000000) %}{% for c in t %}{% endfor %}"), "endless");
    assert_eq!(code("{% set t = 'a' | center(10000000) %}${{ (t | list).length }}"), "endless");
    let macros =
        |number| format!("{{% macro m{number}() %}}{{% endmacro %}}{{% for a in [] %}}{{% endfor %}}");
    assert_eq!(code(&(0..5000).map(macros).collect::<String>()), "endless");
}

#[test]
fn macros_that_call_themselves_are_ended() {
    assert_eq!(code("{% macro m() %}${{ m() }}{% endmacro %}${{ m() }}"), "too-deep");
    let template = "{% macro m(x) %}{% call m(x) %}${{ caller() }}{% endcall %}{% endmacro %}${{ m(1) }}";
    assert_eq!(code(template), "too-deep");
}

#[test]
fn output_of_gigabytes_is_ended() {
    let doubled =
        "{% set x = 'xxxxxxxxxxxxxxxx' %}".to_string() + &"{% set x = x ~ x %}".repeat(30) + "${{ x }}";
    assert_eq!(code(&doubled), "too-long");
    assert_eq!(code("${{ 'x' | center(1000000000) }}"), "template");
    assert_eq!(code("${{ 'a\nb' | indent(1000000000) }}"), "template");
    assert_eq!(code("${{ [1] | batch(1000000000, 'x') }}"), "endless");
    assert_eq!(code("${{ [1] | slice(1000000000) }}"), "endless");
    assert_eq!(code("${{ {length: 1000000000} | reverse }}"), "endless");
    assert_eq!(code("{% for i in {length: 1000000000} %}x{% endfor %}"), "endless");
    let grown = "{% set x = 'x' | center(1000000) %}${{ x | replace(' ', x) }}";
    assert_eq!(code(grown), "too-long");
    let grown = "{% set x = 'x' | center(100000) %}${{ x.split('').join(x) }}";
    assert_eq!(code(grown), "too-long");
    let long = "{% set x = 'x' | center(1000000) %}{% for i in range(100) %}${{ x }}{% endfor %}";
    assert_eq!(code(long), "too-long");
    let grown = "{% set x = 'x' | center(100000) %}${{ x | replace(r/ /g, x) }}";
    assert_eq!(code(grown), "too-long");
}

#[test]
fn lists_that_hold_one_another_over_and_over_are_ended() {
    let doubled = "{% set x = [1, 2, 3, 4] %}".to_string() + &"{% set x = [x, x] %}".repeat(60) + "${{ x }}";
    assert_eq!(code(&doubled), "endless");
    let deep = "{% set a = [] %}{% set c = a %}{% for i in range(50000) %}{% set n = [] %}{% set z = c.push(n) %}\
                {% set c = n %}{% endfor %}${{ a }}";
    assert_eq!(code(deep), "template");
}

#[test]
fn ten_thousand_levels_are_refused_without_a_crash() {
    let many = 10_000;
    let around = |open: &str, inner: &str, close: &str| {
        format!("${{{{ {}{inner}{} }}}}", open.repeat(many), close.repeat(many))
    };
    assert_eq!(code(&around("(", "1", ")")), "too-deep");
    assert_eq!(code(&around("[", "1", "]")), "too-deep");
    assert_eq!(code(&around("not ", "1", "")), "too-deep");
    assert_eq!(code(&around("-(", "1", ")")), "too-deep");
    assert_eq!(code(&around("", "1", " + 1")), "too-deep");
    assert_eq!(code(&around("", "values", ".a")), "too-deep");
    assert_eq!(code(&around("", "values", "[values")), "too-deep");
    assert_eq!(code(&around("", "1", " | abs")), "too-deep");
    assert_eq!(code(&around("{a: ", "1", "}")), "too-deep");
    assert_eq!(code(&around("1 if ", "1", "")), "syntax");
    let blocks = "{% if true %}".repeat(many) + &"{% endif %}".repeat(many);
    assert_eq!(code(&blocks), "too-deep");
    let branches = "{% if false %}".to_string() + &"{% elif false %}".repeat(many) + "{% endif %}";
    assert_eq!(render(&branches, &json!({})), Ok(String::new()));
    let groups = format!("${{{{ 'a' | replace(r/{}a{}/, 'b') }}}}", "(".repeat(4000), ")".repeat(4000));
    assert_eq!(code(&groups), "unlike-portal");
    let mut value = Value::Null;
    for _ in 0..200 {
        value = json!([value]);
    }
    assert!(render("${{ values }}", &json!({"values": value})).is_ok());
}

#[test]
fn files_programs_and_the_environment_are_out_of_reach() {
    for template in [
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "${{ values.constructor.constructor('return process')() }}",
        "${{ values['__proto__'] }}",
        "${{ env('HOME') }}",
        "${{ ''.constructor }}",
        "${{ range.constructor }}",
    ] {
        assert!(render(template, &json!({"values": {}})).is_err(), "{template}");
    }
    for template in ["${{ process.env }}", "${{ values['constr' ~ 'uctor'] }}"] {
        assert_eq!(render(template, &json!({"values": {}})), Ok(String::new()), "{template}");
    }
}

#[test]
fn what_goes_as_deep_as_it_may_does_not_crash() {
    let brackets = |inner: &str| format!("{}{inner}{}", "[".repeat(29), "]".repeat(29));
    let calls = format!("${{{{ {} }}}}", brackets("m()"));
    let blocks = "{% for i in [1] %}".repeat(20) + &calls + &"{% endfor %}".repeat(20);
    assert_eq!(code(&format!("{{% macro m() %}}{blocks}{{% endmacro %}}${{{{ m() }}}}")), "too-deep");
    let blocks = "{% if true %}".repeat(38) + "${{ " + &brackets("1") + " }}" + &"{% endif %}".repeat(38);
    assert_eq!(render(&blocks, &json!({})), Ok("1".into()));
    let sum = format!("${{{{ 1{} }}}}", " + 1".repeat(110));
    assert_eq!(render(&sum, &json!({})), Ok("111".into()));
    let filters = format!("${{{{ 1{} }}}}", " | abs".repeat(110));
    assert_eq!(render(&filters, &json!({})), Ok("1".into()));
}
