//! Bombs in the languages of templates: a file of a project that takes its renderer much memory or time.

use crate::bombs::Row;

const TEMPLATE: &str = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: { name: t }\n\
                        spec: { type: service, owner: o, steps: [{ id: f, action: fetch:template, input: { url: ./skeleton } }] }\n";

/// Longest text, bytes: what takes a renderer long in proportion shows in less.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Texts that both languages read; `{` and `}` around an expression are written `<<` and `>>`.
fn texts(size: usize) -> Vec<(&'static str, String)> {
    let loop_over = |inner: &str| format!("{{% for i in range(100000) %}}{inner}{{% endfor %}}");
    let nested = |open: &str, close: &str| {
        let count = size / (open.len() + close.len());
        open.repeat(count) + &close.repeat(count)
    };
    let numbered =
        |length: usize, one: &dyn Fn(usize) -> String| (0..size / length).map(one).collect::<String>();
    vec![
        ("blocks in blocks", nested("{% if true %}", "{% endif %}")),
        ("loops in loops", nested("{% for a in [1, 2] %}", "{% endfor %}")),
        ("blocks without an end", "{% if true %}".repeat(size / 13)),
        ("blocks beside blocks", "{% if true %}x{% endif %}".repeat(size / 25)),
        ("placeholders", "<< 1 >>".repeat(size / 7)),
        ("placeholders without an end", "<< ".repeat(size / 3)),
        ("quotes without an end", "<< '".repeat(size / 4)),
        ("comments", "{# x #}".repeat(size / 7)),
        ("raw texts", "{% raw %}x{% endraw %}".repeat(size / 22)),
        ("variables", numbered(24, &|at| format!("{{% set v{at} = 1 %}}"))),
        ("macros", numbered(40, &|at| format!("{{% macro m{at}() %}}{{% endmacro %}}"))),
        (
            "macros and loops",
            numbered(75, &|at| {
                format!("{{% macro m{at}() %}}{{% endmacro %}}{{% for a in [] %}}{{% endfor %}}")
            }),
        ),
        ("a long sum", format!("<< 1{} >>", " + 1".repeat(size / 4))),
        ("a long text of parts", format!("<< 1{} >>", " ~ 1".repeat(size / 4))),
        ("many filters", format!("<< 'a'{} >>", "|upper".repeat(size / 6))),
        ("parentheses", format!("<< {}1{} >>", "(".repeat(size / 2), ")".repeat(size / 2))),
        ("signs", format!("<< {}1 >>", "-".repeat(size))),
        ("a long list", format!("{{% set l = [{}0] %}}", "0,".repeat(size / 2))),
        ("names of a mapping", format!("{{% set l = {{{}}} %}}", numbered(12, &|at| format!("'k{at}': 1,")))),
        ("an endless loop", loop_over(&loop_over("x"))),
        ("a text that doubles", format!("{{% set t = 'ab' %}}{}<< t >>", "{% set t = t ~ t %}".repeat(60))),
        (
            "lists that hold one another",
            format!("{{% set l = [1] %}}{}<< l >>", "{% set l = [l, l] %}".repeat(60)),
        ),
        (
            "a long text, looked through",
            format!("{{% set t = 'a'|center(1000000) %}}{}", loop_over("{% if 'z' in t %}{% endif %}")),
        ),
        (
            "a long text, compared",
            format!(
                "{{% set t = 'a'|center(1000000) %}}{{% set u = 'a'|center(1000000) %}}{}",
                loop_over("{% if t == u %}{% endif %}")
            ),
        ),
        (
            "a long text, counted",
            format!("{{% set t = 'a'|center(1000000) %}}{}", loop_over("{% if t|wordcount %}{% endif %}")),
        ),
        ("a long text, replaced", "{% set t = 'a'|center(1000000) %}<< t|replace(' ', t) >>".to_string()),
        ("a macro that calls itself", "{% macro m() %}<< m() >>{% endmacro %}<< m() >>".to_string()),
    ]
}

/// Rows of both languages.
pub fn rows(size: usize) -> Vec<Row> {
    let both = [
        ("portal's language", "t/skeleton/file.txt", ("t/template.yaml", TEMPLATE), "${{"),
        (
            "Cookiecutter's language",
            "t/{{cookiecutter.n}}/file.txt",
            ("t/cookiecutter.json", "{\"n\": \"n\"}"),
            "{{",
        ),
    ];
    let args = vec!["scaffold", "./t", "--defaults", "--dry-run", "--out", "made"];
    let mut rows = vec![];
    for (language, file, around, opening) in both {
        for (bomb, text) in texts(size.min(MAX_TEXT_BYTES)) {
            let (name, args) = (format!("{language}: {bomb}"), args.clone());
            let text = text.replace("<<", opening).replace(">>", "}}");
            rows.push(Row { name, file, text, around: vec![around], args, refused: false });
        }
    }
    rows
}
