//! What of a project's `mkdocs.yml` gets to MkDocs: the rules of TechDocs' own generator.
//!
//! A configuration of MkDocs can run any code. TechDocs takes of it what documentation needs;
//! so do we, and what it takes is written anew, aside: the project's file stays as it is.

use super::yaml::{self, Content, Fatal, Node};
use crate::domain::findings::{Findings, Place, Problem, SourceFile};

/// The settings that TechDocs takes.
const KEYS: &[&str] = &[
    "site_name",
    "site_url",
    "site_description",
    "site_author",
    "repo_url",
    "repo_name",
    "edit_uri",
    "edit_uri_template",
    "docs_dir",
    "site_dir",
    "nav",
    "exclude_docs",
    "not_in_nav",
    "theme",
    "plugins",
    "markdown_extensions",
    "extra",
    "extra_css",
    "use_directory_urls",
    "strict",
    "dev_addr",
    "watch",
    "copyright",
    "remote_branch",
    "remote_name",
    "validation",
    "google_analytics",
];

const THEME_KEYS: &[&str] =
    &["name", "font", "icon", "logo", "favicon", "language", "direction", "palette", "features"];

const PLUGINS: &[&str] =
    &["techdocs-core", "search", "material/search", "redirects", "group", "material/group"];

/// Plugins that hold others.
const GROUPS: &[&str] = &["group", "material/group"];

/// The plugin without which there is no TechDocs site.
const CORE: &str = "techdocs-core";

/// Tags that name something in Python and are known to be harmless: Mermaid's diagrams, the theme's emoji, anchors.
const PYTHON: &[&str] = &[
    "tag:yaml.org,2002:python/name:pymdownx.superfences.fence_code_format",
    "tag:yaml.org,2002:python/name:material.extensions.emoji.twemoji",
    "tag:yaml.org,2002:python/name:material.extensions.emoji.to_svg",
    "tag:yaml.org,2002:python/name:materialx.emoji.twemoji",
    "tag:yaml.org,2002:python/name:materialx.emoji.to_svg",
    "tag:yaml.org,2002:python/object/apply:pymdownx.slugs.slugify",
];

/// Extensions of Markdown that techdocs-core brings along, but Python-Markdown's own. MkDocs imports an extension by its
/// name, whatever that is the name of.
const EXTENSIONS: &[&str] = &[
    "markdown_inline_graphviz",
    "material.extensions.preview",
    "mdx_truly_sane_lists",
    "plantuml_markdown",
    "pymdownx.arithmatex",
    "pymdownx.b64",
    "pymdownx.betterem",
    "pymdownx.blocks.admonition",
    "pymdownx.blocks.caption",
    "pymdownx.blocks.definition",
    "pymdownx.blocks.details",
    "pymdownx.blocks.html",
    "pymdownx.blocks.tab",
    "pymdownx.caret",
    "pymdownx.critic",
    "pymdownx.details",
    "pymdownx.emoji",
    "pymdownx.escapeall",
    "pymdownx.extra",
    "pymdownx.fancylists",
    "pymdownx.highlight",
    "pymdownx.inlinehilite",
    "pymdownx.keys",
    "pymdownx.magiclink",
    "pymdownx.mark",
    "pymdownx.pathconverter",
    "pymdownx.progressbar",
    "pymdownx.quotes",
    "pymdownx.saneheaders",
    "pymdownx.smartsymbols",
    "pymdownx.snippets",
    "pymdownx.snippets:SnippetExtension",
    "pymdownx.striphtml",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
    "pymdownx.tilde",
];

/// Python-Markdown's own extensions, which also go by `markdown.extensions.<name>`.
const MARKDOWN: &[&str] = &[
    "abbr",
    "admonition",
    "attr_list",
    "codehilite",
    "def_list",
    "extra",
    "fenced_code",
    "footnotes",
    "legacy_attrs",
    "legacy_em",
    "md_in_html",
    "meta",
    "nl2br",
    "sane_lists",
    "smarty",
    "tables",
    "toc",
    "wikilinks",
];

const SNIPPETS: &[&str] = &["pymdownx.snippets", "pymdownx.snippets:SnippetExtension"];

