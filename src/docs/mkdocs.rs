//! Filter of a project's `mkdocs.yml` by the rules of TechDocs' own generator.
//!
//! A configuration of MkDocs can run any code. As in TechDocs, only the settings that documentation needs are written to a
//! new configuration; the project's file stays as it is.

use billpay_model::findings::{Findings, Place, Problem, SourceFile};

use super::include::Includes;
use super::settings;
use super::yaml::{self, Content, Fatal, Node};

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

/// Extensions that hold others, whose settings are theirs.
const BUNDLES: &[&str] = &["extra", "markdown.extensions.extra", "pymdownx.extra"];

/// Defaults for a configuration.
#[derive(Debug, Clone, Default)]
pub struct Wishes<'a> {
    /// Name of the site if there is no configuration.
    pub site_name: &'a str,
    /// Plugins that are taken beside those of TechDocs.
    pub plugins: &'a [String],
    /// URL of the sources, for links back to them.
    pub source: Option<&'a str>,
}

/// A configuration for MkDocs.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that MkDocs gets.
    pub text: String,
    /// The folder of the pages, inside the project.
    pub docs_dir: String,
    /// Settings of other sites that `nav` takes in.
    pub includes: Includes,
    /// Omitted settings of the project, with reasons.
    pub left_out: Findings,
}

/// The configuration of a project that has none.
pub fn default_config(wishes: &Wishes<'_>) -> Config {
    let name = serde_json::Value::from(wishes.site_name);
    let mut text = format!("\"site_name\": {name}\n\"docs_dir\": \"docs\"\n\"plugins\": [\"{CORE}\"]\n");
    for (key, value) in wishes.source.map(|source| links(source, "docs")).unwrap_or_default() {
        text += &format!("\"{key}\": {}\n", serde_json::Value::from(value));
    }
    Config { text, docs_dir: "docs".into(), includes: Includes::default(), left_out: Findings::default() }
}

/// Makes MkDocs' configuration from a project's.
///
/// # Errors
/// Fails on what can't be left out: a file that isn't a mapping in YAML, a tag that is unknown or would run
/// Python, or a `docs_dir` or `nav` that leads out of the project.
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
            Some("theme") => kept.extend(rules.theme(value).map(|theme| (key, theme))),
            Some(_) => kept.push((key, value)),
            None => {
                let name = key.as_text().unwrap_or_default();
                rules.leave_out(&key.place, format!("TechDocs does not take the setting `{name}`"));
            }
        }
    }
    let docs_dir = docs_dir(&kept, false).map_err(wrong)?;
    add_core(&mut kept, &file.place(0..0));
    if let Some(source) = wishes.source {
        for (key, value) in links(source, &docs_dir) {
            if !kept.iter().any(|(kept, _)| kept.as_text() == Some(key)) {
                let place = file.place(0..0);
                kept.push((Node::text(key, &place), Node::text(&value, &place)));
            }
        }
    }
    let nav = kept.iter().find(|(key, _)| key.as_text() == Some("nav"));
    let includes = nav.map(|(_, nav)| Includes::of(nav)).transpose().map_err(wrong)?.unwrap_or_default();
    let files = vec![file.clone()];
    let left_out = Findings { problems: rules.left_out, files };
    Ok(Config { text: yaml::write(&kept), docs_dir, includes, left_out })
}

/// Refuses what would call something in Python, or hide settings.
pub(super) fn check_tags(node: &Node) -> Result<(), Fatal> {
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
    let scalars = |items: &[Node]| items.iter().all(|item| item.as_text().is_some());
    let plain = match (&node.tag, &node.content) {
        (None, _) | (_, Content::Scalar(..)) => true,
        (Some(tag), Content::List(items)) if tag == "!ENV" => scalars(items),
        (Some(tag), _) => PYTHON.contains(&tag.as_str()),
    };
    if !plain {
        let message = "a list or mapping has no tag, but for `!ENV` with names of variables and a text";
        return Err(Box::new(Problem::error("tag", node.place.clone(), message)));
    }
    match &node.content {
        Content::Scalar(..) => Ok(()),
        Content::List(items) => items.iter().try_for_each(check_tags),
        Content::Mapping(entries) => {
            entries.iter().flat_map(|(key, value)| [key, value]).try_for_each(check_tags)
        }
    }
}

