//! Repositories of others: nothing that they hold runs, and nothing in them decides.

use std::fs;
use std::process::Command;

use crate::place::{Place, Said};

impl Place {
    /// A project made from a template, in Git; and a program that leaves a mark when it runs.
    fn project_and_program(&self) -> String {
        self.service_template("t");
        self.say(&["scaffold", "./t", "--set", "name=pay", "--out", "pay"]).exits(0);
        self.commit("pay");
        let program = self.path("evil.sh").display().to_string();
        self.write("evil.sh", format!("#!/bin/sh\ntouch {}\ncat\n", self.path("pwned").display()));
        self.make_executable("evil.sh");
        program
    }

    /// Updates the project to a template that has changed.
    fn refresh(&self) -> Said {
        let path = "t/skeleton/new.txt";
        let text = if self.is_there(path) { self.read(path) } else { String::new() };
        self.write(path, text + "new\n");
        self.say(&["scaffold", "update", "pay"])
    }

    fn make_pipe(&self, path: &str) {
        let made = Command::new("mkfifo").arg(self.path(path)).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo is there");
    }

    /// Git writes its index anew, so that a status has to look into every file.
    fn touch(&self, path: &str) {
        let text = self.read(path);
        self.write(path, text);
    }
}

#[test]
fn the_configuration_of_a_repository_runs_nothing() {
    let place = Place::new();
    let program = place.project_and_program();
    place.write("pay/.git/info/attributes", "* filter=evil diff=evil\n");
    let config = place.read("pay/.git/config");
    place.write("included", format!("[core]\n\tfsmonitor = {program}\n"));
    let included = place.path("included").display().to_string();
    for settings in [
        format!("[core]\n\tfsmonitor = {program}\n"),
        format!("[filter \"evil\"]\n\tclean = {program}\n\trequired = true\n"),
        format!("[filter \"evil\"]\n\tprocess = {program}\n"),
        format!("[include]\n\tpath = {included}\n"),
        format!("[includeIf \"gitdir:**\"]\n\tpath = {included}\n"),
        format!("[diff]\n\texternal = {program}\n"),
        format!("[core]\n\tsshCommand = {program}\n\talternateRefsCommand = {program}\n"),
        format!("[remote \"origin\"]\n\turl = .\n\tpromisor = true\n\tuploadpack = {program}\n"),
    ] {
        place.write("pay/.git/config", format!("{config}{settings}"));
        place.touch("pay/README.md");
        place.refresh().fails_with(&["not known", "may run a program", "--allow-dirty"]);
        assert!(!place.is_there("pwned"), "{settings}");
        place.say(&["scaffold", "update", "pay", "--check"]).exits(2);
        assert!(!place.is_there("pwned"), "{settings}");
    }
    // Commands that a status doesn't run, and an included file that runs nothing: as actions/checkout keeps credentials.
    place.write("included", "[http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic x\n");
    let settings = format!(
        "[core]\n\texcludesFile = /dev/null/none\n[alias]\n\tst = !{program}\n[difftool \"x\"]\n\tcmd = {program}\n\
         [mergetool \"x\"]\n\tpath = {program}\n[includeIf \"gitdir:/x/.git\"]\n\tpath = {included}\n\
         [includeIf \"gitdir:/y/.git\"]\n\tpath = /not/there\n"
    );
    place.write("pay/.git/config", format!("{config}{settings}"));
    place.touch("pay/README.md");
    place.refresh().exits(0);
    assert!(!place.is_there("pwned"));
    place.commit("pay");
    // Hooks don't run; with them, the answer is known.
    place.write("pay/.git/config", &config);
    place.write("pay/.git/hooks/post-index-change", place.read("evil.sh"));
    place.make_executable("pay/.git/hooks/post-index-change");
    place.touch("pay/README.md");
    let index = fs::read(place.path("pay/.git/index")).expect("an index");
    place.refresh().exits(0);
    assert!(!place.is_there("pwned"));
    assert_eq!(fs::read(place.path("pay/.git/index")).expect("an index"), index, "a status writes nothing");
}

