//! The files of a project, as a Cookiecutter template makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billpay_model::findings::{Problem, SourceFile};
use billpay_tree::RelPath;
use minijinja::Value as Jinja;
use serde_json::Value;

use super::binary::is_binary;
use super::jinja::{Engine, Fault, Loader, dictionary};
use super::settings::EXTENSIONS;
use super::{Level, locations, patterns, questions, to_text};
use crate::{
    Answers, Entry, Hook, HookTime, Project, ProjectFile, RenderOptions, Rendering, StepKind, StepReport,
    TemplateError, TemplateFile, TemplateFolder, refuse_collisions,
};

/// Files between two progress reports.
const PROGRESS_INTERVAL: usize = 64;

/// Maximum size of a project, bytes.
const MAX_PROJECT_BYTES: usize = 1 << 30;

const HOOKS: &[(&str, Option<HookTime>)] = &[
    ("pre_prompt", None),
    ("pre_gen_project", Some(HookTime::BeforeFiles)),
    ("post_gen_project", Some(HookTime::AfterFiles)),
];

/// The files of a template that are programs to be run, by their path in it.
pub fn hook_files(folder: &TemplateFolder) -> Vec<String> {
    let below =
        folder.entries.keys().filter(|path| path.strip_prefix("hooks/").is_some_and(|p| !p.contains('/')));
    below.filter(|path| hook_time(path).is_some()).cloned().collect()
}

fn hook_time(path: &str) -> Option<Option<HookTime>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let known = HOOKS.iter().find(|(known, _)| *known == stem && !name.ends_with('~'));
    known.map(|(_, time)| *time)
}

/// Builder of a project's files.
struct ProjectBuilder<'l> {
    level: &'l Level,
    /// The folder in the template that becomes the project.
    top: &'l str,
    engine: &'l Engine,
    context: Jinja,
    copy_patterns: Vec<String>,
    newline: Option<String>,
    files: BTreeMap<RelPath, ProjectFile>,
    /// The file of the template that each file is made from.
    sources: BTreeMap<RelPath, String>,
    /// The folders, each with the one of the template that it is made from.
    folders: BTreeMap<RelPath, String>,
    bytes: usize,
}