/// The folder of the pages, which must be one of the project's; `or_itself`, the folder of the settings too.
pub(super) fn docs_dir(entries: &[(Node, Node)], or_itself: bool) -> Result<String, Fatal> {
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
    if parts.is_empty() && !or_itself {
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
            if let Content::Mapping(entries) = &mut item.content {
                for (_, value) in entries {
                    self.plugin(&name, value);
                }
            }
            kept.push(item);
        }
        Node::list(kept, &place)
    }

    /// Takes out what the settings of one plugin may not say.
    fn plugin(&mut self, name: &str, value: &mut Node) {
        // What is allowed beside TechDocs' own is up to whoever allowed it.
        let Some(known) = settings::of_plugin(name) else { return };
        self.keep(&format!("the plugin `{name}`"), value, known);
        let Content::Mapping(entries) = &mut value.content else { return };
        for (key, value) in entries {
            match key.as_text() {
                Some("plugins") => {
                    let inner = std::mem::replace(value, Node::null(&key.place));
                    *value = self.plugins(inner);
                }
                Some("redirect_maps") => self.redirects(value),
                _ => {}
            }
        }
    }

    /// Takes out redirections that would be written outside of the site.
    fn redirects(&mut self, value: &mut Node) {
        if !self.is_mapping("`redirect_maps`", value) {
            return;
        }
        let Content::Mapping(entries) = &mut value.content else { return };
        entries.retain(|(from, to)| {
            let name = from.as_text().unwrap_or_default();
            let flaw = settings::redirect_flaw(name, to.as_text());
            if let Some(why) = flaw {
                self.leave_out(&from.place, format!("the redirection of `{}` {why}", name.escape_debug()));
            }
            flaw.is_none()
        });
    }

    fn extensions(&mut self, value: Node) -> Node {
        let place = value.place.clone();
        if value.is_null() {
            return Node::list(vec![], &place);
        }
        let Some(items) = as_list(value) else {
            self.leave_out(&place, "`markdown_extensions` is not a list of extensions".into());
            return Node::list(vec![], &place);
        };
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
                for (_, value) in entries {
                    self.extension(&name, value);
                }
            }
            kept.push(item);
        }
        Node::list(kept, &place)
    }

    /// Takes out what the settings of one extension may not say.
    fn extension(&mut self, name: &str, value: &mut Node) {
        let what = format!("the extension `{name}`");
        if BUNDLES.contains(&name) {
            let whole: Vec<String> =
                MARKDOWN.iter().map(|own| format!("markdown.extensions.{own}")).collect();
            let known = EXTENSIONS.iter().chain(MARKDOWN).copied().chain(whole.iter().map(String::as_str));
            self.keep(&what, value, &known.collect::<Vec<_>>());
        } else {
            self.keep(&what, value, settings::of_extension(name));
        }
        let Content::Mapping(entries) = &mut value.content else { return };
        for (key, value) in entries {
            match key.as_text() {
                Some(inner) if BUNDLES.contains(&name) => self.extension(inner, value),
                Some("options") if name == "pymdownx.emoji" => {
                    self.keep(&what, value, settings::EMOJI_OPTIONS)
                }
                _ => {}
            }
        }
    }

    /// Keeps the known ones of some settings.
    fn keep(&mut self, what: &str, value: &mut Node, known: &[&str]) {
        if !self.is_mapping(what, value) {
            return;
        }
        let Content::Mapping(entries) = &mut value.content else { return };
        entries.retain(|(key, _)| {
            let name = key.as_text().unwrap_or_default();
            let is_known = known.contains(&name);
            if !is_known {
                self.leave_out(&key.place, format!("TechDocs does not take `{name}` of {what}"));
            }
            is_known
        });
    }

    /// Returns true if the settings are a mapping; removes anything else.
    fn is_mapping(&mut self, what: &str, value: &mut Node) -> bool {
        let is_mapping = value.tag.is_none() && matches!(value.content, Content::Mapping(_));
        if !is_mapping && !value.is_null() {
            self.leave_out(&value.place, format!("the settings of {what} are no mapping"));
            *value = Node::null(&value.place);
        }
        is_mapping
    }

    fn theme(&mut self, mut value: Node) -> Option<Node> {
        if let Content::Mapping(entries) = &mut value.content {
            let before = entries.len();
            entries.retain(|(key, _)| {
                let name = key.as_text().unwrap_or_default();
                let is_known = THEME_KEYS.contains(&name);
                if !is_known {
                    self.leave_out(&key.place, format!("TechDocs does not take `{name}` of the theme"));
                }
                is_known
            });
            // A theme of the project's own has no name; without it there is TechDocs'.
            let is_nameless = |entry: &(Node, Node)| entry.0.as_text() == Some("name") && entry.1.is_null();
            if entries.len() < before {
                entries.retain(|entry| !is_nameless(entry));
                if entries.is_empty() {
                    return None;
                }
                if !entries.iter().any(|(key, _)| key.as_text() == Some("name")) {
                    entries.push((Node::text("name", &value.place), Node::text("material", &value.place)));
                }
            }
        }
        Some(value)
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
