//! Templates written to be rendered by both, each in one file of `corpus/`: sections that begin
//! with `-- path --`, and lists of answers, `-- answers: name --`.
//!
//! Behind a path may stand `(executable)`, `(crlf)`, `(hex)`, `(no end)` (without the last line
//! end), several with commas; a path that ends with `/` is a folder. Behind the name of answers
//! may stand `(refused)`, where both refuse them, `(only the portal: difference)`, where we
//! refuse what the portal renders, `(otherwise: difference)`, where the two say different things,
//! or `(other files: difference)`, where files differ.

use std::fs;
use std::path::Path;

use billpay_scaffold::{Answers, Entry, TemplateFile, TemplateFolder};

use crate::put;

pub struct Case {
    pub name: String,
    pub folder: TemplateFolder,
    pub answers: Vec<Given>,
    /// Makes undefined values errors, as in our own templates.
    pub strict: bool,
}

pub struct Given {
    pub name: String,
    pub answers: Answers,
    pub expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Same,
    RefusedByBoth,
    /// Only the portal renders it, because of a difference.
    OnlyThePortal(String),
    /// Text at the end differs, because of a difference.
    SaidOtherwise(String),
    /// Files differ, because of a difference.
    OtherFiles(String),
}

pub fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backstage/corpus");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| case(path)).chain(in_the_repository()).collect()
}

fn case(path: &Path) -> Case {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let text = fs::read_to_string(path).expect("a text");
    let mut case = Case {
        folder: TemplateFolder { name: name.clone(), ..TemplateFolder::default() },
        name,
        answers: vec![],
        strict: false,
    };
    let mut sections: Vec<(String, String)> = vec![];
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            Some(head) => sections.push((head.to_string(), String::new())),
            None => sections.last_mut().expect("a section first").1.push_str(line),
        }
    }
    for (head, text) in sections {
        let (head, flags) = match head.strip_suffix(')').and_then(|head| head.rsplit_once(" (")) {
            Some((head, flags)) => (head.to_string(), flags.to_string()),
            None => (head, String::new()),
        };
        match head.strip_prefix("answers: ") {
            Some(name) => case.answers.push(given(name, &text, &flags)),
            None => section(&mut case.folder, &head, &text, &flags),
        }
    }
    if case.answers.is_empty() {
        case.answers.push(given("none", "", ""));
    }
    case
}

fn given(name: &str, text: &str, flags: &str) -> Given {
    let answers =
        if text.trim().is_empty() { Answers::new() } else { serde_yaml::from_str(text).expect("answers") };
    let expected = match flags.split_once(": ").unwrap_or((flags, "")) {
        ("", _) => Expected::Same,
        ("refused", _) => Expected::RefusedByBoth,
        ("only the portal", difference) => Expected::OnlyThePortal(difference.into()),
        ("otherwise", difference) => Expected::SaidOtherwise(difference.into()),
        ("other files", difference) => Expected::OtherFiles(difference.into()),
        (other, _) => panic!("nothing is expected by `{other}`"),
    };
    Given { name: name.into(), answers, expected }
}

fn section(folder: &mut TemplateFolder, path: &str, text: &str, flags: &str) {
    if let Some(path) = path.strip_suffix('/') {
        return put(folder, path, Entry::Folder);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut executable = false;
    for flag in flags.split(", ").filter(|flag| !flag.is_empty()) {
        match flag {
            "executable" => executable = true,
            "crlf" => bytes = String::from_utf8(bytes).expect("a text").replace('\n', "\r\n").into_bytes(),
            "no end" => bytes.truncate(bytes.len().saturating_sub(1)),
            "hex" => {
                let digits: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_hexdigit).collect();
                let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
                bytes = digits.chunks(2).map(|pair| byte(pair).expect("a byte")).collect();
            }
            other => panic!("no flag `{other}`"),
        }
    }
    put(folder, path, Entry::File(TemplateFile { bytes, executable }));
}

/// The templates that the program comes with, with `answers/<template>/*.yaml` or the defaults.
fn in_the_repository() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(templates) = fs::read_dir(root.join("templates/backstage")) else { return vec![] };
    let mut paths: Vec<_> = templates.map(|entry| entry.expect("a template").path()).collect();
    paths.retain(|path| path.join("template.yaml").is_file());
    paths.sort();
    let case = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut folder =
            TemplateFolder { name: format!("templates/backstage/{name}"), ..TemplateFolder::default() };
        load(path, path, &mut folder);
        let answers = fs::read_dir(root.join("tests/backstage/answers").join(&name));
        let mut files: Vec<_> =
            answers.into_iter().flatten().map(|file| file.expect("answers").path()).collect();
        files.sort();
        let mut answers: Vec<Given> = files
            .iter()
            .map(|file| {
                let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
                given(&name, &fs::read_to_string(file).expect("answers"), "")
            })
            .collect();
        if answers.is_empty() {
            answers.push(given("defaults", "", ""));
        }
        Case { name, folder, answers, strict: true }
    };
    paths.iter().map(case).collect()
}

fn load(root: &Path, at: &Path, folder: &mut TemplateFolder) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(at).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let about = fs::symlink_metadata(&path).expect("metadata");
        if about.is_dir() {
            put(folder, &name, Entry::Folder);
            load(root, &path, folder);
        } else {
            let executable = about.permissions().mode() & 0o111 != 0;
            put(
                folder,
                &name,
                Entry::File(TemplateFile { bytes: fs::read(&path).expect("bytes"), executable }),
            );
        }
    }
}
