//! Files that nobody named: whose they have to be, and what they may decide.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::{Said, billpay, root, run};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Puts the project's own specs into a folder.
fn specs(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    for name in ["shared.yaml", "dev.yaml"] {
        fs::copy(root().join("environments").join(name), folder.join(name)).expect("a spec");
    }
}

fn in_ci(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Said {
    let mut command = billpay(args);
    run(command.current_dir(folder).env("CI", "true").envs(env.iter().copied()))
}

#[test]
fn in_ci_specs_are_named_or_the_working_directorys_own_and_it_is_said_which() {
    let place = folder();
    specs(&place.path().join("environments"));
    specs(&place.path().join("other"));
    write(place.path().join("deep/x"), "");
    let args = ["config", "--env", "dev"];
    let own = in_ci(place.path(), &args, &[]);
    assert_eq!(own.code, 0, "{}", own.err);
    assert_eq!(own.err.lines().count(), 1, "{}", own.err);
    let line = "CI: specs in environments (of the working directory); AWS: no profile, endpoint http://127.0.0.1:9 (AWS_ENDPOINT_URL)";
    assert!(own.err.contains(line), "{}", own.err);
    let deep = place.path().join("deep");
    let above = in_ci(&deep, &args, &[]);
    assert!(above.code == 1 && above.err.contains("CI is set"), "{}", above.err);
    let flag = in_ci(&deep, &[&args[..], &["--specs", "../other", "--local"]].concat(), &[]);
    assert!(
        flag.code == 0 && flag.err.contains("specs in ../other (--specs); AWS: the local one (--local)"),
        "{}",
        flag.err
    );
    let named = [("BILLPAY_SPECS", "../other"), ("AWS_PROFILE", "p")];
    let variable = in_ci(&deep, &args, &named);
    let line = "specs in ../other (BILLPAY_SPECS); AWS: profile p (AWS_PROFILE), endpoint";
    assert!(variable.code == 0 && variable.err.contains(line), "{}", variable.err);
    // The same outside of CI, with nothing to say.
    let quiet = run(billpay(&args).current_dir(&deep));
    assert!(quiet.code == 0 && quiet.err.is_empty(), "{}", quiet.err);
}

#[test]
fn in_ci_no_file_of_settings_says_where_a_run_goes() {
    let place = folder();
    specs(&place.path().join("environments"));
    specs(&place.path().join("other"));
    fs::rename(place.path().join("other/dev.yaml"), place.path().join("other/evil.yaml")).expect("a spec");
    write(place.path().join(".billpay.yaml"), "specs: other\nlocal: true\nenv: dev\n");
    write(place.path().join("config/billpay/config.yaml"), "local: true\n");
    let config = place.path().join("config").display().to_string();
    let said = in_ci(place.path(), &["config"], &[("XDG_CONFIG_HOME", &config)]);
    assert!(said.code == 0 && said.out.contains("environment: dev"), "{}{}", said.out, said.err);
    assert!(said.err.contains("AWS: no profile") && !said.err.contains("local one"), "{}", said.err);
    for setting in ["not taken: `local` of ", "config.yaml", "`specs` of ", ".billpay.yaml"] {
        assert!(said.err.contains(setting), "{setting}: {}", said.err);
    }
}

#[test]
fn in_ci_no_file_says_which_endpoint_or_profile_is_meant() {
    let place = folder();
    specs(&place.path().join("environments"));
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    server.set_nonblocking(true).expect("a server");
    let url = format!("http://{}", server.local_addr().expect("an address"));
    let section =
        format!("endpoint_url = {url}\nservices = all\n\n[services all]\nsts =\n  endpoint_url = {url}\n");
    write(place.path().join(".aws/config"), &format!("[default]\n{section}"));
    write(
        place.path().join(".aws/credentials"),
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\n",
    );
    let home = place.path().display().to_string();
    let check = |ci: &str, env: &[(&str, &str)]| {
        let mut command = billpay(&["doctor", "--env", "dev"]);
        for name in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env_remove(name);
        }
        command.current_dir(place.path()).env("HOME", &home).env("CI", ci).envs(env.iter().copied());
        let mut child = command
            .stderr(fs::File::create(place.path().join("stderr")).expect("a file"))
            .stdout(fs::File::create(place.path().join("stdout")).expect("a file"))
            .spawn()
            .expect("billpay");
        let mut called = false;
        loop {
            called |= server.accept().is_ok();
            if called || child.try_wait().expect("its end").is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        let said = fs::read_to_string(place.path().join("stderr")).expect("what it said");
        assert!(!said.contains("panicked"), "{said}");
        let shown = fs::read_to_string(place.path().join("stdout")).expect("what it showed");
        assert!(called || shown.contains("✗ credentials"), "neither asked nor refused: {shown}{said}");
        called
    };
    assert!(check("false", &[]), "outside of CI, the files count");
    assert!(!check("true", &[]), "nothing in the environment names a profile");
}

/// Gives a path to another user, as root or through sudo.
fn give_away(path: &Path) {
    let chown = |program: &str, more: &[&str]| {
        Command::new(program).args(more).arg("65534").arg(path).status().is_ok_and(|status| status.success())
    };
    assert!(chown("chown", &[]) || chown("sudo", &["-n", "chown"]), "giving files away needs root, or sudo");
}

#[test]
#[ignore = "gives files to another user, which needs root or sudo"]
fn what_is_found_upwards_is_the_users_own_or_git_takes_it_for_safe() {
    let place = folder();
    let home = place.path().join("home");
    write(home.join(".gitconfig"), "");
    let below = place.path().join("repo/deep");
    write(below.join("x"), "");
    let say =
        |args: &[&str]| run(billpay(args).current_dir(&below).env("HOME", &home).env_remove("SUDO_UID"));
    let safe = |folder: &Path| {
        let folder = folder.canonicalize().expect("a folder");
        write(home.join(".gitconfig"), &format!("[safe]\n\tdirectory = {}\n", folder.display()));
    };
    let settings = place.path().join("repo/.billpay.yaml");
    write(&settings, "env: dev\n");
    give_away(&settings);
    let args = ["config", "--specs", &root().join("environments").display().to_string()].map(String::from);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = say(&args);
    assert!(said.code == 1 && said.err.contains("belongs to another user"), "{}", said.err);
    assert!(said.err.contains("safe.directory"), "{}", said.err);
    safe(&place.path().join("repo"));
    assert_eq!(say(&args).code, 0);
    fs::remove_file(&settings).expect("it was there");
    write(home.join(".gitconfig"), "");

    let environments = place.path().join("repo/environments");
    specs(&environments);
    give_away(&environments);
    let args = ["config", "--env", "dev"];
    let said = say(&args);
    assert!(said.code == 1 && said.err.contains("belongs to another user"), "{}", said.err);
    let named = environments.display().to_string();
    assert_eq!(say(&[&args[..], &["--specs", &named]].concat()).code, 0, "what is named is taken");
    safe(&place.path().join("repo"));
    assert_eq!(say(&args).code, 0);
}

#[test]
fn a_spec_that_was_found_is_no_link_out_of_the_project() {
    let place = folder();
    let project = place.path().join("project");
    specs(&project.join("environments"));
    write(project.join(".git/HEAD"), "ref: refs/heads/main\n");
    write(place.path().join("credentials"), "aws_secret_access_key = topsecret\n");
    fs::rename(project.join("environments/dev.yaml"), project.join("dev.yaml")).expect("a spec");
    let dev = project.join("environments/dev.yaml");
    let args = ["config", "--env", "dev"];
    let link = |to: &str| {
        let _ = fs::remove_file(&dev);
        std::os::unix::fs::symlink(to, &dev).expect("a link");
    };
    link("../../credentials");
    let said = run(billpay(&args).current_dir(&project));
    assert!(said.code == 1 && said.err.contains("leads out of the project"), "{}", said.err);
    assert!(!said.err.contains("topsecret"), "{}", said.err);
    // Within the project a link is followed, and named specs are taken as they are.
    link("../dev.yaml");
    let said = run(billpay(&args).current_dir(&project));
    assert_eq!(said.code, 0, "{}", said.err);
    fs::rename(project.join("dev.yaml"), place.path().join("dev.yaml")).expect("a spec");
    link("../../dev.yaml");
    let said = run(billpay(&[&args[..], &["--specs", "environments"]].concat()).current_dir(&project));
    assert_eq!(said.code, 0, "{}", said.err);
    // The folder itself, and the file of settings.
    fs::rename(project.join("environments"), place.path().join("specs")).expect("a folder");
    std::os::unix::fs::symlink("../specs", project.join("environments")).expect("a link");
    let said = run(billpay(&args).current_dir(&project));
    assert!(said.code == 1 && said.err.contains("leads out of the project"), "{}", said.err);
    std::os::unix::fs::symlink("../credentials", project.join(".billpay.yaml")).expect("a link");
    let said = run(billpay(&args).current_dir(&project));
    assert!(said.code == 1 && said.err.contains("settings in"), "{}", said.err);
    assert!(!said.err.contains("topsecret"), "{}", said.err);
}
