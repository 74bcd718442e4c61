//! Messages about templates that are wrong.

use billpay_nunjucks::Settings;
use serde_json::json;

use crate::{problem, render, render_with};

#[test]
fn an_undefined_name_is_told_with_its_place_and_the_one_that_was_meant() {
    let context = json!({"values": {"name": "x", "owner": {"team": "y"}}});
    let found = problem("first\n  name: ${{ values.nmae | upper }}\n", &context);
    assert_eq!(found.code, "undefined");
    assert_eq!(found.message, "`values.nmae` is not defined");
    assert_eq!(
        (found.place.file.as_str(), found.place.line, found.place.column),
        ("skeleton/app.txt", 2, 13)
    );
    assert_eq!(found.did_you_mean.as_deref(), Some("values.name"));
    let found = problem("${{ values.owner.tema }}", &context);
    assert_eq!(found.did_you_mean.as_deref(), Some("values.owner.team"));
    let found = problem("${{ value.name }}", &context);
    assert_eq!(
        (found.message.as_str(), found.did_you_mean.as_deref()),
        ("`value` is not defined", Some("values"))
    );
}

#[test]
fn the_first_name_of_a_path_that_is_not_there_is_the_one_told() {
    let found = problem("${{ values.a.b.c }}", &json!({"values": {}}));
    assert_eq!(found.message, "`values.a` is not defined");
}

#[test]
fn asking_for_what_is_not_there_is_no_error() {
    let template = "{% if values.a.b %}x{% endif %}${{ values.a | default('d') }}${{ values.a is defined }}";
    assert_eq!(render(template, &json!({"values": {}})), Ok("dfalse".into()));
}

#[test]
fn unknown_filters_tests_tags_and_functions_are_told_with_the_ones_that_were_meant() {
    let context = json!({"values": {"name": "x"}});
    for (template, code, meant) in [
        ("${{ values.name | uper }}", "unknown-filter", Some("upper")),
        ("${{ values.name | parseRepourl }}", "unknown-filter", Some("parseRepoUrl")),
        ("${{ values.name is definde }}", "unknown-test", Some("defined")),
        ("{% fro x in values %}{% endfor %}", "unknown-tag", Some("for")),
        ("${{ rnage(3) }}", "unknown-function", Some("range")),
        ("${{ values.name.toUppercase() }}", "unknown-function", Some("values.name.toUpperCase")),
    ] {
        let found = problem(template, &context);
        assert_eq!((found.code, found.did_you_mean.as_deref()), (code, meant), "{template}: {found:?}");
    }
}

#[test]
fn the_place_is_right_after_line_ends_of_windows_and_letters_of_two_bytes() {
    let found = problem("é\r\nüü ${{ 'ß' ~ values.x }}", &json!({"values": {}}));
    assert_eq!((found.place.line, found.place.column), (2, 14));
}

#[test]
fn a_tag_that_is_not_closed_is_told_where_it_begins() {
    let found = problem("a\n{% if true %}\nb", &json!({}));
    assert_eq!((found.code, found.place.line), ("syntax", 2));
    assert!(found.message.contains("endif"), "{}", found.message);
    let found = problem("a ${{ x", &json!({}));
    assert_eq!((found.place.line, found.place.column), (1, 3));
}

#[test]
fn random_is_refused_without_a_seed_and_the_same_each_time_with_one() {
    let template = "${{ range(1000) | random }} ${{ range(1000) | random }}";
    let found = problem(template, &json!({}));
    assert_eq!(found.code, "random");
    let told = render(template, &json!({})).map_err(|findings| findings.render(false));
    assert!(told.is_err_and(|told| told.contains("--seed")));
    let seeded =
        |seed| render_with(&Settings { seed: Some(seed), ..Settings::default() }, template, &json!({}));
    assert_eq!(seeded(7), seeded(7));
    assert_ne!(seeded(7), seeded(8));
}

#[test]
fn a_template_that_changes_a_list_leaves_the_next_one_as_it_was() {
    use billpay_nunjucks::Nunjucks;
    let engine = Nunjucks::new(&Settings::default());
    let context = engine.context(&json!({"values": {"list": [1]}}));
    let file = crate::file("${{ values.list.push(2) }} ${{ values.list }}");
    assert_eq!(engine.render(&file, &context), Ok("2 1,2".into()));
    assert_eq!(engine.render(&file, &context), Ok("2 1,2".into()));
}

