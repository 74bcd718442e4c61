//! Whole projects, against cookiecutter's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use billpay_scaffold::cookiecutter::hooks;
use billpay_scaffold::{
    Answers, Entry, HookTime, ProjectFile, ProjectTemplate, RenderOptions, Rendering, TemplateFile,
};
use serde_json::{Value, json};

use crate::{corpus, peer};

/// Differences to cookiecutter, and their reasons.
const DIFFERENCES: &[(&str, &str)] = &[
    ("answers are values", "cookiecutter renders extra_context as templates; what people type it doesn't"),
    ("_template, _repo_dir, _output_dir", "paths of this machine: the template's name, and `.`"),
    ("_cookiecutter", "as the template has it, as when people are asked; extra_context changes it"),
    ("what minijinja reads otherwise than Jinja2", "refused at its place: refused.txt"),
    ("filters and methods on what they are not made for", "may have an answer here; Cookiecutter stops"),
    ("lipsum, uuid4, random, now", "refused, or from the seed; `local` is UTC, other zones are refused"),
    ("pre_prompt hooks", "only with --trust, of the template that is named, not of one inside it"),
    ("extensions", "Python code only with --trust; new tags are refused, and values that JSON can't hold"),
    ("files that are neither UTF-8 nor binary", "copied; cookiecutter stops"),
    ("links", "refused"),
    (
        "two files, one path",
        "refused; since 2.7, the one that its template's folder lists last is kept, before, any",
    ),
    ("a file where a folder is", "refused by both names; cookiecutter leaves the file out"),
    ("names", "that Windows or Git have for themselves are refused: nul.txt, .git"),
    ("slugify", "letters of which text-unidecode's reading isn't known are refused"),
];

const TEMPLATES: &[&str] =
    &["service", "syntax", "stripped", "copied", "pieces", "windows", "ends", "several", "older", "names"];

type Tree = BTreeMap<String, Option<(Vec<u8>, bool)>>;

/// Files with their run bits, and empty folders.
fn ours(rendering: &Rendering) -> Tree {
    let file = |file: &ProjectFile| Some((file.bytes.clone(), file.executable));
    let files = rendering.project.files.iter().map(|(path, found)| (path.to_string(), file(found)));
    files.chain(rendering.project.folders.iter().map(|path| (path.to_string(), None))).collect()
}

fn theirs(folder: &Path) -> Tree {
    let entries = corpus::read(folder);
    let empty = |path: &str| !entries.keys().any(|other| other.starts_with(&format!("{path}/")));
    let kept = entries.iter().filter_map(|(path, entry)| match entry {
        Entry::File(TemplateFile { bytes, executable }) => {
            Some((path.clone(), Some((bytes.clone(), *executable))))
        }
        _ if empty(path) => Some((path.clone(), None)),
        _ => None,
    });
    kept.collect()
}

fn differing(told: &str, theirs: &Tree, ours: &Tree) -> Vec<String> {
    let mut wrong = vec![];
    let shown = |found: &Option<(Vec<u8>, bool)>| match found {
        Some((bytes, executable)) => format!("{:?} {executable}", String::from_utf8_lossy(bytes)),
        None => "an empty folder".to_string(),
    };
    for (path, found) in theirs {
        match ours.get(path) {
            None => wrong.push(format!("{told}: {path} is missing")),
            Some(other) if other != found => {
                wrong.push(format!("{told}: {path}\n  theirs: {}\n  ours:   {}", shown(found), shown(other)));
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        ours.keys()
            .filter(|path| !theirs.contains_key(*path))
            .map(|path| format!("{told}: {path} is too much")),
    );
    wrong
}

#[test]
#[ignore = "full tier: installs cookiecutter"]
fn projects_are_what_cookiecutter_makes_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut cases, mut jobs) = (vec![], vec![]);
    for name in TEMPLATES {
        let template = corpus::template(name);
        let written = folder.path().join("templates").join(name);
        corpus::write(&template, &written);
        let answers = fs::read_to_string(corpus::root().join(format!("{name}.json"))).expect("answers");
        let answers: Vec<Answers> = serde_json::from_str(&answers).expect("a list of answers");
        for (number, answers) in answers.into_iter().enumerate() {
            let out = folder.path().join(format!("out/{name}-{number}"));
            jobs.push(json!({"template": written, "answers": answers, "out": out}));
            cases.push((format!("{name} {number}"), template.clone(), answers));
        }
    }
    let done = peer::run(folder.path(), &json!({"projects": jobs}));
    let (mut wrong, mut files) = (vec![], 0);
    for ((told, template, answers), done) in cases.iter().zip(done["projects"].as_array().expect("projects"))
    {
        match (corpus::render(template, answers, &corpus::PLAIN), done.get("made").and_then(Value::as_str)) {
            (Ok(rendering), Some(made)) => {
                let name = Path::new(made).file_name().and_then(|name| name.to_str()).map(str::to_string);
                if rendering.name != name {
                    wrong.push(format!("{told}: named {:?}, not {name:?}", rendering.name));
                }
                files += rendering.project.files.len();
                wrong.extend(differing(told, &theirs(Path::new(made)), &ours(&rendering)));
            }
            (Err(_), None) => {}
            (ours, _) => wrong.push(format!("{told}: theirs {done}, ours {:?}", ours.map(|_| ()))),
        }
    }
    for (what, why) in DIFFERENCES {
        println!("otherwise: {what}: {why}");
    }
    println!("{} projects, {files} files", cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn hooks_run_in_the_project_only_when_trusted() {
    let template = corpus::template("trusted");
    let told = corpus::refusal(&template, &Answers::new());
    assert!(told.contains("hooks/p") && told.contains("--trust"), "{told}");

    let options = RenderOptions { trust: true, ..RenderOptions::PLAIN };
    let rendering = corpus::render(&template, &Answers::new(), &options).expect("it is trusted");
    let times: Vec<HookTime> = rendering.hooks.iter().map(|hook| hook.when).collect();
    assert_eq!(times, [HookTime::BeforeFiles, HookTime::AfterFiles]);
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), "a\n").expect("a file");
    for hook in &rendering.hooks {
        hooks::run(hook, folder.path()).expect("it runs");
    }
    let made: Vec<String> = corpus::read(folder.path()).into_keys().collect();
    assert_eq!(made, ["b-demo.txt", "before.txt"]);

    let mut failing = rendering.hooks[1].clone();
    failing.text = "#!/bin/sh\necho no >&2\nexit 3\n".into();
    let failure = hooks::run(&failing, folder.path()).expect_err("it fails").to_string();
    assert!(failure.contains("post_gen_project.sh") && failure.contains("no"), "{failure}");
}