/// Settings of extensions that name a program to run, or a place outside of the project to read or write.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("plantuml_markdown", &["plantuml_cmd", "config", "base_dir", "cachedir"]),
    ("pymdownx.b64", &["base_path", "root_path"]),
];

/// What is put into a configuration where it says nothing itself.
#[derive(Debug, Clone, Default)]
pub struct Wishes<'a> {
    /// What the site is called where there is no configuration at all.
    pub site_name: &'a str,
    /// Plugins that are taken beside those of TechDocs.
    pub plugins: &'a [String],
    /// Where the sources are, for links back to them.
    pub source: Option<&'a str>,
}

/// A configuration for MkDocs.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that MkDocs gets.
    pub text: String,
    /// The folder of the pages, inside the project.
    pub docs_dir: String,
    /// Whether the pages of other settings' are taken in (`!include`), which a plugin reads by itself.
    pub includes: bool,
    /// What was left out of the project's own, and why.
    pub left_out: Findings,
}

/// The configuration of a project that has none.
pub fn default_config(wishes: &Wishes<'_>) -> Config {
    let name = serde_json::Value::from(wishes.site_name);
    let mut text = format!("\"site_name\": {name}\n\"docs_dir\": \"docs\"\n\"plugins\": [\"{CORE}\"]\n");
    for (key, value) in wishes.source.map(|source| links(source, "docs")).unwrap_or_default() {
        text += &format!("\"{key}\": {}\n", serde_json::Value::from(value));
    }
    Config { text, docs_dir: "docs".into(), includes: false, left_out: Findings::default() }
}

/// Makes MkDocs' configuration from a project's; fails where something must not get to MkDocs
/// and can't be left out.
pub fn config(file: &SourceFile, wishes: &Wishes<'_>) -> Result<Config, Findings> {
    let wrong = |problem: Fatal| Findings { problems: vec![*problem], files: vec![file.clone()] };
    let entries = yaml::parse(file).map_err(wrong)?;
    let mut rules = Rules { wishes, left_out: vec![] };
    let mut kept = vec![];
    for (key, value) in entries {
        check_tags(&value).map_err(wrong)?;
        match key.as_text().filter(|name| KEYS.contains(name)) {
            Some("plugins") => kept.push((key, rules.plugins(value))),
            Some("markdown_extensions") => kept.push((key, rules.extensions(value))),
            Some("theme") => kept.push((key, rules.theme(value))),
            Some(_) => kept.push((key, value)),
            None => {
                let name = key.as_text().unwrap_or_default();
                rules.leave_out(&key.place, format!("TechDocs does not take the setting `{name}`"));
            }
        }
    }
    let docs_dir = docs_dir(&kept).map_err(wrong)?;
    add_core(&mut kept, &file.place(0..0));
    if let Some(source) = wishes.source {
        for (key, value) in links(source, &docs_dir) {
            if !kept.iter().any(|(kept, _)| kept.as_text() == Some(key)) {
                let place = file.place(0..0);
                kept.push((Node::text(key, &place), Node::text(&value, &place)));
            }
        }
    }
    let mut text = String::new();
    for (key, value) in &kept {
        key.write(&mut text);
        text += ": ";
        value.write(&mut text);
        text += "\n";
    }
    let files = vec![file.clone()];
    let includes = kept.iter().any(|(key, value)| key.as_text() == Some("nav") && has_include(value));
    Ok(Config { text, docs_dir, includes, left_out: Findings { problems: rules.left_out, files } })
}

fn has_include(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(text, _) => text.contains("include"),
        Content::List(items) => items.iter().any(has_include),
        Content::Mapping(entries) => entries.iter().any(|(_, value)| has_include(value)),
    }
}

/// Whether settings that are taken in by others could call something in Python, by whatever
/// spelling of a tag.
pub fn may_run_python(text: &str) -> bool {
    let escaped = |word: &str| word.find('!').is_some_and(|at| word[at..].contains('%'));
    text.contains("!!python")
        || text.contains("2002:python")
        || text.lines().any(|line| line.starts_with("%TAG") || line.starts_with("\u{feff}%TAG"))
        || text.split_whitespace().any(escaped)
}