pub fn render(
    level: &Level,
    answers: &Answers,
    options: &RenderOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<Rendering, TemplateError> {
    refuse_programs(level, options)?;
    let variables = questions::variables(level, answers, options)?;
    let top = top(level)?;
    let newline = new_lines(level)?;
    // The template's own texts can be included once its files are rendered, not before.
    let is_loading = Arc::new(AtomicBool::new(false));
    let loader: Loader = {
        let (is_loading, folder, top) = (is_loading.clone(), level.folder.clone(), top.to_string());
        Box::new(move |name| is_loading.load(Ordering::Relaxed).then(|| load(&folder, &top, name)).flatten())
    };
    let engine = level.engine(loader, options)?;
    let mut builder = ProjectBuilder {
        level,
        top,
        engine: &engine,
        context: context(level, &variables),
        copy_patterns: copy_patterns(&variables),
        newline,
        files: BTreeMap::new(),
        sources: BTreeMap::new(),
        folders: BTreeMap::new(),
        bytes: 0,
    };
    let name = builder.name(top)?;
    if name.is_empty() {
        return Err(builder.at_name(top, "the name of the project's folder is empty".to_string()));
    }
    RelPath::new(name.as_str()).map_err(|bad| builder.at_name(top, bad.to_string()))?;
    let hooks_of =
        |builder: &ProjectBuilder<'_>, when| if options.no_hooks { Ok(vec![]) } else { builder.hooks(when) };
    let before = hooks_of(&builder, HookTime::BeforeFiles)?;
    is_loading.store(true, Ordering::Relaxed);
    builder.walk("", progress)?;
    is_loading.store(false, Ordering::Relaxed);
    builder.refuse_collisions()?;
    let mut hooks = before;
    hooks.extend(hooks_of(&builder, HookTime::AfterFiles)?);
    let count = builder.files.len();
    progress(count);
    let folders = empty_folders(&builder.files, builder.folders.into_keys().collect());
    let mut steps = vec![step_report("render", "cookiecutter:render", format!("{count} files"))];
    steps.extend(
        hooks.iter().map(|hook| step_report(&hook.file, "cookiecutter:hook", format!("runs {}", hook.file))),
    );
    let omitted_hooks = if options.no_hooks { hook_files(&level.folder) } else { vec![] };
    let said = omitted_hooks.iter().map(|hook| ("Left out".to_string(), format!("{hook} was not run")));
    let said = said.collect();
    let project = Project { files: builder.files, folders };
    Ok(Rendering { project, name: Some(name), steps, said, hooks, ..Rendering::default() })
}

fn step_report(id: &str, action: &str, summary: String) -> StepReport {
    let (id, name, action) = (id.to_string(), id.to_string(), action.to_string());
    StepReport { id, name, action, kind: StepKind::Files, summary }
}

/// The program of a template that is run before anything is asked.
pub fn hook_before_questions(folder: &TemplateFolder) -> Option<String> {
    hook_files(folder).into_iter().find(|hook| hook_time(hook) == Some(None))
}

fn refuse_programs(level: &Level, options: &RenderOptions) -> Result<(), TemplateError> {
    let folder = &level.folder;
    let extension = level.config.syntax.extensions.first().filter(|_| !options.trust);
    if let Some(name) = extension {
        let why = format!("`{name}` is Python code: read it, then run this with `--trust`");
        return Err(locations::wrong_setting(&level.config.file, EXTENSIONS, Some(name), why));
    }
    let hooks = hook_files(folder);
    if options.no_hooks || hooks.is_empty() {
        return Ok(());
    }
    match hook_before_questions(folder) {
        Some(before) if options.trust && !level.is_prepared => {
            let why = format!(
                "{} is a hook of a template inside another one, which is not run",
                folder.display_path(&before)
            );
            Err(TemplateError::refused(
                why,
                "name the folder of that template with `--directory`, or `--no-hooks`",
            ))
        }
        _ if options.trust => Ok(()),
        _ => {
            let first = hooks.first().map(|first| folder.display_path(first)).unwrap_or_default();
            let why = format!("the template has programs of its own to run: {first}");
            Err(TemplateError::refused(
                why,
                "read them, then run this with `--trust`; `--no-hooks` leaves them out",
            ))
        }
    }
}

/// The folder that becomes the project: the one that is named after a variable.
fn top(level: &Level) -> Result<&str, TemplateError> {
    let syntax = &level.config.syntax;
    let is_templated = |name: &str| {
        name.contains("cookiecutter")
            && name.contains(&syntax.variable_start)
            && name.contains(&syntax.variable_end)
    };
    let names = level.folder.entries.iter().filter(|(path, _)| !path.contains('/') && is_templated(path));
    let mut folders = names.filter(|(_, entry)| !matches!(entry, Entry::File(_)));
    let name = &level.folder.name;
    let refuse = |why: String| {
        let hint = format!(
            "one folder named like {}cookiecutter.name{}",
            syntax.variable_start, syntax.variable_end
        );
        TemplateError::refused(why, hint)
    };
    match (folders.next(), folders.next()) {
        (Some((path, Entry::Folder)), None) => Ok(path),
        (Some((path, _)), None) => Err(refuse(format!("{} is no folder", level.folder.display_path(path)))),
        (Some((one, _)), Some((other, _))) => Err(refuse(format!("{name}: `{one}` or `{other}`?"))),
        (None, _) => Err(refuse(format!("{name}: no folder of it is named after a variable"))),
    }
}

fn new_lines(level: &Level) -> Result<Option<String>, TemplateError> {
    let key = "_new_lines";
    match level.config.variables.get(key) {
        Some(Value::String(newline)) if ["\n", "\r", "\r\n"].contains(&newline.as_str()) => {
            Ok(Some(newline.clone()))
        }
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(empty)) if empty.is_empty() => Ok(None),
        Some(other) => {
            let message = format!("`{}` is no line end", to_text(other).escape_debug());
            Err(locations::wrong_setting(&level.config.file, key, None, message))
        }
    }
}

fn copy_patterns(variables: &serde_json::Map<String, Value>) -> Vec<String> {
    match variables.get("_copy_without_render") {
        Some(Value::Array(patterns)) => patterns.iter().map(to_text).collect(),
        Some(Value::String(text)) => text.chars().map(String::from).collect(),
        _ => vec![],
    }
}

