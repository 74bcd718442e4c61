//! Where templates come from.

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
