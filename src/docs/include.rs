//! Settings of other sites that `nav` takes in, with `!include` or `*include`.
//!
//! The plugin for it reads each of them with a loader that runs whatever a tag asks for; so each is
//! written anew, from what was checked.

use billpay_model::findings::{Findings, Place, Problem, SourceFile};

use super::mkdocs::{check_tags, docs_dir};
use super::yaml::{self, Content, Fatal, Node};

/// Settings that the plugin takes from an included file, beside its pages.
const TEXTS: &[&str] = &["site_name", "docs_dir", "repo_url", "repo_name", "edit_uri", "edit_uri_template"];

/// Files that `nav` takes in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Includes {
    /// Paths inside the project.
    pub files: Vec<String>,
    /// Set if some are named by a pattern: any file of settings may be meant.
    pub by_pattern: bool,
}

impl Includes {
    /// Finds them in `nav`.
    ///
    /// # Errors
    /// Fails if one of them is outside of the project or has a tag.
    pub fn of(nav: &Node) -> Result<Includes, Fatal> {
        let mut found = Includes::default();
        found.look(nav, false)?;
        Ok(found)
    }

    fn look(&mut self, node: &Node, tagged: bool) -> Result<(), Fatal> {
        let tagged = tagged || node.tag.is_some();
        match &node.content {
            Content::Scalar(text, _) => self.text(text, tagged, &node.place),
            Content::List(items) => items.iter().try_for_each(|item| self.look(item, tagged)),
            Content::Mapping(entries) => entries.iter().try_for_each(|(_, value)| self.look(value, tagged)),
        }
    }

    fn text(&mut self, text: &str, tagged: bool, place: &Place) -> Result<(), Fatal> {
        let file = text.strip_prefix("!include ");
        let Some(path) = file.or_else(|| text.strip_prefix("*include ")) else { return Ok(()) };
        let refused = |why: &str| {
            let help = "name a file of the project: '!include ./service/mkdocs.yml'";
            Err(Box::new(Problem::error("include", place.clone(), why).help(help)))
        };
        if tagged {
            return refused("what `nav` takes in has no tag");
        }
        if path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains(['\\', '\0']) {
            return refused("`nav` takes in a file from outside of the project");
        }
        match file {
            Some(path) => self.files.push(path.to_string()),
            None => self.by_pattern = true,
        }
        Ok(())
    }
}

/// Writes anew what may be taken in of a file of settings.
///
/// # Errors
/// Fails if the file isn't a mapping in YAML, a tag is refused, a text is none, or the site's name or
/// `docs_dir` leads out of the project.
pub fn included(file: &SourceFile) -> Result<String, Findings> {
    rewritten(file).map_err(|problem| Findings { problems: vec![*problem], files: vec![file.clone()] })
}

fn rewritten(file: &SourceFile) -> Result<String, Fatal> {
    let mut kept = vec![];
    for (key, value) in yaml::parse(file)? {
        check_tags(&value)?;
        match key.as_text() {
            Some("nav") => kept.push((key, value)),
            Some(name) if TEXTS.contains(&name) => {
                let Some(text) = value.as_text().filter(|_| !value.is_null()) else {
                    let message = format!("`{name}` is no text");
                    return Err(Box::new(Problem::error("include", value.place, message)));
                };
                // The pages are copied to a folder that is named after the site.
                if name == "site_name" && (text.contains('\0') || text.split('/').any(|part| part == "..")) {
                    let message = "the name of a site that is taken in is no path upwards";
                    return Err(Box::new(Problem::error("include", value.place, message)));
                }
                let text = Node::text(text, &value.place);
                kept.push((key, text));
            }
            _ => {}
        }
    }
    docs_dir(&kept, true)?;
    Ok(yaml::write(&kept))
}