/// Returns the context of templates: `cookiecutter`, and `_cookiecutter` as the template has it.
fn context(level: &Level, variables: &serde_json::Map<String, Value>) -> Jinja {
    let mut values = variables.clone();
    let name = Value::from(level.folder.name.as_str());
    values.insert("_template".into(), name.clone());
    values.insert("_output_dir".into(), ".".into());
    values.insert("_repo_dir".into(), name);
    values.insert("_checkout".into(), Value::Null);
    let raw = level.config.public_variables().map(|(name, value)| (name.clone(), value.clone())).collect();
    // What is private is as it was read.
    let is_private = |name: &str| name.starts_with('_') && !name.starts_with("__");
    let raw = dictionary(&raw, &|_| false);
    Jinja::from_pairs([("cookiecutter", dictionary(&values, &is_private)), ("_cookiecutter", raw)])
}

/// A text of the template that can be included: from the project's folder, or `templates`.
fn load(folder: &TemplateFolder, top: &str, name: &str) -> Option<String> {
    let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<&str> = parts.collect();
    if parts.contains(&"..") {
        return None;
    }
    let name = parts.join("/");
    let file = folder.file(&format!("{top}/{name}")).or_else(|| folder.file(&format!("templates/{name}")))?;
    Some(with_newlines(std::str::from_utf8(&file.bytes).ok()?))
}

/// A text of which all line ends are `\n`.
fn with_newlines(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_string() }
}

/// Folders with no file in them.
fn empty_folders(files: &BTreeMap<RelPath, ProjectFile>, folders: BTreeSet<RelPath>) -> BTreeSet<RelPath> {
    let parents: BTreeSet<RelPath> = files.keys().chain(&folders).flat_map(RelPath::folders).collect();
    folders.into_iter().filter(|folder| !parents.contains(folder)).collect()
}

/// The line end that a file has; of several, the one that Python names first.
fn line_end(bytes: &[u8]) -> &'static str {
    const CHUNK: usize = 8192;
    let mut length = CHUNK;
    while length < bytes.len() && !bytes.iter().take(length).any(|byte| matches!(byte, b'\n' | b'\r')) {
        length += CHUNK;
    }
    let mut head = bytes.get(..length).unwrap_or(bytes);
    if head.len() < bytes.len() && head.last() == Some(&b'\r') {
        head = head.get(..head.len() - 1).unwrap_or(head);
    }
    let (mut has_cr, mut has_lf, mut has_crlf) = (false, false, false);
    for (at, byte) in head.iter().enumerate() {
        match byte {
            b'\r' if head.get(at + 1) == Some(&b'\n') => has_crlf = true,
            b'\r' => has_cr = true,
            b'\n' if at == 0 || head.get(at - 1) != Some(&b'\r') => has_lf = true,
            _ => {}
        }
    }
    match (has_cr, has_lf, has_crlf) {
        (true, _, _) => "\r",
        (false, false, true) => "\r\n",
        _ => "\n",
    }
}