/// Refuses what would call something in Python.
fn check_tags(node: &Node) -> Result<(), Fatal> {
    if let Some(tag) = &node.tag
        && tag.contains("python")
        && !PYTHON.contains(&tag.as_str())
    {
        let message = format!("`{tag}` would run Python code, and TechDocs does not take it");
        return Err(Box::new(
            Problem::error("python-tag", node.place.clone(), message)
                .help("take the setting out: the techdocs-core plugin sets up the usual extensions itself"),
        ));
    }
    match &node.content {
        Content::Scalar(..) => Ok(()),
        Content::List(items) => items.iter().try_for_each(check_tags),
        Content::Mapping(entries) => {
            entries.iter().flat_map(|(key, value)| [key, value]).try_for_each(check_tags)
        }
    }
}

/// The folder of the pages, which must be one of the project's.
fn docs_dir(entries: &[(Node, Node)]) -> Result<String, Fatal> {
    let Some((_, value)) = entries.iter().find(|(key, _)| key.as_text() == Some("docs_dir")) else {
        return Ok("docs".to_string());
    };
    let outside = |message: &str| {
        Err(Box::new(
            Problem::error("docs-dir", value.place.clone(), message)
                .help("name a folder beside mkdocs.yml, such as `docs`"),
        ))
    };
    let Some(text) = value.as_text() else { return outside("`docs_dir` is not the name of a folder") };
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if text.starts_with(['/', '~']) || parts.contains(&"..") || text.contains(['\\', '\0']) {
        return outside("`docs_dir` leads out of the project");
    }
    if parts.is_empty() {
        return outside("`docs_dir` is the folder of mkdocs.yml itself, which MkDocs does not take");
    }
    Ok(parts.join("/"))
}

/// Sees to it that the plugin of TechDocs is there.
fn add_core(entries: &mut Vec<(Node, Node)>, place: &Place) {
    let core = Node::text(CORE, place);
    let plugins = entries.iter_mut().find(|(key, _)| key.as_text() == Some("plugins"));
    match plugins {
        None => entries.push((Node::text("plugins", place), Node::list(vec![core], place))),
        Some((_, Node { content: Content::List(items), .. })) => {
            if !items.iter().any(|item| named(item) == Some(CORE)) {
                items.push(core);
            }
        }
        Some((_, other)) => *other = Node::list(vec![core], place),
    }
}

/// The name of a plugin or extension: a text, or the only key of a mapping.
fn named(item: &Node) -> Option<&str> {
    match &item.content {
        Content::Mapping(entries) if item.tag.is_none() => match entries.as_slice() {
            [(key, _)] => key.as_text(),
            _ => None,
        },
        _ => item.as_text(),
    }
}

/// A list of plugins or extensions, which may be written as a mapping.
fn as_list(value: Node) -> Option<Vec<Node>> {
    let Node { content, tag: None, place } = value else { return None };
    match content {
        Content::List(items) => Some(items),
        Content::Mapping(entries) => {
            let one = |(key, value)| Node {
                content: Content::Mapping(vec![(key, value)]),
                tag: None,
                place: place.clone(),
            };
            Some(entries.into_iter().map(one).collect())
        }
        Content::Scalar(..) => None,
    }
}

struct Rules<'a> {
    wishes: &'a Wishes<'a>,
    left_out: Vec<Problem>,
}

