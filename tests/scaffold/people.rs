//! Edits of people in a rendered tree, and the program coming back to it again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Specs and a tree of them, of one's own.
struct Place {
    folder: TempDir,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn exits(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let specs = folder.path().join("environments");
        fs::create_dir(&specs).expect("a folder");
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("environments")).expect("specs")
        {
            let path = entry.expect("a spec").path();
            fs::copy(&path, specs.join(path.file_name().expect("a name"))).expect("a copy");
        }
        Place { folder }
    }

    fn spec(&self, name: &str) -> PathBuf {
        self.folder.path().join("environments").join(name)
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join("infrastructure").join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Replaces a text that must be there.
    fn change(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).expect("a file");
        assert!(text.contains(from), "{} has no `{from}`", path.display());
        fs::write(path, text.replace(from, to)).expect("a file that can be written");
    }

    fn scaffold(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BILLPAY_"))
        {
            command.env_remove(name);
        }
        command
            .env("XDG_CONFIG_HOME", self.folder.path().join("none"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command.current_dir(self.folder.path()).args(["scaffold", "infrastructure"]).args(args);
        let output = command.output().expect("billpay can be run");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Said { code, out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Every file of the tree with its content and when it was written.
    fn all(&self) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
        let mut found = vec![];
        let mut folders = vec![self.file("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => folders.push(path),
                    // Says who is at work, and is none of the tree's files.
                    false if path.ends_with(".billpay/lock") => {}
                    false => {
                        let written = path.metadata().and_then(|data| data.modified()).expect("a time");
                        found.push((path.clone(), fs::read(&path).expect("a file"), written));
                    }
                }
            }
        }
        found.sort();
        found
    }
}

#[test]
fn rendering_again_writes_nothing() {
    let place = Place::new();
    place.scaffold(&["--all", "--check"]).exits(2);
    assert!(!place.file("").exists(), "a check writes nothing");
    place.scaffold(&["--all"]).exits(0);
    let before = place.all();
    // Other tools look for units and modules everywhere, also in hidden folders.
    let remembered = before.iter().filter(|(path, ..)| path.to_string_lossy().contains("/.billpay/"));
    let taken = [".hcl", ".tf", ".tfvars"];
    for (path, ..) in remembered {
        assert!(!taken.iter().any(|end| path.to_string_lossy().ends_with(end)), "{}", path.display());
    }
    let again = place.scaffold(&["--all"]).exits(0);
    assert!(again.out.contains("are up to date"), "{}", again.out);
    place.scaffold(&["--env", "dev", "--env", "prod"]).exits(0);
    place.scaffold(&["--all", "--check"]).exits(0);
    assert!(before == place.all(), "nothing is written that is there already");
}

#[test]
fn only_what_the_spec_changed_is_written() {
    let place = Place::new();
    place.scaffold(&["--all"]).exits(0);
    Place::change(&place.spec("dev.yaml"), "max: 4", "max: 5");
    let said = place.scaffold(&["--all", "--check", "--diff"]).exits(2);
    let changed: Vec<&str> = said.out.lines().filter(|line| line.starts_with("  ~")).collect();
    assert_eq!(changed, ["  ~ environments/dev/eks/terraform.tfvars", "  ~ stacks/dev/main.tf"]);
    assert!(
        said.out.contains("-    max           = 4") && said.out.contains("+    max           = 5"),
        "{}",
        said.out
    );
    place.scaffold(&["--env", "dev"]).exits(0);
    place.scaffold(&["--all", "--check"]).exits(0);
}

/// An edit, a deletion, a rename and an addition, and ten renderings over changing specs.
#[test]
fn what_people_did_survives() {
    let place = Place::new();
    place.scaffold(&["--all"]).exits(0);

    let eks = "environments/dev/eks/terraform.tfvars";
    Place::change(
        &place.file(eks),
        "# The cluster, its nodes",
        "# Ours: ask the platform team first.\n#\n# The cluster, its nodes",
    );
    Place::change(&place.file("root.hcl"), "max_attempts       = 3", "max_attempts       = 7");
    fs::remove_file(place.file("environments/dev/audit/terragrunt.hcl")).expect("a deletion");
    fs::rename(place.file("modules/ecr/main.tf"), place.file("modules/ecr/repositories.tf"))
        .expect("a rename");
    fs::create_dir(place.file("environments/dev/queue")).expect("a unit of one's own");
    fs::write(place.file("environments/dev/queue/terragrunt.hcl"), "# ours\n").expect("an addition");
    let renamed = place.read("modules/ecr/repositories.tf");

    for round in 0..10 {
        Place::change(
            &place.spec("dev.yaml"),
            &format!("max: {}", 4 + round),
            &format!("max: {}", 5 + round),
        );
        let shared = fs::read_to_string(place.spec("shared.yaml")).expect("a spec");
        let (from, to) = (format!("keep_images: {}", 30 + round), format!("keep_images: {}", 31 + round));
        fs::write(place.spec("shared.yaml"), shared.replace(&from, &to)).expect("a spec");
        place.scaffold(&["--all", "--merge"]).exits(0);

        let text = place.read(eks);
        assert!(text.starts_with("# Ours: ask the platform team first."), "round {round}:\n{text}");
        assert!(text.contains(&format!("max           = {}", 5 + round)), "round {round}:\n{text}");
        assert!(place.read("root.hcl").contains("max_attempts       = 7"));
        assert!(!place.file("environments/dev/audit/terragrunt.hcl").exists(), "it stays deleted");
        assert!(!place.file("modules/ecr/main.tf").exists(), "it stays away");
        assert_eq!(place.read("modules/ecr/repositories.tf"), renamed);
        assert_eq!(place.read("environments/dev/queue/terragrunt.hcl"), "# ours\n");
    }
    // None of that is staleness.
    place.scaffold(&["--all", "--check"]).exits(0);
    // And it can all be had as rendered again.
    place.scaffold(&["--all", "--force"]).exits(0);
    assert!(place.file("modules/ecr/main.tf").exists());
    assert!(place.file("environments/dev/audit/terragrunt.hcl").exists());
    assert!(!place.read(eks).contains("Ours"));
    assert_eq!(place.read("environments/dev/queue/terragrunt.hcl"), "# ours\n");
}

#[test]
fn an_edit_that_falls_behind_is_kept_and_told() {
    let place = Place::new();
    place.scaffold(&["--all"]).exits(0);
    let eks = "environments/dev/eks/terraform.tfvars";
    Place::change(&place.file(eks), "max           = 4", "max           = 9");
    // Nothing is behind as long as the spec says the same.
    place.scaffold(&["--all"]).exits(0);
    Place::change(&place.spec("dev.yaml"), "max: 4", "max: 5");

    let said = place.scaffold(&["--all"]).exits(3);
    assert!(said.out.contains(&format!("behind {eks}: you edited it")), "{}", said.out);
    assert!(said.out.contains("--merge"), "{}", said.out);
    assert!(place.read("stacks/dev/main.tf").contains("max           = 5"), "the others are written");
    place.scaffold(&["--all", "--check"]).exits(2);

    // Both changed the same line, so it can't be merged.
    let said = place.scaffold(&["--all", "--merge"]).exits(3);
    assert!(said.out.contains("are in the same place (line"), "{}", said.out);
    let text = place.read(eks);
    assert!(text.contains("max           = 9") && !text.contains("<<<<"), "{text}");
    let strays: Vec<_> =
        place.all().into_iter().filter(|(path, ..)| path.to_string_lossy().contains(".rej")).collect();
    assert!(strays.is_empty(), "{strays:?}");

    // Theirs it is, until the spec says something else again.
    place.scaffold(&["--all", "--merge", "--keep"]).exits(0);
    assert!(place.read(eks).contains("max           = 9"));
    place.scaffold(&["--all", "--check"]).exits(0);
    Place::change(&place.spec("dev.yaml"), "max: 5", "max: 6");
    place.scaffold(&["--all", "--merge"]).exits(3);

    place.scaffold(&["--all", "--force"]).exits(0);
    assert!(place.read(eks).contains("max           = 6"));
}

#[test]
fn an_environment_that_is_gone_goes_from_the_tree() {
    let place = Place::new();
    place.scaffold(&["--all"]).exits(0);
    Place::change(
        &place.file("environments/staging/ecr/terraform.tfvars"),
        "keep_images",
        "# ours\nkeep_images",
    );
    fs::remove_file(place.spec("staging.yaml")).expect("a deletion");

    // Rendering another environment is not about it.
    place.scaffold(&["--env", "dev"]).exits(0);
    assert!(place.file("environments/staging/eks/terragrunt.hcl").exists());

    let said = place.scaffold(&["--all"]).exits(0);
    assert!(said.out.contains("it is yours now"), "{}", said.out);
    assert!(!place.file("environments/staging/eks").exists(), "its folders go too");
    assert!(!place.file("stacks/staging").exists());
    assert!(place.file("environments/staging/ecr/terraform.tfvars").exists(), "an edited file stays");
    assert!(place.file("environments/dev/eks/terragrunt.hcl").exists());
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let place = Place::new();
    let said = place.scaffold(&["--env", "stagin"]).exits(1);
    assert!(said.err.contains("did you mean `staging`?"), "{}", said.err);
    let said = place.scaffold(&[]).exits(1);
    assert!(said.err.contains("--env <NAME>") && said.err.contains("--all"), "{}", said.err);
    Place::change(&place.spec("dev.yaml"), "max: 4", "max: 1");
    let said = place.scaffold(&["--all"]).exits(1);
    assert!(said.err.contains("dev.yaml"), "{}", said.err);
    assert!(!place.file("").exists());

    // The others can be rendered; what they share with dev stays as it is.
    let said = place.scaffold(&["--env", "prod"]).exits(0);
    assert!(said.err.contains("the specs of dev are not valid"), "{}", said.err);
    assert!(!place.file("accounts").exists());
}

/// Two environments that want the same name keep nobody from rendering a third.
#[test]
fn a_clash_of_others_is_theirs() {
    let place = Place::new();
    let service = "{ replicas: 1, cpu: 100m, memory: 1Gi, needs: [], port: 8080 }";
    let staging = format!("services:\n  prod-api: {service}");
    Place::change(&place.spec("staging.yaml"), "services:", &staging);
    let prod = format!("project: billpay-staging\nservices:\n  api: {service}");
    Place::change(&place.spec("prod.yaml"), "services:", &prod);
    place.scaffold(&["--env", "dev"]).exits(0);
    for args in [["--env", "staging"], ["--env", "prod"], ["--all", "--check"]] {
        let said = place.scaffold(&args).exits(1);
        assert!(said.err.contains("`billpay-staging-prod-api`"), "{}", said.err);
    }
}

#[test]
fn programs_are_told_too() {
    let place = Place::new();
    let said = place.scaffold(&["--env", "dev", "--output", "json", "--check"]).exits(2);
    let value: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(value["schema"], "billpay/scaffold/v1");
    assert_eq!(value["stale"], true);
    let files = value["files"].as_array().expect("files");
    assert!(files.iter().any(|file| file["path"] == "root.hcl" && file["action"] == "create"));
    assert_eq!(value["counts"]["create"], files.len());
}
