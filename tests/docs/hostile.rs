//! Projects that want more than documentation.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::config::made;
use billpay_testkit::{Run, Sandbox};

#[test]
fn a_folder_of_pages_outside_the_project_is_refused() {
    for dir in ["../..", "/etc", "docs/../../x", "~", "~root", "..", "a\\\\b", ".", "./"] {
        let why = made(&format!("site_name: x\ndocs_dir: \"{dir}\"\n")).unwrap_err();
        assert!(why.contains("docs_dir"), "{dir}: {why}");
    }
    for odd in ["!ENV DIR", "[a]", "{a: b}"] {
        assert!(made(&format!("site_name: x\ndocs_dir: {odd}\n")).is_err(), "{odd}");
    }
    assert_eq!(made("docs_dir: ./a//b/").unwrap().docs_dir, "a/b");
}

#[test]
fn python_does_not_come_in_by_a_tag() {
    for tag in [
        "!!python/object/apply:os.system",
        "!!python/name:os.system",
        "!!python/object:os.system",
        "!<tag:yaml.org,2002:python/object/apply:os.system>",
        "!!pyth%6Fn/object/apply:os.system",
        "!<tag:yaml.org,2002:pyth%6Fn/name:os.system>",
        "!!python/module:os",
    ] {
        for place in ["site_name: T x", "extra: { a: [T [ls]] }", "nav: [T {}]", "hooks: T x", "T x: y"] {
            let text = place.replace('T', tag);
            assert!(made(&text).is_err(), "{text}");
        }
    }
    let by_prefix = "%TAG ! tag:yaml.org,2002:python/\n---\nsite_name: !name:os.system x\n";
    assert!(made(by_prefix).is_err());
    let by_handle = "%TAG !p! tag:yaml.org,2002:python/\n---\nsite_name: !p!name:os.system x\n";
    assert!(made(by_handle).is_err());
}

#[test]
fn what_hides_a_setting_is_refused() {
    for text in [
        "site_name: x\nsite_name: y\n",
        "base: &b { hooks: [x] }\n<<: *b\nsite_name: x\n",
        "site_name: x\n---\nhooks: [x]\n",
        "? [hooks]\n: x\n",
        "- site_name\n",
        "just text",
        "",
        "site_name: [",
    ] {
        assert!(made(text).is_err(), "{text:?}");
    }
    let quoted = made("\"hooks\": [x]\nsite_name: x\n").unwrap();
    assert!(!quoted.text.contains("hooks") && quoted.left_out.problems.len() == 1, "{}", quoted.text);
}

#[test]
fn huge_deep_and_multiplying_settings_are_refused() {
    let huge = format!("site_name: {}\n", "x".repeat(600 * 1024));
    assert!(made(&huge).unwrap_err().contains("larger"));
    let deep = format!("extra: {}1{}\n", "[".repeat(60), "]".repeat(60));
    assert!(made(&deep).is_err());
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    assert!(made(&bomb).unwrap_err().contains("unfolds"));
}

#[test]
fn no_setting_hides_behind_a_tag() {
    for text in [
        "theme: !ENV [NOTHING, { name: material, custom_dir: o }]",
        "markdown_extensions: !ENV [NOTHING, [evil]]",
        "markdown_extensions: [pymdownx.b64: !ENV [NOTHING, { base_path: / }]]",
        "plugins: [group: !ENV [NOTHING, { plugins: [evil] }]]",
        "nav: !ENV [NOTHING, [{ x: '!include /etc/x.yml' }]]",
        "nav: [{ x: !ENV [NOTHING, '!include /etc/x.yml'] }]",
        "nav: [{ x: !!str '!include ./x.yml' }]",
        "theme: !!map { custom_dir: o }",
    ] {
        assert!(made(&format!("site_name: x\n{text}\n")).is_err(), "{text}");
    }
}

/// `billpay docs build` on a project, which has to fail before MkDocs is asked for.
pub fn refused(project: &TempDir, out: &str) -> Run {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let dir = project.path().display().to_string();
    sandbox.billpay(&["docs", "build", "--dir", &dir, "--out", out]).exits(1)
}

pub fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn settings_that_are_not_taken_are_told_with_their_lines() {
    let project = project(&[("mkdocs.yml", "site_name: x\nhooks: [evil.py]\n"), ("docs/index.md", "# x\n")]);
    refused(&project, "site")
        .says("does not take the setting `hooks`")
        .says("mkdocs.yml:2:1")
        .says("--no-strict");
}

