//! Programs of a template: hooks that are left out, the one before the questions, extensions in Python.

use std::process::Command;

use billpay_scaffold::{Answers, Entry, ProjectTemplate, RenderOptions};
use serde_json::json;

use crate::{corpus, peer};

/// Options of a rendering that may run the template's programs.
fn trusted() -> RenderOptions {
    RenderOptions { trust: true, ..RenderOptions::PLAIN }
}

#[test]
fn hooks_can_be_left_out() {
    let template = corpus::template("trusted");
    let options = RenderOptions { no_hooks: true, ..corpus::PLAIN };
    let rendering = corpus::render(&template, &Answers::new(), &options).expect("it needs no trust");
    assert!(rendering.hooks.is_empty() && !rendering.project.files.is_empty());
    let said: Vec<&str> = rendering.said.iter().map(|(_, text)| text.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("hooks/post_gen_project")), "{said:?}");
}

#[test]
fn the_hook_before_the_questions_may_change_them() {
    let mut template = corpus::small(&[
        ("cookiecutter.json", r#"{"name": "before"}"#),
        ("hooks/pre_prompt.sh", "#!/bin/sh\nsed -i s/before/after/ cookiecutter.json\n"),
        ("{{cookiecutter.name}}/a.txt", "{{ cookiecutter.name }}"),
    ]);
    template.name = "demo".into();
    let told = corpus::refusal(&template, &Answers::new());
    assert!(told.contains("hooks/pre_prompt.sh") && told.contains("--no-hooks"), "{told}");
    let name = |options: &RenderOptions| {
        let rendering = corpus::render(&template, &Answers::new(), options).expect("it is rendered");
        rendering.name.unwrap_or_default()
    };
    assert_eq!(name(&trusted()), "after");
    assert_eq!(name(&RenderOptions { no_hooks: true, ..corpus::PLAIN }), "before");
    template.entries.insert("{{cookiecutter.name}}/b".into(), Entry::Link("/etc/passwd".into()));
    let error = corpus::render(&template, &Answers::new(), &trusted()).expect_err("a link stays one");
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

const EXTENSIONS: &str = r#"
from cookiecutter.utils import simple_filter
from jinja2.ext import Extension


@simple_filter
def shout(text, times=1):
    return text.upper() + "!" * times


class Words(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.globals.update(words=lambda *all, sep=" ": {"all": list(all), "text": sep.join(all)}, LIMIT=[3, None])
        environment.tests["loud"] = lambda text: text.isupper()
"#;

const TEXT: &str = "{{ cookiecutter.name|shout }} {{ 'a'|shout(times=3) }} {{ words('a', 'b', sep='-').text }} {{ LIMIT }}\n\
                    {% for one in words('x', 'y').all %}{{ loop.index }}{{ one }}{{ ',' if not loop.last }}{% endfor %}\n\
                    {{ 'A' is loud }} {{ ['a', 'b']|map('shout')|join }}\n";

#[test]
#[ignore = "full tier: installs cookiecutter"]
fn extensions_are_called_in_a_python_that_has_jinja() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = json!({"name": "demo", "shouted": "{{ cookiecutter.name|shout }}",
        "_extensions": ["local_extensions.shout", "local_extensions.Words"]})
    .to_string();
    let text = format!("{TEXT}{{{{ cookiecutter.shouted }}}}\n");
    let template = corpus::small(&[
        ("cookiecutter.json", &config),
        ("local_extensions.py", EXTENSIONS),
        ("{{cookiecutter.name}}/a.txt", &text),
    ]);
    let told = corpus::refusal(&template, &Answers::new());
    assert!(told.contains("local_extensions.shout") && told.contains("--trust"), "{told}");
    let plain = corpus::small(&[
        ("cookiecutter.json", r#"{"name": "demo", "_extensions": ["local_extensions.shout"]}"#),
        ("{{cookiecutter.name}}/a.txt", ""),
    ]);
    let asked = billpay_scaffold::cookiecutter::open(&plain, None, &corpus::PLAIN).expect("a template");
    assert_eq!(asked.all_questions().expect("questions need no trust").len(), 1);
    let told = corpus::refusal(&plain, &Answers::new());
    assert!(told.contains("local_extensions.shout") && told.contains("--trust"), "{told}");

    let written = folder.path().join("template");
    corpus::write(&template, &written);
    let theirs = folder.path().join("theirs");
    peer::run(folder.path(), &json!({"projects": [{"template": written, "answers": {}, "out": theirs}]}));
    let path = std::env::var("PATH").unwrap_or_default();
    let billpay = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
        command.arg("scaffold").arg(&written).args(["--defaults", "--out", "ours"]).args(args);
        command.current_dir(folder.path()).env("PATH", format!("{}:{path}", peer::bin().display()));
        command.output().expect("it runs")
    };
    let output = billpay(&["--trust"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |folder: std::path::PathBuf| std::fs::read_to_string(folder.join("a.txt")).expect("a file");
    assert_eq!(read(folder.path().join("ours")), read(theirs.join("demo")));

    // What goes wrong in Python is told at its place.
    std::fs::write(written.join("{{cookiecutter.name}}/a.txt"), "\n{{ 3|shout }}").expect("a file");
    let output = billpay(&["--trust", "--force"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("AttributeError") && told.contains("a.txt:2:"),
        "{told}"
    );
}
