//! Sources of templates.

use crate::place::Place;

impl Place {
    /// A repository with two versions of the template in it, tagged; returns its URL.
    pub fn template_repository(&self, folder: &str) -> String {
        self.service_template(&format!("{folder}/templates/service"));
        self.commit(folder);
        self.git(folder, &["tag", "v1"]);
        self.second_service_template(&format!("{folder}/templates/service"));
        self.commit(folder);
        self.git(folder, &["tag", "v2"]);
        format!("file://{}", self.path(folder).display())
    }
}

#[test]
fn a_template_comes_from_a_repository_at_a_branch_tag_or_commit() {
    let place = Place::new();
    let url = place.template_repository("repo");
    let first = place.git("repo", &["rev-parse", "v1"]);
    let args = ["scaffold", &url, "--directory", "templates/service", "--set", "name=pay"];
    for (reference, out, has_tier) in [
        (None, "head", true),
        (Some("v1"), "tag", false),
        (Some(&first[..]), "commit", false),
        (Some("main"), "branch", true),
    ] {
        let reference: Vec<&str> = reference.map(|reference| vec!["--ref", reference]).unwrap_or_default();
        place.say(&[&args[..], &reference, &["--out", out]].concat()).exits(0);
        assert_eq!(place.is_there(&format!("{out}/TIER.md")), has_tier, "{out}");
        let (executable, _) = place.files(out)["run.sh"];
        assert!(executable);
    }
    assert!(place.read("tag/.billpay/scaffold.yaml").contains(&first));
    assert_eq!(place.files("tag")["logo.png"].1, b"\x89PNG\x00\x01${{ values.name }}\xff");
    // A template is found again in a folder of many.
    let listed = place.say(&["scaffold", "list", &url]).exits(0);
    assert!(listed.out.contains("templates/service"), "{}", listed.out);
    place.say(&["scaffold", &url, "--set", "name=x"]).fails_with(&["--directory", "templates/service"]);
    place.say(&[&args[..], &["--ref", "v3"]].concat()).fails_with(&["v3"]);
}

#[test]
fn the_same_template_is_the_same_version_from_a_folder_and_from_a_repository() {
    let place = Place::new();
    let url = place.template_repository("repo");
    let digest = |source: &[&str]| {
        let args = [&["scaffold", "show", "--output", "json"], source].concat();
        place.say(&args).exits(0).json()["digest"].to_string()
    };
    assert_eq!(digest(&[&url, "--directory", "templates/service"]), digest(&["./repo/templates/service"]));
}

#[test]
fn no_url_or_reference_makes_git_run_anything() {
    let place = Place::new();
    let url = place.template_repository("repo");
    let touch = format!("touch {}", place.path("pwned").display());
    let ext = format!("ext::sh -c {}", touch.replace(' ', "% "));
    let pack = format!("--upload-pack={touch}");
    for source in [&ext[..], &pack, "http://127.0.0.1:9/x", "git://127.0.0.1:9/x", "ssh://-oProxyCommand=x/y"]
    {
        let said = place.say(&["scaffold", "--set", "name=x", "--out", "x", "--", source]);
        assert_eq!(said.code, 1, "{source}: {}", said.err);
    }
    for reference in [&pack[..], "-x", "a..b", "HEAD:x", "a b"] {
        let reference = format!("--ref={reference}");
        let said = place.say(&["scaffold", &url, &reference, "--set", "name=x", "--out", "x"]);
        said.fails_with(&["can't be a branch, tag or commit"]);
    }
    // A submodule by way of a program, and a filter: neither is looked at.
    place.write("repo/.gitattributes", "* filter=evil\n");
    place.write("repo/.gitmodules", format!("[submodule \"x\"]\npath = x\nurl = {ext}\n"));
    place.commit("repo");
    place.say(&["scaffold", &url, "--directory", "templates/service", "--set", "name=pay"]).exits(0);
    assert!(!place.is_there("pwned"));
}