#[test]
fn a_folder_that_looks_like_a_repository_is_none() {
    let place = Place::new();
    let program = place.project_and_program();
    fs::remove_dir_all(place.path("pay/.git")).expect("it was there");
    // In the project itself, and above it.
    for folder in ["pay", "."] {
        for path in ["objects/x", "refs/heads/x"] {
            place.write(&format!("{folder}/{path}"), "");
        }
        place.write(&format!("{folder}/HEAD"), "ref: refs/heads/main\n");
        let config = format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = {program}\n"
        );
        place.write(&format!("{folder}/config"), config);
        place.refresh().fails_with(&["in no Git repository"]);
        assert!(!place.is_there("pwned"));
    }
}

#[test]
fn a_repository_elsewhere_is_no_way_round() {
    let place = Place::new();
    let program = place.project_and_program();
    fs::rename(place.path("pay/.git"), place.path("elsewhere")).expect("a moved repository");
    place.write("pay/.git", format!("gitdir: {}\n", place.path("elsewhere").display()));
    place.refresh().exits(0);
    place.commit("pay");
    let config = place.read("elsewhere/config");
    place.write("elsewhere/config", format!("{config}[core]\n\tfsmonitor = {program}\n"));
    place.touch("pay/README.md");
    place.refresh().fails_with(&["not known"]);
    place.write("elsewhere/config", format!("{config}[core]\n\tworktree = {}\n", place.path("t").display()));
    place.refresh().fails_with(&["not known", "files are in"]);
    // The configuration of one work tree.
    place.write("elsewhere/config", format!("{config}[extensions]\n\tworktreeConfig = true\n"));
    place.write("elsewhere/config.worktree", format!("[core]\n\tfsmonitor = {program}\n"));
    place.refresh().fails_with(&["not known"]);
    assert!(!place.is_there("pwned"));
}

#[test]
fn work_trees_and_submodules_of_honest_people_are_known() {
    let place = Place::new();
    let program = place.project_and_program();
    place.git("pay", &["worktree", "add", "--quiet", "../linked"]);
    place.write("t/skeleton/new.txt", "new\n");
    place.say(&["scaffold", "update", "linked"]).exits(0);
    assert!(place.is_there("linked/new.txt"));

    place.write("lib/a", "a\n");
    place.commit("lib");
    let allowed = ["-c", "protocol.file.allow=always"];
    place.git("pay", &[&allowed[..], &["submodule", "--quiet", "add", "../lib", "lib"]].concat());
    place.commit("pay");
    place.write("pay/lib/a", "changed\n");
    place.refresh().fails_with(&["not committed"]);
    place.git("pay/lib", &["checkout", "--quiet", "a"]);
    let config = place.read("pay/.git/modules/lib/config");
    place.write("pay/.git/modules/lib/config", format!("{config}[core]\n\tfsmonitor = {program}\n"));
    place.touch("pay/lib/a");
    place.refresh().fails_with(&["not known"]);
    assert!(!place.is_there("pwned"));
    place.write("pay/.git/modules/lib/config", config);
    place.refresh().exits(0);
    assert!(place.is_there("pay/new.txt"));
}

#[test]
fn old_and_linked_repositories_are_known() {
    let place = Place::new();
    place.project_and_program();
    place.git("pay", &["pack-refs", "--all"]);
    place.remove("pay/.git/HEAD");
    std::os::unix::fs::symlink("refs/heads/main", place.path("pay/.git/HEAD")).expect("a link");
    place.refresh().exits(0);
    place.commit("pay");

    place.write("above/a", "a\n");
    place.commit("above");
    let allowed = ["-c", "protocol.file.allow=always"];
    place.git("above", &[&allowed[..], &["submodule", "--quiet", "add", "../pay", "pay"]].concat());
    place.git("above/pay", &["worktree", "add", "--quiet", "../../linked"]);
    place.write("t/skeleton/more.txt", "more\n");
    place.say(&["scaffold", "update", "linked"]).exits(0);
    assert!(place.is_there("linked/more.txt"));
}

