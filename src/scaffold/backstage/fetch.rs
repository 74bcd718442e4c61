//! `fetch:template`, `fetch:plain` and the same for one file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use billpay_model::findings::{Findings, SourceFile};
use billpay_nunjucks::{Context, Nunjucks, Settings};
use serde_json::{Map, Value, json};

use super::binary::is_binary;
use super::glob::Globs;
use super::own_url::own_path;
use super::references::{has_cookiecutter_tags, has_tags};
use super::run::Sources;
use super::step_error::StepError;
use super::workspace::{Fault, Item, WorkFile, Workspace, join, resolve};
use crate::{
    Entry, FetchRequest, PinnedRepository, RenderOptions, Repositories, RepositoryFiles, Surroundings,
    TemplateError, TemplateFile, TemplateFolder, without_credentials,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The ending of templates when the step only says that they have one.
const USUAL_EXTENSION: &str = ".njk";
/// Files between two progress reports.
const PROGRESS_INTERVAL: usize = 128;

/// Maximum bytes to read outside the template's folder.
const MAX_SHARED_BYTES: usize = 1 << 30;
/// Maximum number of files and folders to read outside the template's folder.
const MAX_SHARED_FILES: usize = 200_000;

/// Context of the fetch steps.
pub(super) struct Fetch<'a> {
    pub sources: Sources<'a>,
    /// Files read outside the template's folder, in all steps.
    pub shared: &'a mut BTreeMap<String, Entry>,
    /// Other repositories that were read, in all steps.
    pub fetched: &'a mut Vec<PinnedRepository>,
    pub options: &'a RenderOptions,
    pub workspace: &'a mut Workspace,
    pub warnings: &'a mut Findings,
    /// Number of rendered files, over all steps.
    pub done: &'a mut usize,
    pub progress: &'a mut dyn FnMut(usize),
}

/// Returns true if a `url` leads somewhere else than into the template and its repository.
pub(super) fn is_elsewhere(url: &str, around: Option<&dyn Surroundings>) -> bool {
    is_absolute(url) && around.and_then(|around| own_path(url, around)).is_none()
}

fn is_absolute(url: &str) -> bool {
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
        rendered.map(Cow::Owned).map_err(|findings| TemplateError::Wrong(Box::new(of_a_name(*findings))))
    }
}

/// Target of a `url`: a path in the template's folder, or in what lies around it.
struct Source<'a> {
    folder: Cow<'a, TemplateFolder>,
    path: String,
}

impl Source<'_> {
    fn is_link(&self, path: &str) -> bool {
        matches!(self.folder.entries.get(path), Some(Entry::Link(_) | Entry::Other))
    }

    fn missing(&self) -> Fault {
        Fault::new(format!("the template has no `{}`", self.path.escape_debug()))
    }

    /// Name of the path, as people are told it.
    fn name(&self) -> String {
        self.folder.display_path(&self.path)
    }

    fn folder(&self) -> Result<TemplateFolder, Fault> {
        let path = &self.path;
        match self.folder.entries.get(path) {
            Some(Entry::Folder) => Ok(self.folder.below(path)),
            _ if path.is_empty() => Ok(self.folder.clone().into_owned()),
            Some(_) => Err(Fault::new(format!("`{path}` of the template is a file, not a folder"))),
            None => {
                let below = self.folder.below(path);
                if below.entries.is_empty() { Err(self.missing()) } else { Ok(below) }
            }
        }
    }

    fn file(&self) -> Result<&TemplateFile, Fault> {
        match self.folder.entries.get(&self.path) {
            Some(Entry::File(file)) => Ok(file),
            None if !self.path.is_empty() => Err(self.missing()),
            _ => {
                let path = if self.path.is_empty() { "." } else { &self.path };
                Err(Fault::new(format!("`{}` is a folder of the template, not a file", path.escape_debug())))
            }
        }
    }
}

