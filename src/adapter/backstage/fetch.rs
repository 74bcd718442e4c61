//! `fetch:template`, `fetch:plain` and the same for one file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::binary::is_binary;
use super::glob::Globs;
use super::references::{has_cookiecutter_tags, has_tags};
use super::stop::Stop;
use super::workspace::{Fault, Item, WorkFile, Workspace, join, resolve};
use crate::adapter::nunjucks::{Context, Nunjucks, Settings};
use crate::domain::findings::{Findings, SourceFile};
use crate::domain::template::{Entry, RenderOptions, TemplateError, TemplateFile, TemplateFolder};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The ending of templates when the step only says that they have one.
const USUAL_EXTENSION: &str = ".njk";
/// After so many files it is told how many are done.
const TOLD_EVERY: usize = 128;

/// What the steps that fetch work with.
pub(super) struct Fetch<'a> {
    pub folder: &'a TemplateFolder,
    pub options: &'a RenderOptions,
    pub workspace: &'a mut Workspace,
    pub warnings: &'a mut Findings,
    /// How many files are done, in all steps.
    pub done: &'a mut usize,
    pub told: &'a mut dyn FnMut(usize),
}

/// Whether a `url` leads somewhere else than into the template.
pub(super) fn is_elsewhere(url: &str) -> bool {
    let url = url.trim_start();
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn text<'i>(input: &'i Map<String, Value>, key: &str) -> Option<&'i str> {
    input.get(key).and_then(Value::as_str)
}

fn yes(input: &Map<String, Value>, key: &str) -> bool {
    input.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The template engine of a step, and what its files may name.
struct Engine {
    nunjucks: Nunjucks,
    context: Context,
    cookiecutter: bool,
}

impl Engine {
    fn new(input: &Map<String, Value>, options: &RenderOptions) -> Engine {
        let cookiecutter = yes(input, "cookiecutterCompat");
        let settings = Settings {
            cookiecutter_compat: cookiecutter,
            trim_blocks: yes(input, "trimBlocks"),
            lstrip_blocks: yes(input, "lstripBlocks"),
            seed: options.seed,
            strict: options.strict,
        };
        let nunjucks = Nunjucks::new(&settings);
        let root = if cookiecutter { "cookiecutter" } else { "values" };
        let context = match input.get("values") {
            Some(values) => nunjucks.context(&json!({ root: values })),
            None => nunjucks.context(&json!({})),
        };
        Engine { nunjucks, context, cookiecutter }
    }

    fn is_template(&self, text: &str) -> bool {
        if self.cookiecutter { has_cookiecutter_tags(text) } else { has_tags(text) }
    }

    /// Renders the contents of a file, which the portal reads as UTF-8 whatever they are.
    fn contents(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, TemplateError> {
        let text = String::from_utf8_lossy(bytes);
        if !self.is_template(&text) {
            return Ok(text.into_owned().into_bytes());
        }
        let file = SourceFile::new(name, text.as_bytes());
        let rendered = self.nunjucks.render(&file, &self.context)?.into_bytes();
        // The file as errors point into it has no byte order mark; what is made of it has.
        let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { b"" };
        Ok([mark, rendered.as_slice()].concat())
    }

    fn path<'p>(&self, name: &str, path: &'p str) -> Result<Cow<'p, str>, TemplateError> {
        if !self.is_template(path) {
            return Ok(Cow::Borrowed(path));
        }
        let rendered =
            self.nunjucks.render(&SourceFile::new(format!("{name} (its name)"), path), &self.context);
        rendered.map(Cow::Owned).map_err(|error| match error {
            TemplateError::Wrong(findings) => TemplateError::Wrong(Box::new(of_a_name(*findings))),
            other => other,
        })
    }
}