#[test]
fn a_step_s_input_keeps_its_kind_and_what_is_not_there_is_left_out() {
    use billpay_nunjucks::Nunjucks;
    let engine = Nunjucks::new(&Settings::default());
    let context = engine.context(&json!({"parameters": {"n": 3, "o": {"a": [1, null]}}}));
    let value = |text| engine.value(&crate::file(text), &context);
    assert_eq!(value("${{ parameters.n }}"), Ok(json!(3)));
    assert_eq!(value("${{ parameters.o }}"), Ok(json!({"a": [1, null]})));
    assert_eq!(value(" ${{ parameters.n }}"), Ok(json!(" 3")));
    assert_eq!(value("plain"), Ok(json!("plain")));
    assert!(value("${{ parameters.nope }}").is_err());
    assert_eq!(engine.optional_value(&crate::file("${{ parameters.nope }}"), &context), Ok(None));
    assert_eq!(
        engine.optional_value(&crate::file("x ${{ parameters.nope }}"), &context),
        Ok(Some(json!("x ")))
    );
    let strict = Nunjucks::new(&Settings { strict: true, ..Settings::default() });
    assert!(strict.optional_value(&crate::file("x ${{ parameters.nope }}"), &context).is_err());
}

/// The places of the warnings for a text, and what is told there.
fn warnings(text: &str, context: &serde_json::Value) -> Vec<(usize, usize, String)> {
    let engine = billpay_nunjucks::Nunjucks::new(&Settings::default());
    engine.render(&crate::file(text), &engine.context(context)).expect("a text");
    let found = engine.take_warnings().problems.into_iter();
    found.map(|problem| (problem.place.line, problem.place.column, problem.message)).collect()
}

#[test]
fn what_is_undefined_is_a_warning_once_at_each_place_and_prints_nothing() {
    let context = json!({"values": {"name": "x"}});
    let text = "a${{ values.nmae }}\n{% for i in [1, 2, 3] %}${{ values.nmae | upper }}${{ i }}{% endfor %}";
    assert_eq!(render(text, &context), Ok("a\n123".into()));
    let told = "`values.nmae` is not defined".to_string();
    assert_eq!(warnings(text, &context), [(1, 6, told.clone()), (2, 29, told)]);
    assert_eq!(warnings("{% if values.nmae %}{% endif %}${{ values.nmae | default(1) }}", &context), []);
    let many = "${{ values.a }}".repeat(5_000);
    assert_eq!(warnings(&many, &context).len(), 100);
}

#[test]
fn an_expression_of_a_workflow_is_told_with_the_way_to_write_it() {
    let engine = billpay_nunjucks::Nunjucks::new(&Settings::default());
    let context = engine.context(&json!({"values": {}}));
    let text = "ref: ${{ github.ref }}";
    assert_eq!(engine.render(&crate::file(text), &context), Ok("ref: ".into()));
    let help = engine.take_warnings().problems.remove(0).help.join(" ");
    assert!(help.contains("{% raw %}") && help.contains("${{ '${{' }} github…"), "{help}");
    for text in ["${{ github.a && github.b }}", "${{ !inputs.dry }}", "${{ hashFiles('**/lock') }}"] {
        let found = problem(text, &json!({"values": {}}));
        assert!(found.help.join(" ").contains("{% raw %}"), "{text}: {found:?}");
    }
    let meant = "${{ '${{' }} github.ref }}";
    assert_eq!(render(meant, &json!({})), Ok("${{ github.ref }}".into()));
}

#[test]
fn a_text_of_many_tags_is_rendered() {
    let context = json!({"values": {"name": "x"}});
    let text = "${{ values.name }}\n".repeat(100_000);
    assert_eq!(render(&text, &context), Ok("x\n".repeat(100_000)));
    let settings = Settings { lstrip_blocks: true, ..Settings::default() };
    let blocks = "x {% if values.name %}y{% endif %}".repeat(50_000);
    assert_eq!(render_with(&settings, &blocks, &context), Ok("x y".repeat(50_000)));
}