impl Place {
    /// A repository in which a template shares a skeleton, with names that nothing stands for.
    fn repository_with_shared_skeleton(&self, folder: &str) {
        let template = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: { name: shared }\nspec:\n  \
                        type: service\n  parameters:\n    required: [name]\n    properties:\n      name: { type: string }\n  \
                        steps:\n    - action: fetch:template\n      input: { url: ../../skeletons/a, values: { name: '${{ parameters.name }}' } }\n";
        self.write(&format!("{folder}/templates/shared/template.yaml"), template);
        self.write(&format!("{folder}/skeletons/a/a.txt"), "${{ values.name }} ${{ values.nmae }}\n");
    }
}

#[test]
fn a_template_shares_a_skeleton_of_its_repository_and_an_update_sees_its_changes() {
    let place = Place::new();
    place.repository_with_shared_skeleton("repo");
    place.commit("repo");
    let url = format!("file://{}", place.path("repo").display());
    let remote = [&url[..], "--directory", "templates/shared"];
    for (source, out) in [(&["./repo/templates/shared"][..], "folder"), (&remote, "remote")] {
        let args = [&["scaffold"], source, &["--set", "name=pay", "--out", out]].concat();
        let said = place.say(&args).exits(0);
        assert!(said.err.contains("skeletons/a/a.txt:1:24"), "{}", said.err);
        assert_eq!(place.read(&format!("{out}/a.txt")), "pay \n");
        let check = ["scaffold", "update", out, "--check"];
        place.say(&check).exits(0);
        let digest = place.read(&format!("{out}/.billpay/scaffold.yaml"));
        place.write("repo/skeletons/a/a.txt", "new ${{ values.name }}\n");
        place.commit("repo");
        place.say(&check).exits(2);
        place.say(&["scaffold", "update", out, "--allow-dirty"]).exits(0);
        assert_eq!(place.read(&format!("{out}/a.txt")), "new pay\n");
        let line = |record: &str| record.lines().find(|line| line.contains("digest:")).map(str::to_string);
        assert_ne!(line(&digest), line(&place.read(&format!("{out}/.billpay/scaffold.yaml"))));
        place.write("repo/skeletons/a/a.txt", "${{ values.name }} ${{ values.nmae }}\n");
        place.commit("repo");
    }
}

#[test]
fn the_root_of_a_plain_folder_is_named_and_remembered() {
    let place = Place::new();
    place.repository_with_shared_skeleton("plain");
    let args = ["scaffold", "./plain/templates/shared", "--set", "name=pay", "--out", "out"];
    place.say(&args).fails_with(&["leads out of the template", "--root"]);
    place.say(&[&args[..], &["--root", "plain"]].concat()).exits(0);
    assert!(place.read("out/.billpay/scaffold.yaml").contains("root: ../plain"));
    place.write("plain/skeletons/a/a.txt", "new\n");
    place.say(&["scaffold", "update", "out", "--check"]).exits(2);
    place.say(&[&args[..], &["--root", "out"]].concat()).fails_with(&["is not in"]);
    place.say(&["scaffold", "billpay-service", "--root", "plain"]).fails_with(&["can't be chosen"]);
}

#[test]
fn what_is_undefined_is_told_in_json_and_refused_where_it_is_strict() {
    let place = Place::new();
    place.repository_with_shared_skeleton("plain");
    let args =
        ["scaffold", "./plain/templates/shared", "--root", "plain", "--set", "name=pay", "--out", "out"];
    let said = place.say(&[&args[..], &["--dry-run", "--output", "json"]].concat()).exits(0);
    let json = said.json();
    assert_eq!(json["warnings"][0]["severity"], "warning");
    assert_eq!(json["warnings"][0]["did_you_mean"], "values.name");
    place.say(&[&args[..], &["--strict"]].concat()).fails_with(&["error[undefined]", "`values.nmae`"]);
    assert!(!place.is_there("out"));
    place.say(&args).exits(0);
    place.say(&["scaffold", "update", "out", "--check", "--strict"]).fails_with(&["`values.nmae`"]);
    let update = place.say(&["scaffold", "update", "out", "--check", "--output", "json"]).exits(0).json();
    assert_eq!(update["templates"][0]["warnings"][0]["line"], 1);
}
