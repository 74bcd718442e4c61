//! The picture of a project that MkDocs gets, as a program in its place sees it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::hostile::{project, refused};
use crate::project::{billpay, files};
use billpay_testkit::{Run, Sandbox};

/// Makes a site of the picture itself; a site beside its pages is only a trial.
const MKDOCS: &str = r#"#!/bin/sh
case "$6" in "$PWD"/*) exit 0;; esac
mkdir -p "$6" && cp -RL . "$6" && echo '{}' > "$6/techdocs_metadata.json"
"#;

/// Builds a project; returns the picture that MkDocs got.
fn picture(sandbox: &Sandbox, project: &TempDir) -> PathBuf {
    let program = sandbox.path("bin/mkdocs");
    fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
    fs::write(&program, MKDOCS).expect("a program");
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a mode");
    let (dir, out) = (project.path().display().to_string(), sandbox.path("picture"));
    let args = ["docs", "build", "--dir", &dir, "--out", &out.display().to_string()];
    let path = std::env::var("PATH").expect("a path");
    let mut command = sandbox.billpay_command(&args);
    command.env("PATH", format!("{}:{path}", sandbox.path("bin").display()));
    Run::new(&args, command.output().expect("billpay can be run")).exits(0);
    out
}

fn sandbox() -> Sandbox {
    Sandbox::of_account("http://127.0.0.1:9", "123456789012")
}

#[test]
fn settings_that_are_taken_in_get_there_as_they_were_checked() {
    for include in ["!include ./sub/mkdocs.yml", "*include ./*/mkdocs.yml", "!include ./link/mkdocs.yml"] {
        let project = project(&[
            ("mkdocs.yml", &format!("site_name: x\nnav: [index.md, {{ Sub: '{include}' }}]\n")),
            ("docs/index.md", "# x\n"),
            ("sub/mkdocs.yml", "site_name: Sub\nINHERIT: base.txt\nnav: [index.md]\n"),
            ("sub/base.txt", "plugins: [!!python/name:os.system x]\n"),
            ("sub/docs/index.md", "# y\n"),
        ]);
        symlink("sub", project.path().join("link")).expect("a link");
        let sandbox = sandbox();
        let picture = picture(&sandbox, &project);
        for name in ["sub", "link"] {
            let text = fs::read_to_string(picture.join(name).join("mkdocs.yml")).expect("settings");
            assert!(text.contains("Sub") && !text.contains("INHERIT"), "{include}: {text}");
        }
    }
}

#[test]
fn by_a_pattern_no_other_settings_are_there_to_be_taken_in() {
    let project = project(&[
        ("mkdocs.yml", "site_name: x\nnav: [index.md, { Sub: '*include ./*/*.yml' }]\n"),
        ("docs/index.md", "# x\n"),
        ("sub/mkdocs.yml", "site_name: Sub\nnav: [index.md]\n"),
        ("sub/other.yml", "a: !!python/name:os.system x\n"),
        ("sub/text.txt", "INHERIT: x\nsite_name: T\n"),
        ("sub/docs/index.md", "# y\n"),
    ]);
    symlink("text.txt", project.path().join("sub/link.yml")).expect("a link");
    let sandbox = sandbox();
    let picture = picture(&sandbox, &project);
    assert!(!picture.join("sub/other.yml").exists());
    let text = fs::read_to_string(picture.join("sub/link.yml")).expect("settings");
    assert!(text.contains("T") && !text.contains("INHERIT"), "{text}");
}

#[test]
fn the_first_page_is_never_written_into_the_project() {
    let project =
        project(&[("mkdocs.yml", "site_name: x\n"), ("README.md", "# Read\n"), ("real/more.md", "# x\n")]);
    symlink("real", project.path().join("docs")).expect("a link");
    let before = files(project.path());
    let sandbox = sandbox();
    let picture = picture(&sandbox, &project);
    assert_eq!(fs::read_to_string(picture.join("docs/index.md")).expect("a page"), "# Read\n");
    assert_eq!(files(project.path()), before);
}

#[test]
fn links_that_lead_nowhere_are_refused() {
    let outside = TempDir::new().expect("a folder");
    let written = outside.path().join("written");
    for link in ["docs/index.md", "docs/other.md", "docs"] {
        let project = project(&[("mkdocs.yml", "site_name: x\n"), ("README.md", "# Read\n")]);
        let link = project.path().join(link);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        symlink(&written, &link).expect("a link");
        refused(&project, "site").says("leads nowhere");
        assert!(!written.exists());
    }
}

#[test]
fn settings_and_the_catalog_are_files_of_the_project() {
    let outside = TempDir::new().expect("a folder");
    let secret = outside.path().join("credentials");
    fs::write(&secret, "[default]\naws_secret_access_key: [hunter2\n").expect("a file");
    for name in ["mkdocs.yml", "mkdocs.yaml", "catalog-info.yaml"] {
        let project = project(&[("docs/index.md", "# x\n")]);
        symlink(&secret, project.path().join(name)).expect("a link");
        let run = refused(&project, "site").says("leads out of the project");
        assert!(!run.stderr.contains("aws") && !run.stdout.contains("aws"), "{}", run.stderr);
    }
    for name in ["mkdocs.yml", "docs/page.md", "sub/mkdocs.yml"] {
        let project = project(&[("docs/index.md", "# x\n"), ("sub/x", "")]);
        let pipe = project.path().join(name);
        assert!(Command::new("mkfifo").arg(pipe).status().expect("mkfifo runs").success());
        refused(&project, "site").says(name).says("is not a file");
    }
}

#[test]
#[ignore = "full tier: installs MkDocs"]
fn sites_that_are_taken_in_are_built_with_their_pages() {
    let sandbox = sandbox();
    for (at, include) in ["!include ./sub/mkdocs.yml", "*include ./*/mkdocs.yml"].into_iter().enumerate() {
        let project = project(&[
            (
                "mkdocs.yml",
                &format!(
                    "site_name: x\nnav: [index.md, {{ Sub: '{include}' }}]\ntheme: {{ custom_dir: o }}\n"
                ),
            ),
            ("docs/index.md", "# x\n"),
            ("sub/mkdocs.yml", "site_name: sub\nplugins: [techdocs-core]\nnav: [index.md]\n"),
            ("sub/docs/index.md", "# Taken in\n"),
        ]);
        let (dir, out) = (project.path().display().to_string(), sandbox.path(&format!("site-{at}")));
        let args = ["docs", "build", "--no-strict", "--dir", &dir, "--out", &out.display().to_string()];
        billpay(&sandbox, &args).exits(0).says("left out: TechDocs does not take `custom_dir`");
        let page = fs::read_to_string(out.join("sub/index.html")).expect("a page");
        assert!(page.contains("Taken in"), "{include}: {page}");
    }
}