impl<'a> Fetch<'a> {
    /// Finds where a `url` leads: into the template, or around it as far as that may be read.
    fn source(&mut self, url: &str) -> Result<Source<'a>, StepError> {
        let Sources { folder, around, others } = self.sources;
        let source = match (resolve(url), around) {
            _ if let Some(others) = others.filter(|_| is_elsewhere(url, around)) => {
                self.other(url, others)?
            }
            (Ok(path), _) if !is_absolute(url) => Source { folder: Cow::Borrowed(folder), path },
            (_, None) => {
                let why = format!("the url `{}` leads out of the template", url.escape_debug());
                return Err(Fault::new(format!("{why}; --root names a folder that it may read, too")).into());
            }
            (_, Some(around)) => self.around(url, around)?,
        };
        // What is reached through a link may be anywhere.
        let path = &source.path;
        let mut folders = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        match folders.find_map(|at| path.get(..at).filter(|path| source.is_link(path))) {
            Some(link) => Err(linked(&source.folder.display_path(link)).into()),
            None => Ok(source),
        }
    }

    /// Reads what a `url` leads to around the template's folder.
    fn around(&mut self, url: &str, around: &dyn Surroundings) -> Result<Source<'a>, Fault> {
        let out = |_| {
            let why = format!("the url `{}` leads out of the template's repository", url.escape_debug());
            Fault::new(why)
        };
        let directory = around.directory();
        let path = match own_path(url, around) {
            Some(path) => resolve(path.trim_matches('/')).map_err(out)?,
            // As in the portal, a slash at the beginning is the repository's root.
            None if url.starts_with('/') => resolve(url.trim_start_matches('/')).map_err(out)?,
            None => resolve(&join(directory, url)).map_err(out)?,
        };
        let inner = if directory.is_empty() { Some(path.as_str()) } else { path.strip_prefix(directory) };
        if let Some(inner) =
            inner.filter(|inner| directory.is_empty() || inner.is_empty() || inner.starts_with('/'))
        {
            let path = inner.trim_start_matches('/').to_string();
            return Ok(Source { folder: Cow::Borrowed(self.sources.folder), path });
        }
        let read = around.read(&path).map_err(Fault::new)?;
        self.share("", &read)?;
        Ok(Source { folder: Cow::Owned(read), path })
    }

    /// Reads what a `url` leads to in another repository, if that is agreed to.
    fn other(&mut self, url: &str, others: &dyn Repositories) -> Result<Source<'a>, StepError> {
        let url = url.trim();
        let shown = without_credentials(url);
        let failed =
            |why: String| Fault::new(format!("the url `{}` can't be fetched: {why}", shown.escape_debug()));
        let repository = others.repository(url).map_err(failed)?;
        let options = &self.options.fetch;
        if !options.allows(&repository) {
            let request = FetchRequest { repository, url: shown };
            return Err(StepError::Template(TemplateError::Fetch(request)));
        }
        let RepositoryFiles { repository, folder, path } =
            others.fetch(url, &options.pins).map_err(failed)?;
        let out = |_| failed("it leads out of the repository".to_string());
        let path = resolve(path.trim_matches('/')).map_err(out)?;
        self.share(&format!("{}#", repository.url), &folder)?;
        if !self.fetched.contains(&repository) {
            self.fetched.push(repository);
        }
        Ok(Source { folder: Cow::Owned(folder), path })
    }

    /// Counts what was read outside the template's folder.
    fn share(&mut self, prefix: &str, read: &TemplateFolder) -> Result<(), Fault> {
        let read = read.entries.iter().map(|(path, entry)| (format!("{prefix}{path}"), entry.clone()));
        self.shared.extend(read);
        let bytes = self.shared.values().map(|entry| match entry {
            Entry::File(file) => file.bytes.len(),
            _ => 0,
        });
        if bytes.sum::<usize>() > MAX_SHARED_BYTES {
            let why =
                format!("the template reads more than {} GB outside its folder", MAX_SHARED_BYTES >> 30);
            return Err(Fault::new(why));
        }
        if self.shared.len() > MAX_SHARED_FILES {
            let why = format!("the template reads more than {MAX_SHARED_FILES} files outside its folder");
            return Err(Fault::new(why));
        }
        Ok(())
    }

    fn count(&mut self) {
        *self.done += 1;
        if self.done.is_multiple_of(PROGRESS_INTERVAL) {
            (self.progress)(*self.done);
        }
    }

    /// Renders a folder of the template: contents, names, or both.
    pub fn template(&mut self, input: &Map<String, Value>) -> Result<String, StepError> {
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
        let source = self.source(url)?.folder()?;
        if let Some((link, _)) =
            source.entries.iter().find(|(_, entry)| matches!(entry, Entry::Link(_) | Entry::Other))
        {
            return Err(linked(&source.display_path(link)).into());
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
            let name = source.display_path(path);
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
    pub fn template_file(&mut self, input: &Map<String, Value>) -> Result<String, StepError> {
        let target = resolve(text(input, "targetPath").unwrap_or_default())?;
        if self.workspace.has(&target) && !yes(input, "replace") {
            return Ok(format!("{} is there already", into(&target)));
        }
        let source = self.source(text(input, "url").unwrap_or_default())?;
        let (name, file) = (source.name(), source.file()?);
        let engine = Engine::new(input, self.options);
        let bytes = engine.contents(&name, &file.bytes)?;
        self.warnings.warn_all(engine.nunjucks.take_warnings());
        let executable = matches!(self.workspace.get(&target), Some(Item::File(old)) if old.executable);
        self.workspace.write(&target, WorkFile { bytes, executable, from: name })?;
        self.count();
        Ok(format!("renders {target}"))
    }

    /// Copies a folder of the template, over what is there.
    pub fn plain(&mut self, input: &Map<String, Value>) -> Result<String, StepError> {
        let url = text(input, "url").unwrap_or_default();
        let target = resolve(text(input, "targetPath").unwrap_or("./"))?;
        let source = self.source(url)?;
        if let Ok(file) = source.file() {
            let work = as_it_is(file, source.name());
            return self.put(&target, work);
        }
        let source = source.folder()?;
        self.workspace.folder(&target)?;
        let mut written = 0;
        for (path, entry) in &source.entries {
            let output = join(&target, path);
            match entry {
                Entry::Folder => self.workspace.folder(&output)?,
                Entry::File(file) => {
                    self.workspace.write(&output, as_it_is(file, source.display_path(path)))?;
                    written += 1;
                    self.count();
                }
                Entry::Link(_) | Entry::Other => return Err(linked(&source.display_path(path)).into()),
            }
        }
        Ok(format!("copies {} into {}", files(written), into(&target)))
    }

    /// Copies one file of the template, into a folder that is there.
    pub fn plain_file(&mut self, input: &Map<String, Value>) -> Result<String, StepError> {
        let target = resolve(text(input, "targetPath").unwrap_or_default())?;
        let source = self.source(text(input, "url").unwrap_or_default())?;
        let file = source.file()?;
        let folder = target.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        if !self.workspace.is_folder(folder) {
            let why = format!("there is no folder `{}` to copy the file into", folder.escape_debug());
            return Err(Fault::new(why).into());
        }
        let work = as_it_is(file, source.name());
        self.put(&target, work)
    }

    fn put(&mut self, target: &str, work: WorkFile) -> Result<String, StepError> {
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
