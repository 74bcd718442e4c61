//! The settings that extensions and plugins may have.
//!
//! A setting that is not in a list is left out: it could name a program to run, a file of the user, or a
//! server that pages are sent to.

/// Settings by the extension of Markdown that has them; one that is not here has none.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("abbr", &["glossary"]),
    // Not `pygments_formatter`, nor what goes on to it: some write files.
    (
        "codehilite",
        &[
            "linenums",
            "guess_lang",
            "css_class",
            "pygments_style",
            "noclasses",
            "use_pygments",
            "lang_prefix",
        ],
    ),
    ("fenced_code", &["lang_prefix"]),
    (
        "footnotes",
        &[
            "PLACE_MARKER",
            "UNIQUE_IDS",
            "BACKLINK_TEXT",
            "SUPERSCRIPT_TEXT",
            "BACKLINK_TITLE",
            "SEPARATOR",
            "USE_DEFINITION_ORDER",
        ],
    ),
    ("smarty", &["smart_quotes", "smart_angled_quotes", "smart_dashes", "smart_ellipses", "substitutions"]),
    ("tables", &["use_align_attribute"]),
    (
        "toc",
        &[
            "marker",
            "title",
            "title_class",
            "toc_class",
            "anchorlink",
            "anchorlink_class",
            "permalink",
            "permalink_class",
            "permalink_title",
            "permalink_leading",
            "baselevel",
            "slugify",
            "separator",
            "toc_depth",
        ],
    ),
    ("wikilinks", &["base_url", "end_url", "html_class"]),
    ("material.extensions.preview", &["configurations", "sources", "targets"]),
    ("mdx_truly_sane_lists", &["nested_indent", "truly_sane"]),
    // No server: the page, and each file that it includes, would be sent there.
    (
        "plantuml_markdown",
        &[
            "classes",
            "alt",
            "format",
            "remove_inline_svg_size",
            "title",
            "image_maps",
            "priority",
            "encoding",
            "puml_notheme_cmdlist",
        ],
    ),
    (
        "pymdownx.arithmatex",
        &[
            "tex_inline_wrap",
            "tex_block_wrap",
            "smart_dollar",
            "block_syntax",
            "inline_syntax",
            "generic",
            "preview",
            "block_tag",
            "inline_tag",
        ],
    ),
    ("pymdownx.betterem", &["smart_enable"]),
    ("pymdownx.blocks.admonition", &["types"]),
    ("pymdownx.blocks.caption", &["types", "auto_level", "auto", "prepend"]),
    ("pymdownx.blocks.details", &["types"]),
    ("pymdownx.blocks.html", &["custom"]),
    ("pymdownx.blocks.tab", &["alternate_style", "slugify", "combine_header_slug", "separator"]),
    ("pymdownx.caret", &["smart_insert", "insert", "superscript"]),
    ("pymdownx.critic", &["mode", "raw_view"]),
    (
        "pymdownx.emoji",
        &["emoji_index", "emoji_generator", "title", "alt", "remove_variation_selector", "strict", "options"],
    ),
    ("pymdownx.escapeall", &["hardbreak", "nbsp"]),
    ("pymdownx.fancylists", &["additional_ordered_styles", "inject_style", "inject_class"]),
    (
        "pymdownx.highlight",
        &[
            "use_pygments",
            "guess_lang",
            "css_class",
            "pygments_style",
            "noclasses",
            "linenums",
            "linenums_style",
            "linenums_special",
            "linenums_class",
            "extend_pygments_lang",
            "language_prefix",
            "code_attr_on_pre",
            "auto_title",
            "auto_title_map",
            "line_spans",
            "anchor_linenums",
            "line_anchors",
            "pygments_lang_class",
            "stripnl",
            "default_lang",
        ],
    ),
    ("pymdownx.inlinehilite", &["style_plain_text", "css_class", "custom_inline"]),
    ("pymdownx.keys", &["separator", "strict", "class", "camel_case", "key_map"]),
    (
        "pymdownx.magiclink",
        &[
            "hide_protocol",
            "repo_url_shortener",
            "social_url_shortener",
            "shortener_user_exclude",
            "repo_url_shorthand",
            "social_url_shorthand",
            "provider",
            "labels",
            "normalize_issue_symbols",
            "user",
            "repo",
            "custom",
        ],
    ),
    ("pymdownx.mark", &["smart_mark"]),
    // These change links in pages, and read nothing.
    ("pymdownx.pathconverter", &["base_path", "relative_path", "absolute", "tags", "file_scheme"]),
    ("pymdownx.progressbar", &["level_class", "progress_increment", "add_classes"]),
    ("pymdownx.quotes", &["callouts"]),
    (
        "pymdownx.smartsymbols",
        &[
            "trademark",
            "copyright",
            "registered",
            "plusminus",
            "arrows",
            "notequal",
            "fractions",
            "ordinal_numbers",
            "care_of",
        ],
    ),
    ("pymdownx.striphtml", &["strip_comments", "strip_attributes", "strip_js_on_attributes"]),
    (
        "pymdownx.superfences",
        &["disable_indented_code_blocks", "custom_fences", "css_class", "preserve_tabs", "relaxed_headers"],
    ),
    ("pymdownx.tabbed", &["alternate_style", "slugify", "combine_header_slug", "separator"]),
    ("pymdownx.tasklist", &["custom_checkbox", "clickable_checkbox"]),
    ("pymdownx.tilde", &["smart_delete", "delete", "subscript"]),
];

/// Settings of the emoji's generators: no folders of icons.
pub const EMOJI_OPTIONS: &[&str] =
    &["attributes", "classes", "image_path", "non_standard_image_path", "size"];

/// Settings by the plugin that has them.
const PLUGINS: &[(&str, &[&str])] = &[
    ("techdocs-core", &["use_material_search", "use_pymdownx_blocks"]),
    ("search", &["lang", "separator", "min_search_length", "prebuild_index", "indexing"]),
    (
        "material/search",
        &[
            "enabled",
            "lang",
            "separator",
            "pipeline",
            "fields",
            "min_search_length",
            "prebuild_index",
            "indexing",
        ],
    ),
    ("redirects", &["redirect_maps"]),
    ("group", &["enabled", "plugins"]),
    ("material/group", &["enabled", "plugins"]),
];

/// The settings that an extension may have.
pub fn of_extension(name: &str) -> &'static [&'static str] {
    find(EXTENSIONS, name.strip_prefix("markdown.extensions.").unwrap_or(name)).unwrap_or_default()
}

/// The settings that a plugin of TechDocs may have; none where it is not one of them.
pub fn of_plugin(name: &str) -> Option<&'static [&'static str]> {
    find(PLUGINS, name)
}

fn find(lists: &[(&str, &'static [&'static str])], name: &str) -> Option<&'static [&'static str]> {
    lists.iter().find(|(known, _)| *known == name).map(|(_, keys)| *keys)
}

/// Returns the reason for which a page can't be redirected from one address to another.
pub fn redirect_flaw(from: &str, to: Option<&str>) -> Option<&'static str> {
    let parts = || from.split('/');
    let inside = !from.starts_with('/') && !from.contains(['\\', ':']) && parts().all(|part| part != "..");
    match to {
        _ if !inside || !from.ends_with(".md") || from.chars().any(char::is_control) => {
            Some("is no page of the site, as `old/page.md` is")
        }
        Some(to) if !to.chars().any(|c| c.is_control() || matches!(c, '"' | '<' | '>')) => None,
        _ => Some("leads to no page or address"),
    }
}
