//! Templates of one repository that share skeletons: the same bytes as where each has a copy.

use std::path::Path;
use std::process::{Command, Stdio};

use billpay_scaffold::backstage::open;
use billpay_scaffold::sources::{SourceOptions, find};
use billpay_scaffold::{Answers, Entry, ProjectTemplate, Rendering, Source, TemplateError, TemplateFile};
use tempfile::TempDir;

use crate::portal::Portal;
use crate::same::{differs, made, theirs};
use crate::{asking, options, put, render_error};

pub fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

pub fn git(root: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]);
    let status = command.args(arguments).current_dir(root).stdout(Stdio::null()).status();
    assert!(status.expect("git runs").success(), "git {arguments:?}");
}

fn steps(skeletons: &str) -> String {
    asking(&format!(
        "- {{ action: fetch:template, input: {{ url: {skeletons}/catalog-info/, values: {{ name: '${{{{ parameters.name }}}}', note: '${{{{ parameters.note }}}}' }} }} }}\n\
         - {{ action: fetch:plain:file, input: {{ url: {skeletons}/LICENSE, targetPath: LICENSE }} }}\n\
         - {{ action: fetch:template:file, input: {{ url: {skeletons}/one.txt, targetPath: one.txt, values: {{ name: x }} }} }}\n\
         - {{ action: fetch:plain, input: {{ url: {skeletons}/plain, targetPath: plain }} }}\n\
         - {{ action: fetch:template, input: {{ url: ./skeleton, values: {{ name: y }} }} }}\n"
    ))
}

const SHARED: &[(&str, &str)] = &[
    (
        "catalog-info/catalog-info.yaml",
        "name: ${{ values.name }}\nnote: ${{ values.note }}\nowner: ${{ values.owner }}\n",
    ),
    (
        "catalog-info/.github/workflows/ci.yml",
        "run: ${{ github.ref }} ${{ values.name }} ${{ '${{' }} github.sha }}\n",
    ),
    ("catalog-info/${{ values.name }}/x.txt", "x"),
    ("LICENSE", "${{ none }}\n"),
    ("one.txt", "${{ values.name }}${{ values.nope }}\n"),
    ("plain/a.txt", "${{ plain }}\n"),
];

/// A repository with a template in `templates/service` and skeletons beside it.
fn repository(skeletons: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    write(root, "templates/service/template.yaml", &steps(skeletons));
    write(root, "templates/service/skeleton/own.txt", "own ${{ values.name }}\n");
    for (path, text) in SHARED {
        write(root, &format!("skeletons/{path}"), text);
    }
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    git(root, &["remote", "add", "origin", "git@git.acme.com:platform/templates.git"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "-m", "x"]);
    folder
}

