//! Templates for the tests, as folders and in memory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use billpay_scaffold::{
    Answers, Entry, ProjectTemplate, RenderOptions, Rendering, TemplateError, TemplateFile, TemplateFolder,
};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cookiecutter/corpus")
}

/// All that is below a folder, without the folder's own path.
pub fn read(root: &Path) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_string();
            if path.is_dir() {
                entries.insert(name, Entry::Folder);
                folders.push(path);
            } else {
                let executable = path.metadata().expect("metadata").permissions().mode() & 0o100 != 0;
                let bytes = fs::read(&path).expect("a file");
                entries.insert(name, Entry::File(TemplateFile { bytes, executable }));
            }
        }
    }
    entries
}

/// A template of the corpus, with what Git would not keep as it is.
pub fn template(name: &str) -> TemplateFolder {
    let mut entries = read(&root().join(name));
    let top = entries.keys().find(|path| path.contains("cookiecutter.") && path.contains("name")).cloned();
    let mut add = |path: &str, bytes: &[u8], executable: bool| {
        if let Some(top) = &top {
            let top = top.split('/').next().unwrap_or_default();
            let file = TemplateFile { bytes: bytes.to_vec(), executable };
            entries.insert(format!("{top}/{path}"), Entry::File(file));
        }
    };
    if name == "ends" {
        add("crlf.txt", b"a\r\n{{ cookiecutter.name }}\r\n{% if true %}\r\nb\r\n{% endif %}\r\n", false);
        add("plain-crlf.txt", b"a\r\nb\r\n", false);
        add("mixed.txt", b"a\nb\r\n{{ cookiecutter.name }}\n", false);
        add("plain-mixed.txt", b"a\r\nb\nc\r\n", false);
        add("old-mac.txt", b"a\rb\r{{ cookiecutter.name }}\r", false);
        add("lone.txt", b"a\nb\rc\r\nd\n", false);
        add("none.txt", b"{{ cookiecutter.name }} no end", false);
        add("empty.txt", b"", true);
        add("only-end.txt", b"\n", false);
        add("far-end.txt", format!("{}\r\nb\n", "x".repeat(9000)).as_bytes(), false);
        add("late-mix.txt", format!("a\n{}b\r\n", "x\n".repeat(5000)).as_bytes(), false);
        add("bom.txt", "\u{feff}{{ cookiecutter.name }}\n".as_bytes(), false);
        add("image.png", b"\x89PNG\r\n\x1a\n\x00{{ cookiecutter.name }}", false);
        add("really-text.png", b"{{ cookiecutter.name }}\r\n", false);
        add("zero.txt", b"a\x00b{{ cookiecutter.name }}\x00\x01\x02\x03\xff", true);
        add("archive.bin", &(0..=255).collect::<Vec<u8>>(), false);
        add("unicode.txt", "ελληνικά русский 日本語 {{ cookiecutter.name }}\n".as_bytes(), false);
        add("chinese.txt", "这是一个模板，用来测试。{{ cookiecutter.name }}\n".repeat(30).as_bytes(), false);
        add("tools/{{ cookiecutter.name }}.sh", b"#!/bin/sh\n", true);
        add("tools/.gitkeep", b"", false);
        entries.insert("{{cookiecutter.name}}/tools".into(), Entry::Folder);
        entries.insert("{{cookiecutter.name}}/empty".into(), Entry::Folder);
        entries.insert("{{cookiecutter.name}}/empty-{{ cookiecutter.name }}".into(), Entry::Folder);
        entries.insert("{{cookiecutter.name}}/empty/inner".into(), Entry::Folder);
    }
    TemplateFolder { name: name.to_string(), entries }
}

/// Writes a template to a folder.
pub fn write(template: &TemplateFolder, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for (path, entry) in &template.entries {
        let path = to.join(path);
        match entry {
            Entry::Folder => fs::create_dir_all(&path).expect("a folder"),
            Entry::File(file) => {
                fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                fs::write(&path, &file.bytes).expect("a file");
                let mode = if file.executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
            }
            _ => {}
        }
    }
}

/// A template of a few files.
pub fn small(files: &[(&str, &str)]) -> TemplateFolder {
    let mut entries = BTreeMap::new();
    for (path, text) in files {
        for (at, _) in path.match_indices('/') {
            entries.insert(path[..at].to_string(), Entry::Folder);
        }
        let file = TemplateFile { bytes: text.as_bytes().to_vec(), executable: false };
        entries.insert((*path).to_string(), Entry::File(file));
    }
    TemplateFolder { name: "demo".into(), entries }
}

/// One file with a text, in a template with one question.
pub fn one(text: &str) -> TemplateFolder {
    small(&[("cookiecutter.json", r#"{"name": "demo"}"#), ("{{cookiecutter.name}}/a.txt", text)])
}

pub const PLAIN: RenderOptions = RenderOptions::PLAIN;

/// Answers all questions by their defaults, where `answers` has none, and renders.
pub fn render(
    folder: &TemplateFolder,
    answers: &Answers,
    options: &RenderOptions,
) -> Result<Rendering, TemplateError> {
    let template = billpay_scaffold::cookiecutter::open(folder, None, options)?;
    let answers = template.complete(answers)?;
    template.render(&answers, options, &mut |_| {})
}

/// Returns the result of `a.txt`.
pub fn text(source: &str, options: &RenderOptions) -> String {
    let rendering = render(&one(source), &Answers::new(), options).unwrap_or_else(|error| panic!("{error}"));
    let file = rendering.project.files.values().next().expect("a file");
    String::from_utf8(file.bytes.clone()).expect("text")
}

/// Returns the message for which a template isn't rendered.
pub fn refusal(folder: &TemplateFolder, answers: &Answers) -> String {
    match render(folder, answers, &PLAIN) {
        Ok(rendering) => panic!("it was rendered: {:?}", rendering.project.files.keys()),
        Err(TemplateError::Wrong(findings)) => findings.render(false),
        Err(TemplateError::Refused { why, hints }) => format!("{why}\n{}", hints.join("\n")),
        Err(other) => other.to_string(),
    }
}