/// Templates that cookiecutter stops at, and so do we.
const STOPPED_AT: &[(&str, &str, &str)] = &[
    ("two folders of one name", "{{cookiecutter.name}}/a/x", "{{cookiecutter.name}}/{{ 'a' }}/x"),
    ("a folder without a name", "{{cookiecutter.name}}/{% if false %}a{% endif %}/x", "x"),
    ("no folder for a file", "{{cookiecutter.name}}/{{ 'a/b' }}", "x"),
    ("an undefined name in a name", "{{cookiecutter.name}}/{{ cookiecutter.nope }}", "x"),
    ("no folder for the project", "x/y", "z"),
    ("no name for the project", "{{ cookiecutter.name[:0] }}/y", "x"),
];

#[test]
#[ignore = "full tier: installs cookiecutter"]
fn templates_that_cookiecutter_stops_at_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut templates, mut jobs) = (vec![], vec![]);
    for (number, (_, one, other)) in STOPPED_AT.iter().enumerate() {
        let template =
            corpus::small(&[("cookiecutter.json", r#"{"name": "demo"}"#), (one, "x"), (other, "x")]);
        let written = folder.path().join(format!("templates/{number}"));
        corpus::write(&template, &written);
        jobs.push(
            json!({"template": written, "answers": {}, "out": folder.path().join(format!("out/{number}"))}),
        );
        templates.push(template);
    }
    let done = peer::run(folder.path(), &json!({"projects": jobs}));
    let done = done["projects"].as_array().expect("projects");
    for ((template, (told, ..)), done) in templates.iter().zip(STOPPED_AT).zip(done) {
        let ours = corpus::render(template, &Answers::new(), &corpus::PLAIN);
        assert!(done.get("error").is_some(), "{told}: cookiecutter makes it: {done}");
        assert!(ours.is_err(), "{told}: it is rendered");
    }
}

#[test]
fn a_project_of_many_files_is_told_of_on_the_way() {
    let paths: Vec<String> =
        (0..1000).map(|at| format!("{{{{cookiecutter.name}}}}/{}/{at}.txt", at % 10)).collect();
    let mut files = vec![("cookiecutter.json", r#"{"name": "demo"}"#)];
    files.extend(paths.iter().map(|path| (path.as_str(), "{{ cookiecutter.name }}\n")));
    let template = corpus::small(&files);
    let template = billpay_scaffold::cookiecutter::open(&template, None, &corpus::PLAIN).expect("a template");
    let answers = template.complete(&Answers::new()).expect("answers");
    let mut heard = vec![];
    let rendering =
        template.render(&answers, &corpus::PLAIN, &mut |count| heard.push(count)).expect("rendered");
    assert_eq!(rendering.project.files.len(), 1000);
    assert!(heard.len() > 10 && heard.is_sorted() && heard.last() == Some(&1000), "{heard:?}");
}