#[test]
fn a_project_that_git_ignores_is_not_taken_for_a_committed_one() {
    let place = Place::new();
    place.service_template("t");
    place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "all/out/pay"]).exits(0);
    place.write("all/.gitignore", "out/\n");
    place.commit("all");
    place.write("t/skeleton/README.md", "new\n");
    let update = ["scaffold", "update", "all/out/pay"];
    place.say(&update).fails_with(&["holds no file of the project", "--allow-dirty"]);
    place.git("all", &["add", "--force", "out/pay/README.md"]);
    place.git("all", &["commit", "--quiet", "--message", "one"]);
    place.say(&update).fails_with(&["holds nothing of `.billpay`"]);
    assert_ne!(place.read("all/out/pay/README.md"), "new\n");
}

#[test]
fn a_pipe_in_place_of_a_file_holds_nothing_up() {
    let place = Place::new();
    place.project_and_program();
    for path in [".git/config", ".git/HEAD", ".git/info/exclude", ".gitignore"] {
        let full = place.path("pay").join(path);
        let before = fs::read(&full).ok();
        let _ = fs::remove_file(&full);
        place.make_pipe(&format!("pay/{path}"));
        place.refresh().fails_with(&["not known", "is no regular file"]);
        fs::remove_file(&full).expect("it was there");
        before.into_iter().for_each(|text| fs::write(&full, text).expect("a file"));
    }
    for path in ["environments/dev.yaml", "environments/shared.yaml", "environments/services/a.yaml"] {
        let _ = fs::remove_dir_all(place.path("environments"));
        place.write("environments/dev.yaml", "environment: dev\n");
        fs::create_dir_all(place.path("environments/services")).expect("a folder");
        let _ = fs::remove_file(place.path(path));
        place.make_pipe(path);
        place.say(&["plan", "--env", "dev"]).fails_with(&[path, "is no regular file"]);
    }
}

#[test]
fn what_git_tells_its_hooks_leads_to_no_other_repository() {
    let place = Place::new();
    place.project_and_program();
    place.write("other/a", "a\n");
    place.commit("other");
    place.write("pay/own.txt", "not committed\n");
    let other = place.path("other/.git");
    place.write("t/skeleton/new.txt", "new\n");
    let mut command = place.command("", &["scaffold", "update", "pay"]);
    command
        .env("GIT_DIR", &other)
        .env("GIT_WORK_TREE", place.path("other"))
        .env("GIT_INDEX_FILE", other.join("index"));
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.bare")
        .env("GIT_CONFIG_VALUE_0", "true");
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("changes that are not committed"), "{said}");
}

#[test]
fn a_local_repository_of_templates_runs_nothing() {
    let place = Place::new();
    let program = place.project_and_program();
    let url = place.template_repository("repo");
    let config = place.read("repo/.git/config");
    let settings = format!(
        "[core]\n\tfsmonitor = {program}\n\tsshCommand = {program}\n\talternateRefsCommand = {program}\n\tgitProxy = {program}\n\
         [uploadpack]\n\tpackObjectsHook = {program}\n[remote \"origin\"]\n\turl = ssh://x/y\n\tpromisor = true\n\
         \tuploadpack = {program}\n[extensions]\n\tpartialClone = origin\n[credential]\n\thelper = !{program}\n"
    );
    place.write("repo/.git/config", format!("{config}{settings}"));
    let args = ["--directory", "templates/service", "--set", "name=pay"];
    place.say(&[&["scaffold", &url, "--out", "a"], &args[..]].concat()).exits(0);
    place.say(&["scaffold", "./repo/templates/service", "--set", "name=pay", "--out", "b"]).exits(0);
    assert!(!place.is_there("pwned"));
}