impl Fetch<'_> {
    /// Where in the template a `url` leads.
    fn source(&self, url: &str) -> Result<String, Fault> {
        let out = || Fault::new(format!("the url `{}` leads out of the template", url.escape_debug()));
        let path = resolve(url).map_err(|_| out())?;
        // What is reached through a link may be anywhere.
        let mut folders = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        match folders.find_map(|at| path.get(..at).filter(|path| self.is_link(path))) {
            Some(link) => Err(linked(&self.folder.told(link))),
            None => Ok(path),
        }
    }

    fn is_link(&self, path: &str) -> bool {
        matches!(self.folder.entries.get(path), Some(Entry::Link(_) | Entry::Other))
    }

    fn missing(&self, path: &str) -> Fault {
        Fault::new(format!("the template has no `{}`", path.escape_debug()))
    }

    /// The folder of the template that a `url` means.
    fn source_folder(&self, url: &str) -> Result<TemplateFolder, Fault> {
        let path = self.source(url)?;
        match self.folder.entries.get(&path) {
            Some(Entry::Folder) => Ok(self.folder.below(&path)),
            _ if path.is_empty() => Ok(self.folder.clone()),
            Some(_) => Err(Fault::new(format!("`{path}` of the template is a file, not a folder"))),
            None => {
                let below = self.folder.below(&path);
                if below.entries.is_empty() { Err(self.missing(&path)) } else { Ok(below) }
            }
        }
    }

    fn source_file(&self, url: &str) -> Result<(String, &TemplateFile), Fault> {
        let path = self.source(url)?;
        match self.folder.entries.get(&path) {
            Some(Entry::File(file)) => Ok((path, file)),
            None if !path.is_empty() => Err(self.missing(&path)),
            _ => Err(Fault::new(format!("`{}` is a folder of the template, not a file", url.escape_debug()))),
        }
    }

    fn count(&mut self) {
        *self.done += 1;
        if self.done.is_multiple_of(TOLD_EVERY) {
            (self.told)(*self.done);
        }
    }

    /// Renders a folder of the template: contents, names, or both.
    pub fn template(&mut self, input: &Map<String, Value>) -> Result<String, Stop> {
        let url = text(input, "url").unwrap_or_default();
        let target = resolve(text(input, "targetPath").unwrap_or("./"))?;
        let copied: Option<Vec<&str>> = input
            .get("copyWithoutTemplating")
            .and_then(Value::as_array)
            .map(|patterns| patterns.iter().filter_map(Value::as_str).collect());
        let extension = match input.get("templateFileExtension") {
            Some(Value::Bool(true)) => Some(USUAL_EXTENSION.to_string()),
            Some(Value::String(text)) if text.starts_with('.') => Some(text.clone()),
            Some(Value::String(text)) if !text.is_empty() => Some(format!(".{text}")),
            _ => None,
        };
        if extension.is_some() && (copied.is_some() || yes(input, "cookiecutterCompat")) {
            let why = "`templateFileExtension` goes neither with `copyWithoutTemplating` nor with `cookiecutterCompat`";
            return Err(Fault::new(why).into());
        }
        let source = self.source_folder(url)?;
        if let Some((link, _)) =
            source.entries.iter().find(|(_, entry)| matches!(entry, Entry::Link(_) | Entry::Other))
        {
            return Err(linked(&source.told(link)).into());
        }
        let is_folder = |path: &str| {
            resolve(path)
                .is_ok_and(|path| matches!(source.entries.get(&path), Some(Entry::Folder)) || path.is_empty())
        };
        let copied = Globs::new(copied.unwrap_or_default(), is_folder)?;
        let engine = Engine::new(input, self.options);
        let replace = yes(input, "replace");
        let mut made: BTreeMap<String, (String, bool)> = BTreeMap::new();
        let (mut left, mut written) = (0_usize, 0_usize);
        for (path, entry) in &source.entries {
            let name = source.told(path);
            let location = if let Entry::Folder = entry { format!("{path}/") } else { path.clone() };
            let (rendered, unrendered) = match &extension {
                Some(extension) if extension_of(path) == extension => {
                    (true, without_last(&location, extension))
                }
                Some(_) => (false, location.as_str()),
                None => (!copied.has(path), location.as_str()),
            };
            let output = engine.path(&name, unrendered)?;
            self.warnings.warn_all(of_a_name(engine.nunjucks.take_warnings()));
            if output.is_empty() || output.starts_with('/') || output.contains("//") {
                continue;
            }
            let path = resolve(&output).map_err(|fault| {
                Fault::new(format!("{} (the name that `{}` gets)", fault.why, name.escape_debug()))
            })?;
            let output = join(&target, &path);
            let is_file = matches!(entry, Entry::File(_));
            if let Some((other, other_is_file)) = made.get(&output)
                && (is_file || *other_is_file)
            {
                let why = format!(
                    "`{}` and `{}` would both be `{}`, and the portal takes whichever it comes to first",
                    other.escape_debug(),
                    name.escape_debug(),
                    output.escape_debug()
                );
                return Err(Fault::new(why).into());
            }
            if self.workspace.has(&output) && !replace {
                left += usize::from(is_file);
                continue;
            }
            let Entry::File(file) = entry else {
                self.workspace.folder(&output)?;
                made.insert(output, (name, is_file));
                continue;
            };
            let work = if is_binary(&file.bytes) {
                WorkFile { bytes: file.bytes.clone(), executable: file.executable, from: name.clone() }
            } else {
                let bytes = match rendered {
                    true => engine.contents(&name, &file.bytes)?,
                    false => as_utf_8(&file.bytes),
                };
                self.warnings.warn_all(engine.nunjucks.take_warnings());
                // A file that is written over keeps its mode.
                let executable = match self.workspace.get(&output) {
                    Some(Item::File(old)) => old.executable,
                    _ => file.executable,
                };
                WorkFile { bytes, executable, from: name.clone() }
            };
            self.workspace.write(&output, work)?;
            made.insert(output, (name, is_file));
            written += 1;
            self.count();
        }
        let left = if left > 0 { format!(", {} there already", files(left)) } else { String::new() };
        Ok(format!("renders {} into {}{left}", files(written), into(&target)))
    }

    /// Renders one file of the template.
    pub fn template_file(&mut self, input: &Map<String, Value>) -> Result<String, Stop> {
        let target = resolve(text(input, "targetPath").unwrap_or_default())?;
        if self.workspace.has(&target) && !yes(input, "replace") {
            return Ok(format!("{} is there already", into(&target)));
        }
        let (path, file) = self.source_file(text(input, "url").unwrap_or_default())?;
        let name = self.folder.told(&path);
        let engine = Engine::new(input, self.options);
        let bytes = engine.contents(&name, &file.bytes)?;
        self.warnings.warn_all(engine.nunjucks.take_warnings());
        let executable = matches!(self.workspace.get(&target), Some(Item::File(old)) if old.executable);
        self.workspace.write(&target, WorkFile { bytes, executable, from: name })?;
        self.count();
        Ok(format!("renders {target}"))
    }

    /// Copies a folder of the template, over what is there.
    pub fn plain(&mut self, input: &Map<String, Value>) -> Result<String, Stop> {
        let url = text(input, "url").unwrap_or_default();
        let target = resolve(text(input, "targetPath").unwrap_or("./"))?;
        if let Ok((path, file)) = self.source_file(url) {
            let work = as_it_is(file, self.folder.told(&path));
            return self.put(&target, work);
        }
        let source = self.source_folder(url)?;
        self.workspace.folder(&target)?;
        let mut written = 0;
        for (path, entry) in &source.entries {
            let output = join(&target, path);
            match entry {
                Entry::Folder => self.workspace.folder(&output)?,
                Entry::File(file) => {
                    self.workspace.write(&output, as_it_is(file, source.told(path)))?;
                    written += 1;
                    self.count();
                }
                Entry::Link(_) | Entry::Other => return Err(linked(&source.told(path)).into()),
            }
        }
        Ok(format!("copies {} into {}", files(written), into(&target)))
    }

    /// Copies one file of the template, into a folder that is there.
    pub fn plain_file(&mut self, input: &Map<String, Value>) -> Result<String, Stop> {
        let target = resolve(text(input, "targetPath").unwrap_or_default())?;
        let (path, file) = self.source_file(text(input, "url").unwrap_or_default())?;
        let folder = target.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        if !self.workspace.is_folder(folder) {
            let why = format!("there is no folder `{}` to copy the file into", folder.escape_debug());
            return Err(Fault::new(why).into());
        }
        let work = as_it_is(file, self.folder.told(&path));
        self.put(&target, work)
    }

    fn put(&mut self, target: &str, work: WorkFile) -> Result<String, Stop> {
        self.workspace.write(target, work)?;
        self.count();
        Ok(format!("copies {target}"))
    }
}