pub fn answers() -> Answers {
    serde_json::from_str(r#"{"name": "shop"}"#).expect("answers")
}

fn rendered(source: &Source, at: SourceOptions<'_>) -> Result<Rendering, TemplateError> {
    let found = find(source, at).expect("a template");
    let template = open(&found.folder)?.within(found.around);
    template.render(&template.complete(&answers())?, &options(), &mut |_| ())
}

fn in_folder(root: &Path) -> Result<Rendering, TemplateError> {
    rendered(&Source::Path(root.join("templates/service").display().to_string()), SourceOptions::default())
}

/// Every way to say where the skeletons are.
const WAYS: &[&str] = &[
    "../../skeletons",
    "./../.././skeletons",
    "/skeletons",
    "https://git.acme.com/platform/templates/-/tree/main/skeletons",
    "https://git.acme.com/platform/templates/tree/v2/skeletons",
    "ssh://git@git.acme.com:2222/platform/templates.git/tree/main/skeletons",
];

#[test]
fn a_skeleton_of_the_repository_is_read_whatever_its_url_and_counts_in_the_version() {
    let mut all = vec![];
    for way in WAYS {
        let repository = repository(way);
        let root = repository.path();
        let rendering = in_folder(root).unwrap_or_else(|error| panic!("{way}: {}", render_error(&error)));
        assert_eq!(rendering.warnings.problems.len(), 4, "{}", rendering.warnings.render(false));
        let url = format!("file://{}", root.display());
        if !way.contains("://") {
            let at = SourceOptions { directory: Some("templates/service"), ..SourceOptions::default() };
            let remote = rendered(&Source::Git(url), at).expect("a project");
            assert_eq!((&remote.project, &remote.shared), (&rendering.project, &rendering.shared));
        }
        let before = rendering.shared.clone();
        assert!(before.is_some());
        write(root, "skeletons/LICENSE", "another\n");
        assert_ne!(in_folder(root).expect("a project").shared, before);
        write(root, "skeletons/unused/x", "another\n");
        write(root, "skeletons/LICENSE", SHARED[3].1);
        assert_eq!(in_folder(root).expect("a project").shared, before);
        all.push(rendering.project);
    }
    assert!(all.iter().all(|project| *project == all[0]));
    assert_eq!(all[0].files.len(), 7);
}

#[test]
fn nothing_outside_the_repository_is_read_by_any_spelling_or_link() {
    for (url, part) in [
        ("../../../secret", "leads out of the template's repository"),
        ("../../../../../../../../../etc", "leads out of the template's repository"),
        ("/../secret", "leads out of the template's repository"),
        ("../../skeletons/../../secret", "leads out of the template's repository"),
        (
            "https://git.acme.com/platform/templates/-/tree/main/%2e%2e/secret",
            "leads out of the template's repository",
        ),
        ("%2e%2e/%2e%2e/%2e%2e/secret", "has no"),
        ("..\\\\..\\\\skeletons", "has no"),
        ("../../.git", "`.git` is no part"),
        ("/.GIT/config", "`.git` is no part"),
        ("../../link", "is a symbolic link"),
        ("../../link/x", "is a symbolic link"),
        ("../../skeletons/inner", "is a symbolic link"),
        ("../../nowhere", "has no `nowhere`"),
    ] {
        let repository = repository("../../skeletons");
        let outer = repository.path();
        let root = outer.join("repo");
        std::fs::create_dir(&root).expect("a folder");
        for name in [".git", "templates", "skeletons"] {
            std::fs::rename(outer.join(name), root.join(name)).expect("moved");
        }
        write(outer, "secret/x", "secret");
        std::os::unix::fs::symlink(outer.join("secret"), root.join("link")).expect("a link");
        std::os::unix::fs::symlink(outer.join("secret"), root.join("skeletons/inner")).expect("a link");
        for action in ["fetch:template", "fetch:plain"] {
            let step = format!("- {{ action: {action}, input: {{ url: \"{url}\" }} }}\n");
            write(&root, "templates/service/template.yaml", &asking(&step));
            let error = in_folder(&root).map(|made| made.project.files.into_keys().collect::<Vec<_>>());
            let error = error.expect_err(url);
            assert!(render_error(&error).contains(part), "{action} {url}: {}", render_error(&error));
        }
    }
}

#[test]
fn a_plain_folder_may_be_read_as_far_as_its_root_says() {
    let repository = repository("../../skeletons");
    let root = repository.path();
    std::fs::remove_dir_all(root.join(".git")).expect("no repository any more");
    let error = in_folder(root).expect_err("it leads out");
    assert!(render_error(&error).contains("--root"), "{}", render_error(&error));
    let source = Source::Path(root.join("templates/service").display().to_string());
    let at = SourceOptions { root: Some(root), ..SourceOptions::default() };
    assert_eq!(rendered(&source, at).expect("a project").project.files.len(), 7);
    let elsewhere = SourceOptions { root: Some(&root.join("skeletons")), ..SourceOptions::default() };
    assert!(find(&source, elsewhere).is_err());
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and runs a repository's template through it"]
fn a_shared_skeleton_gives_the_portal_s_bytes() {
    let mut portal = Portal::start();
    let repository = repository("../../skeletons");
    let ours = made(in_folder(repository.path()).expect("a project"));
    // The dry run has one folder alone, so there the template has a copy.
    let mut folder = find(
        &Source::Path(repository.path().join("templates/service").display().to_string()),
        SourceOptions::default(),
    )
    .expect("a template")
    .folder;
    let file = |text: &str| Entry::File(TemplateFile { bytes: text.as_bytes().to_vec(), executable: false });
    put(&mut folder, "template.yaml", file(&steps("./shared")));
    for (path, text) in SHARED {
        put(&mut folder, &format!("shared/{path}"), file(text));
    }
    let theirs = theirs(&mut portal, &folder, &answers()).expect("the portal's project");
    assert!(ours == theirs, "{}", differs(&ours, &theirs));
}