#[test]
fn a_program_is_not_taken_from_where_a_search_path_is_relative() {
    let place = Place::new();
    place.project_and_program();
    for folder in ["pay", "pay/bin", "."] {
        place.write(&format!("{folder}/git"), place.read("evil.sh"));
        place.make_executable(&format!("{folder}/git"));
    }
    place.commit("pay");
    place.write("t/skeleton/new.txt", "new\n");
    let path = std::env::var("PATH").expect("a path");
    let mut command = place.command("pay", &["scaffold", "update"]);
    let output = command.env("PATH", format!(".:bin::{path}")).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.is_there("pwned"));
}

/// Gives a path to another user, as root or through sudo.
fn give_away(paths: &[&std::path::Path]) {
    let chown = |program: &str, more: &[&str]| {
        let status = Command::new(program).args(more).args(["-h", "65534"]).args(paths).status();
        status.is_ok_and(|status| status.success())
    };
    assert!(chown("chown", &[]) || chown("sudo", &["-n", "chown"]), "giving files away needs root, or sudo");
}

#[test]
#[ignore = "gives files to another user, which needs root or sudo"]
fn a_repository_of_another_user_is_asked_nothing_until_git_takes_it_for_safe() {
    let place = Place::new();
    place.project_and_program();
    give_away(&[&place.path("pay/.git")]);
    place.refresh().fails_with(&["not known", "belongs to another user", "safe.directory"]);
    let config = place.read("home/.gitconfig");
    let folder = place.path("pay").canonicalize().expect("a folder");
    place.write("home/.gitconfig", format!("{config}[safe]\n\tdirectory = {}\n", folder.display()));
    place.refresh().exits(0);
}

#[test]
fn a_template_makes_no_repository_and_no_two_names_that_are_one() {
    let place = Place::new();
    for (files, word) in [
        (&["HEAD", "objects/a", "refs/a"][..], "would take it for a repository"),
        (&["a/HEAD", "a/config", "a/objects/a", "a/refs/a"], "`a`"),
        (&["a\u{200c}b", "ab"], "one file on Windows and macOS"),
        (&[".g\u{200c}it/config"], "Git keeps its own records there"),
        (&["git~1/config"], "Git keeps its own records there"),
    ] {
        let _ = fs::remove_dir_all(place.path("t"));
        place.service_template("t");
        for file in files {
            place.write(&format!("t/skeleton/{file}"), "[core]\n");
        }
        place.say(&["scaffold", "./t", "--set", "name=pay", "--out", "pay"]).fails_with(&[word]);
        assert!(!place.is_there("pay"), "{files:?}");
    }
}

#[test]
fn a_trusted_hook_gets_no_credentials_and_makes_no_repository() {
    let place = Place::new();
    place.write("c/cookiecutter.json", r#"{"name": "pay"}"#);
    place.write("c/{{cookiecutter.name}}/a.txt", "a\n");
    place.write("c/hooks/post_gen_project.sh", "#!/bin/sh\nenv > env.txt\n");
    let args = ["scaffold", "./c", "--defaults", "--trust", "--out", "pay"];
    let mut command = place.command("", &args);
    for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "GH_TOKEN", "PYTHONPATH"] {
        command.env(name, "topsecret");
    }
    let output = command.env("GIT_AUTHOR_NAME", "Ada").output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let env = place.read("pay/env.txt");
    assert!(
        !env.contains("topsecret") && env.contains("GIT_AUTHOR_NAME=Ada") && env.contains("HOME="),
        "{env}"
    );
    for (script, word) in [
        ("mkdir -p a/objects a/refs\ntouch a/HEAD", "would take it for a repository"),
        ("touch b B", "are one file"),
    ] {
        place.write("c/hooks/post_gen_project.sh", format!("#!/bin/sh\n{script}\n"));
        place.say(&["scaffold", "./c", "--defaults", "--trust", "--out", "other"]).fails_with(&[word]);
        assert!(!place.is_there("other"));
    }
}
