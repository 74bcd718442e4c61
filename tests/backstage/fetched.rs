//! Files of another repository: the program by Git, and the portal by its own reader of URLs, make the same of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use billpay_scaffold::sources::read_folder;
use tempfile::TempDir;

use crate::asking;
use crate::portal::Portal;
use crate::same::{Made, differs, theirs_with};
use crate::shared::{answers, git, write};

const PARTS: &str = "https://git.acme.test/acme/parts";

fn collect(root: &Path, folder: &Path, made: &mut Made) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("inside").display().to_string();
        if name == ".billpay" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, made);
            continue;
        }
        let executable = path.metadata().expect("a file").permissions().mode() & 0o111 != 0;
        made.files.insert(name, (fs::read_to_string(&path).expect("text"), executable));
    }
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and lets it read a repository of its own"]
fn files_of_another_repository_are_the_portal_s() {
    let place = TempDir::new().expect("a folder");
    let parts = place.path().join("acme/parts");
    write(&parts, "skeletons/a/${{ values.name }}/x.txt", "x ${{ values.name }}\n");
    write(&parts, "skeletons/a/.github/ci.yml", "run: ${{ github.ref }} ${{ values.note }}\n");
    write(&parts, "skeletons/a/run.sh", "echo ${{ values.name }}\n");
    fs::set_permissions(parts.join("skeletons/a/run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    write(&parts, "plain/deep/a.txt", "${{ plain }}\n");
    write(&parts, "LICENSE", "${{ none }}\n");
    write(&parts, "one.txt", "${{ values.name }} one\n");
    git(&parts, &["init", "--quiet", "--initial-branch=main"]);
    git(&parts, &["add", "."]);
    git(&parts, &["commit", "--quiet", "-m", "x"]);
    let values = "values: { name: '${{ parameters.name }}' }";
    let steps = format!(
        "- {{ action: fetch:template, input: {{ url: '{PARTS}/tree/main/skeletons/a', {values} }} }}\n\
         - {{ action: fetch:template, input: {{ url: '{PARTS}/tree/main/skeletons/a/', targetPath: again, {values} }} }}\n\
         - {{ action: fetch:template:file, input: {{ url: '{PARTS}/blob/main/one.txt', targetPath: one.txt, {values} }} }}\n\
         - {{ action: fetch:plain, input: {{ url: '{PARTS}/tree/main/plain', targetPath: plain }} }}\n\
         - {{ action: fetch:plain, input: {{ url: '{PARTS}', targetPath: all }} }}\n\
         - {{ action: fetch:plain:file, input: {{ url: '{PARTS}/blob/main/LICENSE', targetPath: LICENSE }} }}\n"
    );
    let template = place.path().join("template");
    write(&template, "template.yaml", &asking(&steps));
    let config =
        format!("[url \"file://{}/\"]\ninsteadOf = https://git.acme.test/\n", place.path().display());
    write(place.path(), "home/.gitconfig", &config);
    let home = place.path().join("home");
    let out = place.path().join("out");
    let mut program = Command::new(env!("CARGO_BIN_EXE_billpay"));
    program.args(["scaffold", "./template", "--set", "name=shop", "--fetch", "--out", "out"]);
    program.current_dir(place.path()).env("HOME", &home).env("XDG_CACHE_HOME", home.join(".cache"));
    let said = program.stdin(Stdio::null()).output().expect("the program starts");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let folder = read_folder(&template).expect("a template");
    let mut portal = Portal::start();
    let theirs = theirs_with(&mut portal, &folder, &answers(), Some(&parts)).expect("the portal's project");
    let mut ours = Made { folders: theirs.folders.clone(), ..Made::default() };
    collect(&out, &out, &mut ours);
    assert!(ours.files.len() > 10);
    assert!(ours == theirs, "{}", differs(&ours, &theirs));
}