impl ProjectBuilder<'_> {
    /// A path of the template as one of the project.
    fn name(&self, path: &str) -> Result<String, TemplateError> {
        if self.level.config.syntax.is_plain(path) {
            return Ok(path.to_string());
        }
        self.engine.render(path, path, &self.context).map_err(|fault| self.fault(&fault, Some(path)))
    }

    /// Description of a path for people: one in the folder that becomes the project.
    fn display_path(&self, path: &str) -> String {
        self.level.folder.display_path(&format!("{}/{path}", self.top))
    }

    /// A problem with the name of a file or folder.
    fn at_name(&self, path: &str, message: String) -> TemplateError {
        let in_template = if path == self.top { path.to_string() } else { format!("{}/{path}", self.top) };
        let file = SourceFile::new(self.level.folder.display_path(&in_template), path);
        TemplateError::at(Problem::error("name", file.place(0..path.len()), message), &file)
    }

    /// A fault in the text of a name, or of a file.
    fn fault(&self, fault: &Fault, name: Option<&str>) -> TemplateError {
        let folder = &self.level.folder;
        let template = fault.template.as_deref().unwrap_or_default();
        if let Some(name) = name.filter(|name| *name == template) {
            let in_template =
                if name == self.top { name.to_string() } else { format!("{}/{name}", self.top) };
            return locations::error(fault, &SourceFile::new(folder.display_path(&in_template), name), 0);
        }
        let paths =
            [format!("{}/{template}", self.top), format!("templates/{template}"), template.to_string()];
        let path = paths.iter().find(|path| folder.file(path).is_some()).cloned().unwrap_or_default();
        let bytes = folder.file(&path).map(|file| file.bytes.clone()).unwrap_or_default();
        let text = with_newlines(&String::from_utf8_lossy(&bytes));
        locations::error(fault, &SourceFile::new(folder.display_path(&path), text), 0)
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        self.level.folder.entries.get(&format!("{}/{path}", self.top))
    }

    /// The names in a folder of the template, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let prefix =
            if folder.is_empty() { format!("{}/", self.top) } else { format!("{}/{folder}/", self.top) };
        let from = self.level.folder.entries.range(prefix.clone()..);
        let below = from.take_while(|(path, _)| path.starts_with(&prefix));
        let names = below.filter_map(|(path, _)| path.get(prefix.len()..)).filter(|name| !name.contains('/'));
        let mut names: Vec<String> = names.map(str::to_string).collect();
        names.sort();
        names
    }

    fn is_copied(&self, path: &str) -> bool {
        self.copy_patterns.iter().any(|pattern| patterns::matches(pattern, path))
    }

    fn path(&self, template: &str, name: &str) -> Result<RelPath, TemplateError> {
        RelPath::new(name).map_err(|bad| self.at_name(template, bad.to_string()))
    }

    /// Returns true if there is a folder of that name in the project.
    fn is_folder(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || RelPath::new(path).is_ok_and(|path| self.folders.contains_key(&path))
    }

    /// Refuses files that some systems take for one.
    fn refuse_collisions(&self) -> Result<(), TemplateError> {
        let paths = self.sources.iter().chain(&self.folders);
        let sources: Vec<(&str, String)> =
            paths.map(|(path, source)| (path.as_str(), self.display_path(source))).collect();
        refuse_collisions(sources.iter().map(|(path, source)| (*path, source.as_str())))
    }

    fn add_folder(&mut self, source: &str, path: &RelPath) -> Result<(), TemplateError> {
        let parts = || path.folders().chain([path.clone()]);
        if let Some((file, other)) = parts().find_map(|part| self.sources.get_key_value(&part)) {
            let other = self.display_path(other);
            let message =
                format!("this is put into the folder `{file}`, and `{other}` would be a file there");
            return Err(self.at_name(source, message));
        }
        for part in parts() {
            self.folders.entry(part).or_insert_with(|| source.to_string());
        }
        Ok(())
    }

    fn walk(&mut self, folder: &str, progress: &mut dyn FnMut(usize)) -> Result<(), TemplateError> {
        let join = |name: &str| if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
        let (mut files, mut inner) = (vec![], vec![]);
        for name in self.names(folder) {
            let path = join(&name);
            match self.entry(&path) {
                Some(Entry::File(_)) => files.push(path),
                Some(Entry::Folder) if self.is_copied(&path) => self.copy_folder(&path)?,
                Some(Entry::Folder) => inner.push(path),
                Some(Entry::Link(to)) => {
                    return Err(self.at_name(
                        &path,
                        format!("this is a symbolic link (to `{to}`), which is not followed"),
                    ));
                }
                Some(Entry::Other) => {
                    return Err(self.at_name(&path, "this is neither a file nor a folder".into()));
                }
                None => {}
            }
        }
        for path in &inner {
            let target = self.name(path)?;
            if self.is_folder(&target) {
                let other = RelPath::new(target.trim_end_matches('/')).ok();
                let other = other.and_then(|folder| self.folders.get(&folder));
                let from =
                    other.map(|other| format!(", from `{}`", self.display_path(other))).unwrap_or_default();
                let message = format!(
                    "the folder `{target}` is there already{from}: two names are the same, or one is empty"
                );
                return Err(self.at_name(path, message));
            }
            let target = self.path(path, target.trim_end_matches('/'))?;
            self.add_folder(path, &target)?;
        }
        for path in files {
            self.file(&path)?;
            if self.files.len().is_multiple_of(PROGRESS_INTERVAL) {
                progress(self.files.len());
            }
        }
        for path in inner {
            self.walk(&path, progress)?;
        }
        Ok(())
    }

    fn copy_folder(&mut self, folder: &str) -> Result<(), TemplateError> {
        let name = self.name(folder)?;
        let root = self.path(folder, &name)?;
        self.add_folder(folder, &root)?;
        let prefix = format!("{}/{folder}/", self.top);
        let all = self
            .level
            .folder
            .entries
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        for (path, entry) in all {
            let inside = path.get(prefix.len()..).unwrap_or_default();
            let template = format!("{folder}/{inside}");
            let to = self.path(&template, &format!("{root}/{inside}"))?;
            match entry {
                Entry::File(file) => self.put(&template, to, file, file.bytes.clone())?,
                Entry::Folder => self.add_folder(&template, &to)?,
                _ => return Err(self.at_name(&template, "links and devices are not copied".to_string())),
            }
        }
        Ok(())
    }

    /// Two files of one name are refused: Cookiecutter writes one over the other, since 2.7 in the order of
    /// their names in the template, before in any.
    fn put(
        &mut self,
        source: &str,
        path: RelPath,
        file: &TemplateFile,
        bytes: Vec<u8>,
    ) -> Result<(), TemplateError> {
        if let Some(other) = self.sources.get(&path) {
            let other = self.display_path(other);
            return Err(self.at_name(source, format!("this and `{other}` would both be `{path}`")));
        }
        if let Some(other) = self.folders.get(&path) {
            let message =
                format!("this would be `{path}`, which is a folder, from `{}`", self.display_path(other));
            return Err(self.at_name(source, message));
        }
        self.sources.insert(path.clone(), source.to_string());
        self.bytes += bytes.len();
        if self.bytes > MAX_PROJECT_BYTES {
            let why = format!("the project is bigger than {} MB", MAX_PROJECT_BYTES >> 20);
            return Err(TemplateError::refused(why, "a loop without an end?"));
        }
        self.files.insert(path, ProjectFile { bytes, executable: file.executable });
        Ok(())
    }

    fn file(&mut self, path: &str) -> Result<(), TemplateError> {
        let Some(Entry::File(file)) = self.entry(path).cloned() else { return Ok(()) };
        let name = self.name(path)?;
        let is_plain_copy = self.is_copied(path);
        // An empty name is the folder's: there is no such file then.
        if !is_plain_copy && (name.is_empty() || name.ends_with('/')) && self.is_folder(&name) {
            return Ok(());
        }
        let to = self.path(path, &name)?;
        if let Some(folder) = to.folders().next()
            && !self.folders.contains_key(&folder)
        {
            return Err(self.at_name(path, format!("there is no folder `{folder}` to put `{to}` into")));
        }
        if is_plain_copy || is_binary(path, &file.bytes) {
            return self.put(path, to, &file, file.bytes.clone());
        }
        let bytes = self.render_file(path, &file)?;
        self.put(path, to, &file, bytes)
    }

    fn render_file(&self, path: &str, file: &TemplateFile) -> Result<Vec<u8>, TemplateError> {
        let text = std::str::from_utf8(&file.bytes).unwrap_or_default();
        let syntax = &self.level.config.syntax;
        let output = if syntax.is_plain(text) {
            with_newlines(text)
        } else {
            let source = with_newlines(text);
            self.engine.render(path, &source, &self.context).map_err(|fault| self.fault(&fault, None))?
        };
        let newline = self.newline.as_deref().unwrap_or_else(|| line_end(&file.bytes));
        Ok(if newline == "\n" { output } else { output.replace('\n', newline) }.into_bytes())
    }

    fn hooks(&self, when: HookTime) -> Result<Vec<Hook>, TemplateError> {
        let mut hooks = vec![];
        for path in hook_files(&self.level.folder) {
            let Some(file) = self.level.folder.file(&path) else { continue };
            if hook_time(&path) != Some(Some(when)) {
                continue;
            }
            let source = with_newlines(&String::from_utf8_lossy(&file.bytes));
            let text = self
                .engine
                .render(&path, &source, &self.context)
                .map_err(|fault| self.fault(&fault, None))?;
            let name = path.strip_prefix("hooks/").unwrap_or(&path).to_string();
            hooks.push(Hook { when, file: name, text });
        }
        Ok(hooks)
    }
}