/// Problems that are in the name of a file, not in its contents.
fn of_a_name(mut findings: Findings) -> Findings {
    for problem in &mut findings.problems {
        problem.help.push("this is the name of a file or folder of the template".into());
    }
    findings
}

/// A file of the template, not rendered.
fn as_it_is(file: &TemplateFile, from: String) -> WorkFile {
    WorkFile { bytes: file.bytes.clone(), executable: file.executable, from }
}

fn linked(path: &str) -> Fault {
    Fault::new(format!(
        "`{}` is a symbolic link or no file at all, and may lead anywhere: put the file itself there",
        path.escape_debug()
    ))
}

fn as_utf_8(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).into_owned().into_bytes()
}

/// The ending of a path's last part, with its dot.
fn extension_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rfind('.') {
        Some(dot) if dot > 0 && !name.bytes().all(|byte| byte == b'.') => name.get(dot..).unwrap_or_default(),
        _ => "",
    }
}

/// A path without as many characters at its end as an ending has.
fn without_last<'p>(path: &'p str, extension: &str) -> &'p str {
    let kept = path.chars().count().saturating_sub(extension.chars().count());
    let end = path.char_indices().nth(kept).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path)
}

pub(super) fn files(number: usize) -> String {
    if number == 1 { "1 file".into() } else { format!("{number} files") }
}

fn into(target: &str) -> &str {
    if target.is_empty() { "the project's folder" } else { target }
}
