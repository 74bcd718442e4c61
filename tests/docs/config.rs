//! The part of a `mkdocs.yml` that gets to MkDocs.

use billpay_docs::mkdocs::{Config, Wishes, config, default_config};
use billpay_model::findings::SourceFile;
use serde_json::Value;

pub fn made_with(text: &str, wishes: &Wishes<'_>) -> Result<Config, String> {
    let file = SourceFile::new("mkdocs.yml", text);
    config(&file, wishes).map_err(|findings| findings.render(false))
}

pub fn made(text: &str) -> Result<Config, String> {
    made_with(text, &Wishes::default())
}

/// Returns the configuration of MkDocs, as data; only for what has no tags.
#[track_caller]
fn data(text: &str) -> Value {
    let made = made(text).unwrap_or_else(|why| panic!("{why}"));
    serde_yaml::from_str(&made.text).unwrap_or_else(|error| panic!("{error}:\n{}", made.text))
}

fn left_out(text: &str) -> Vec<String> {
    let made = made(text).unwrap_or_else(|why| panic!("{why}"));
    made.left_out.problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn the_plugin_of_techdocs_is_put_in_where_it_is_missing() {
    for (text, plugins) in [
        ("site_name: x", r#"["techdocs-core"]"#),
        ("site_name: x\nplugins:", r#"["techdocs-core"]"#),
        ("site_name: x\nplugins: [search]", r#"["search", "techdocs-core"]"#),
        ("site_name: x\nplugins:\n- search\n- techdocs-core", r#"["search", "techdocs-core"]"#),
        (
            "plugins: { search: {}, techdocs-core: {use_material_search: true} }\nsite_name: x",
            r#"[{"search": {}}, {"techdocs-core": {"use_material_search": true}}]"#,
        ),
    ] {
        let plugins: Value = serde_json::from_str(plugins).unwrap();
        assert_eq!(data(text)["plugins"], plugins, "{text}");
    }
}

#[test]
fn values_mean_to_mkdocs_what_they_meant_in_the_file() {
    let text = "site_name: \"a: b # c \\\" \\u00e9\"\nextra:\n  text: '007'\n  number: 12\n  float: 1.5\n  \
                yes: true\n  nothing:\n  tilde: ~\n  quoted: 'null'\n  word: it's - here\n  \
                lines: |\n    one\n    two\n  base: &base { a: 1 }\n  again: *base\n";
    let extra = &data(text)["extra"];
    let expected = serde_json::json!({
        "text": "007", "number": 12, "float": 1.5, "yes": true, "nothing": null, "tilde": null,
        "quoted": "null", "word": "it's - here", "lines": "one\ntwo\n", "base": {"a": 1}, "again": {"a": 1},
    });
    assert_eq!(*extra, expected);
    assert_eq!(data(text)["site_name"], "a: b # c \" é");
}

#[test]
fn tags_that_are_known_to_be_harmless_stay() {
    let text = "site_name: !ENV [SITE, Docs]\nmarkdown_extensions:\n- toc:\n    slugify: \
                !!python/object/apply:pymdownx.slugs.slugify\n      kwds: { case: lower }\n- \
                pymdownx.emoji: { emoji_index: !!python/name:materialx.emoji.twemoji }\n";
    let made = made(text).unwrap();
    assert!(
        made.text.contains("site_name: !ENV [\"SITE\", \"Docs\"]") || made.text.contains("!ENV [SITE, Docs]"),
        "{}",
        made.text
    );
    let slugify = "!<tag:yaml.org,2002:python/object/apply:pymdownx.slugs.slugify> {kwds: {case: lower}}";
    assert!(made.text.contains(slugify), "{}", made.text);
    assert!(made.text.contains("!<tag:yaml.org,2002:python/name:materialx.emoji.twemoji>"), "{}", made.text);
    assert!(made.left_out.is_empty());
}

#[test]
fn settings_that_techdocs_does_not_take_are_named_and_left_out() {
    let text = "site_name: x\nhooks: [evil.py]\nINHERIT: ../base.yml\nextra_javascript: [x.js]\n\
                theme: { name: material, custom_dir: overrides, logo: a.png }\n\
                plugins: [search, evil, { macros: {} }, { group: { plugins: [evil2, search] } }]\n\
                markdown_extensions:\n- toc\n- evil\n- os.path: {x: y}\n- markdown.extensions.evil\n- evil.module:Extension\n- plantuml_markdown: { plantuml_cmd: rm, server: s, cachedir: /tmp }\n\
                - pymdownx.snippets: { base_path: / }\n";
    let told = left_out(text).join("\n");
    let names = [
        "`hooks`",
        "`INHERIT`",
        "`extra_javascript`",
        "`custom_dir`",
        "`evil`",
        "`macros`",
        "`evil2`",
        "extension `evil`",
        "`os.path`",
        "`markdown.extensions.evil`",
        "`evil.module:Extension`",
        "`plantuml_cmd`",
        "`server`",
        "`cachedir`",
        "`base_path`",
    ];
    for name in names {
        assert!(told.contains(name), "{name} is not named in\n{told}");
    }
    assert_eq!(told.lines().count(), names.len(), "{told}");
    let data = data(text);
    assert_eq!(data["theme"], serde_json::json!({"name": "material", "logo": "a.png"}));
    assert_eq!(
        data["plugins"],
        serde_json::json!(["search", {"group": {"plugins": ["search"]}}, "techdocs-core"])
    );
    let extensions = serde_json::json!(["toc", {"plantuml_markdown": {}}, {"pymdownx.snippets": {}}]);
    assert_eq!(data["markdown_extensions"], extensions);
    assert!(data.get("hooks").is_none() && data.get("INHERIT").is_none());
}

#[test]
fn what_techdocs_brings_along_is_taken_diagrams_and_emoji_too() {
    let text = "site_name: x\nmarkdown_extensions:\n- admonition\n- markdown.extensions.tables\n- pymdownx.blocks.tab\n\
                - plantuml_markdown\n- markdown_inline_graphviz\n- mdx_truly_sane_lists\n- pymdownx.superfences:\n    \
                custom_fences:\n    - { name: mermaid, class: mermaid, format: !!python/name:pymdownx.superfences.fence_code_format '' }\n\
                - pymdownx.emoji:\n    emoji_index: !!python/name:material.extensions.emoji.twemoji\n    \
                emoji_generator: !!python/name:material.extensions.emoji.to_svg\n";
    let made = made(text).unwrap_or_else(|why| panic!("{why}"));
    assert!(made.left_out.is_empty(), "{:?}", made.left_out);
    for tag in ["pymdownx.superfences.fence_code_format", "material.extensions.emoji.to_svg"] {
        assert!(made.text.contains(&format!("!<tag:yaml.org,2002:python/name:{tag}>")), "{}", made.text);
    }
}

#[test]
fn a_plugin_can_be_allowed() {
    let wishes = Wishes { plugins: &["macros".to_string()], ..Wishes::default() };
    let made = made_with("site_name: x\nplugins: [macros]", &wishes).unwrap();
    assert!(made.left_out.is_empty() && made.text.contains("macros"), "{}", made.text);
}

#[test]
fn a_site_without_settings_gets_the_least() {
    let wishes = Wishes { site_name: "The \"ledger\": x", ..Wishes::default() };
    let made: Value = serde_yaml::from_str(&default_config(&wishes).text).unwrap();
    let expected = serde_json::json!({"site_name": "The \"ledger\": x", "docs_dir": "docs", "plugins": ["techdocs-core"]});
    assert_eq!(made, expected);
}

#[test]
fn links_to_the_sources_come_from_the_annotation() {
    let with = |source| Wishes { source: Some(source), ..Wishes::default() };
    let text = |source, text| made_with(text, &with(source)).unwrap().text;
    let plain = text("https://github.com/billpay/x", "site_name: x");
    assert!(
        plain.contains("repo_url: \"https://github.com/billpay/x\"") || plain.contains("\"repo_url\""),
        "{plain}"
    );
    assert!(!plain.contains("edit_uri"), "{plain}");
    let tree = text("https://github.com/billpay/x/tree/main/a", "site_name: x\ndocs_dir: d");
    assert!(tree.contains("https://github.com/billpay/x/edit/main/a/d"), "{tree}");
    let own = text("https://github.com/billpay/x/tree/main/", "site_name: x\nrepo_url: https://example.com/");
    assert!(own.contains("https://example.com/") && !own.contains("tree/main"), "{own}");
    let elsewhere = text("https://evil.example/x/y", "site_name: x");
    assert!(!elsewhere.contains("repo_url"), "{elsewhere}");
}

#[test]
fn settings_of_extensions_that_reach_outside_are_left_out() {
    for (settings, name) in [
        ("plantuml_markdown: { servers: ['http://x.example'] }", "`servers`"),
        ("plantuml_markdown: { kroki_server: 'http://x.example' }", "`kroki_server`"),
        ("plantuml_markdown: { theme: 'x from /private' }", "`theme`"),
        ("pymdownx.b64: { restrict_path: false }", "`restrict_path`"),
        ("pymdownx.emoji: { options: { custom_icons: [/private] } }", "`custom_icons`"),
        ("pymdownx.extra: { pymdownx.b64: { base_path: / } }", "`base_path`"),
        ("pymdownx.extra: { configs: { x: y } }", "`configs`"),
        ("codehilite: { cssfile: /tmp/x, full: true }", "`cssfile`"),
        ("markdown.extensions.codehilite: { pygments_formatter: img }", "`pygments_formatter`"),
        ("tables: { unheard_of: 1 }", "`unheard_of`"),
        ("toc: [permalink]", "no mapping"),
    ] {
        let text = format!("site_name: x\nmarkdown_extensions:\n- {settings}\n");
        let told = left_out(&text).join("\n");
        assert!(told.contains(name), "{settings}: {told}");
        let made = made(&text).unwrap().text;
        assert!(
            !["/private", "x.example", "false", "cssfile", "base_path"]
                .iter()
                .any(|gone| made.contains(gone)),
            "{made}"
        );
    }
}

#[test]
fn settings_that_pages_need_stay() {
    let text = "site_name: x\nplugins:\n- search: { lang: en }\n- techdocs-core: { use_pymdownx_blocks: true }\n- redirects: { redirect_maps: { old.md: new.md, \
                a/b.md: 'https://x.example/#y' } }\nmarkdown_extensions:\n- toc: { permalink: true, toc_depth: 3 }\n- codehilite: { linenums: true, guess_lang: false }\n\
                - pymdownx.highlight: { anchor_linenums: true, line_spans: __span }\n- pymdownx.tabbed: { alternate_style: true }\n- pymdownx.tasklist: { custom_checkbox: true }\n\
                - pymdownx.magiclink: { repo_url_shorthand: true, user: u, repo: r }\n- plantuml_markdown: { format: svg, classes: uml }\n- pymdownx.emoji: { options: { attributes: { a: b } } }\n\
                - pymdownx.extra: { pymdownx.superfences: { css_class: x }, markdown.extensions.footnotes: { UNIQUE_IDS: true } }\n- pymdownx.arithmatex: { generic: true }\n\
                - pymdownx.snippets\n- pymdownx.mark:\n";
    assert_eq!(left_out(text), Vec::<String>::new());
    let data = data(text);
    assert_eq!(data["plugins"][2]["redirects"]["redirect_maps"]["old.md"], "new.md");
    assert_eq!(data["markdown_extensions"][0]["toc"], serde_json::json!({"permalink": true, "toc_depth": 3}));
}

#[test]
fn redirections_stay_in_the_site() {
    for (from, to) in [
        ("../../x.md", "new.md"),
        ("/tmp/x.md", "new.md"),
        ("a/../../x.md", "new.md"),
        ("a\\..\\x.md", "new.md"),
        ("x.html", "new.md"),
        ("C:x.md", "new.md"),
        ("a\nb.md", "new.md"),
        ("x.md", "https://x.example/\n"),
        ("x.md", "https://x.example/\"><script>"),
    ] {
        let [from, to] = [from, to].map(|text| serde_json::Value::from(text).to_string());
        let text = format!(
            "site_name: x\nplugins: [redirects: {{ redirect_maps: {{ {from}: {to}, ok.md: new.md }} }}]\n"
        );
        assert_eq!(left_out(&text).len(), 1, "{text}");
        let kept = serde_json::json!({"redirect_maps": {"ok.md": "new.md"}});
        assert_eq!(data(&text)["plugins"][0]["redirects"], kept, "{text}");
    }
    for odd in [
        "redirects: { redirect_maps: [a] }",
        "redirects: x",
        "redirects: { x: y }",
        "group: [evil]",
        "search: { jieba: /x }",
    ] {
        assert_eq!(left_out(&format!("site_name: x\nplugins: [{odd}]\n")).len(), 1, "{odd}");
    }
}

#[test]
fn a_theme_of_the_projects_own_becomes_that_of_techdocs() {
    for theme in [
        "{ custom_dir: o }",
        "{ name: null, custom_dir: o }",
        "{ name: , custom_dir: o, static_templates: [x] }",
    ] {
        let text = format!("site_name: x\ntheme: {theme}\n");
        assert!(data(&text).get("theme").is_none(), "{text}");
        assert!(left_out(&text).join("\n").contains("`custom_dir`"), "{text}");
    }
    let text = "site_name: x\ntheme: { name: null, custom_dir: o, logo: a.png }\n";
    assert_eq!(data(text)["theme"], serde_json::json!({"logo": "a.png", "name": "material"}));
}