impl Rules<'_> {
    fn leave_out(&mut self, place: &Place, message: String) {
        let help = "take it out, or build with --no-strict, which leaves it out as techdocs-cli does";
        self.left_out.push(Problem::error("techdocs", place.clone(), message).help(help));
    }

    fn plugins(&mut self, value: Node) -> Node {
        let place = value.place.clone();
        if value.is_null() {
            return Node::list(vec![], &place);
        }
        let Some(items) = as_list(value) else {
            self.leave_out(&place, "`plugins` is not a list of plugins".into());
            return Node::list(vec![], &place);
        };
        let mut kept = vec![];
        for mut item in items {
            let place = item.place.clone();
            let Some(name) = named(&item).map(str::to_string) else {
                self.leave_out(&place, "a plugin is a name, or a name with its settings".into());
                continue;
            };
            if !PLUGINS.contains(&name.as_str()) && !self.wishes.plugins.contains(&name) {
                self.leave_out(&place, format!("TechDocs does not take the plugin `{name}`"));
                if let Some(problem) = self.left_out.last_mut() {
                    problem.help.push(format!("if your MkDocs has it, allow it with --allow-plugin {name}"));
                }
                continue;
            }
            if GROUPS.contains(&name.as_str()) {
                self.group(&mut item);
            }
            kept.push(item);
        }
        Node::list(kept, &place)
    }

    /// The plugins inside a group of plugins.
    fn group(&mut self, item: &mut Node) {
        let Content::Mapping(entries) = &mut item.content else { return };
        let settings = entries.iter_mut().map(|(_, settings)| settings);
        for settings in settings {
            let Content::Mapping(settings) = &mut settings.content else { continue };
            for (key, value) in settings.iter_mut() {
                if key.as_text() == Some("plugins") {
                    let inner = std::mem::replace(value, Node::text("", &key.place));
                    *value = self.plugins(inner);
                }
            }
        }
    }

    fn extensions(&mut self, value: Node) -> Node {
        let place = value.place.clone();
        let Some(items) = as_list(value) else { return Node::list(vec![], &place) };
        let mut kept = vec![];
        for mut item in items {
            let place = item.place.clone();
            let name = named(&item).map(str::to_string);
            let Some(name) = name else {
                self.leave_out(&place, "an extension is a name, or a name with its settings".into());
                continue;
            };
            let own = name.strip_prefix("markdown.extensions.").unwrap_or(&name);
            if !EXTENSIONS.contains(&name.as_str()) && !MARKDOWN.contains(&own) {
                self.leave_out(&place, format!("TechDocs does not bring the extension `{name}` along"));
                continue;
            }
            if let Content::Mapping(entries) = &mut item.content {
                for (key, settings) in entries {
                    self.settings(key, settings);
                }
            }
            kept.push(item);
        }
        Node::list(kept, &place)
    }

    /// Takes out what the settings of one extension may not say.
    fn settings(&mut self, extension: &Node, settings: &mut Node) {
        let name = extension.as_text().unwrap_or_default();
        let Content::Mapping(entries) = &mut settings.content else { return };
        let outside =
            OUTSIDE.iter().find(|(extension, _)| *extension == name).map_or(&[][..], |(_, keys)| keys);
        let is_refused =
            |key: &Node| SNIPPETS.contains(&name) || key.as_text().is_none_or(|key| outside.contains(&key));
        let refused = entries.extract_if(.., |(key, _)| is_refused(key));
        for (key, _) in refused.collect::<Vec<_>>() {
            let setting = key.as_text().unwrap_or_default();
            self.leave_out(
                &key.place,
                format!("TechDocs does not take `{setting}` of the extension `{name}`"),
            );
        }
    }

    fn theme(&mut self, mut value: Node) -> Node {
        if let Content::Mapping(entries) = &mut value.content {
            let taken = |key: &Node| key.as_text().is_some_and(|key| THEME_KEYS.contains(&key));
            for (key, _) in entries.iter().filter(|(key, _)| !taken(key)) {
                let name = key.as_text().unwrap_or_default();
                self.leave_out(&key.place, format!("TechDocs does not take `{name}` of the theme"));
            }
            entries.retain(|(key, _)| taken(key));
        }
        value
    }
}

/// The links back to a repository on GitHub: to itself, and to where a page is edited.
fn links(source: &str, docs_dir: &str) -> Vec<(&'static str, String)> {
    let Some(path) = source.strip_prefix("https://github.com/") else { return vec![] };
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        [_, _] => vec![("repo_url", source.to_string())],
        [owner, name, "tree" | "blob", branch, below @ ..] => {
            let folder = below.iter().map(|part| format!("/{part}")).collect::<String>();
            let edit = format!("https://github.com/{owner}/{name}/edit/{branch}{folder}/{docs_dir}");
            vec![("repo_url", source.to_string()), ("edit_uri", edit)]
        }
        _ => vec![],
    }
}