#[test]
fn links_out_of_the_project_are_refused() {
    for (link, target) in
        [("docs/passwd.md", "/etc/passwd"), ("docs/up", ".."), ("snippet", "/etc"), ("docs/x", "../..")]
    {
        let project = project(&[("mkdocs.yml", "site_name: x\n"), ("docs/index.md", "# x\n")]);
        symlink(target, project.path().join(link)).expect("a link");
        refused(&project, "site").says("symbolic link").says(link);
    }
    for hidden in [".git/config", "node_modules/x/a.md"] {
        let project =
            project(&[("mkdocs.yml", "site_name: x\n"), ("docs/index.md", "# x\n"), (hidden, "token")]);
        symlink(format!("../{hidden}"), project.path().join("docs/a.md")).expect("a link");
        refused(&project, "site").says("docs/a.md").says("left out");
    }
    let project = project(&[("mkdocs.yml", "site_name: x\n")]);
    let other = TempDir::new().expect("a folder");
    symlink(other.path(), project.path().join("docs")).expect("a link");
    refused(&project, "site").says("leads out of the project");
}

#[test]
fn python_does_not_come_in_by_settings_that_are_taken_in() {
    let tags = [
        "!!python/name:os.system ''",
        "!<tag:yaml.org,2002:python/name:os.system> ''",
        "!!%70ython/name:os.system ''",
    ];
    for tag in tags {
        let project = project(&[
            ("mkdocs.yml", "site_name: x\nnav: [index.md, {Sub: '!include ./sub/mkdocs.yml'}]\n"),
            ("docs/index.md", "# x\n"),
            ("sub/mkdocs.yml", &format!("site_name: {tag}\n")),
            ("sub/docs/index.md", "# x\n"),
        ]);
        refused(&project, "site").says("sub/mkdocs.yml").says("would run Python code");
    }
}

#[test]
fn a_project_without_a_page_is_told_so() {
    refused(&project(&[("mkdocs.yml", "site_name: x\n")]), "site").says("docs/index.md");
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    sandbox.billpay(&["docs", "build", "--dir", "nowhere"]).exits(1).says("there is no folder nowhere");
}

/// A Python module that leaves a mark when it is imported.
fn module(mark: &std::path::Path) -> String {
    format!("import pathlib\npathlib.Path({:?}).touch()\n", mark.display().to_string())
}

#[test]
#[ignore = "installs MkDocs"]
fn nothing_of_the_project_is_imported_or_run() {
    let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
    let mark = sandbox.path("pwned");
    let module = module(&mark);
    let program = format!("#!/bin/sh\ntouch {}\n", mark.display());
    let mut files: Vec<(&str, &str)> = vec![
        ("docs/index.md", "# x :smile:\n\n```mermaid\ngraph TD;\n```\n"),
        (
            "mkdocs.yml",
            "site_name: x\nmarkdown_extensions:\n- pymdownx.superfences:\n    custom_fences:\n    - { name: mermaid, class: mermaid, \
             format: !!python/name:pymdownx.superfences.fence_code_format '' }\n- pymdownx.emoji:\n    emoji_index: \
             !!python/name:material.extensions.emoji.twemoji\n    emoji_generator: !!python/name:material.extensions.emoji.to_svg\n",
        ),
    ];
    let modules = [
        "mkdocs/__init__.py",
        "sitecustomize.py",
        "yaml.py",
        "pymdownx/__init__.py",
        "encodings.py",
        "json.py",
    ];
    files.extend(modules.map(|path| (path, module.as_str())));
    let programs = ["venv/bin/mkdocs", "python3", "dot", "git"];
    files.extend(programs.map(|path| (path, program.as_str())));
    let project = project(&files);
    for path in programs {
        let run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(project.path().join(path), run).expect("a mode");
    }
    let bin = project.path().join("venv/bin");
    let path = std::env::var("PATH").expect("a path");
    for out in ["one", "two"] {
        let out = sandbox.path(out).display().to_string();
        let args = ["docs", "build", "--out", &out];
        let mut command = sandbox.billpay_command(&args);
        command.current_dir(project.path()).env("XDG_CACHE_HOME", super::project::cache());
        command.env("PATH", format!("{}:.::venv/bin:{path}", bin.display()));
        command.env("PYTHONPATH", project.path()).env("PYTHONSTARTUP", project.path().join("yaml.py"));
        Run::new(&args, command.output().expect("billpay can be run")).exits(0);
        assert!(!mark.exists());
        let page = fs::read_to_string(format!("{out}/index.html")).expect("a page");
        assert!(page.contains("class=\"mermaid\"") && page.contains("twemoji"), "{page}");
    }
}
