//! `billpay local`, as far as it says something without a server, and what it does about a stranger's.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Said, billpay, run};

/// A user of their own, with a free port.
struct Home {
    folder: TempDir,
    port: u16,
    /// Keeps the port, and answers whatever it is asked with 200, if it is to.
    _stranger: Option<std::thread::JoinHandle<()>>,
}

impl Home {
    fn new() -> Home {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        Home { folder: TempDir::new().expect("a folder"), port, _stranger: None }
    }

    fn with_a_stranger_on_the_port() -> Home {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let answer = move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        };
        let stranger = Some(std::thread::spawn(answer));
        Home { folder: TempDir::new().expect("a folder"), port, _stranger: stranger }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = billpay(args);
        command.env("BILLPAY_LOCAL_PORT", self.port.to_string());
        command.env("BILLPAY_LOCAL_STATE", self.state());
        command.env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        command
    }

    fn says(&self, args: &[&str]) -> Said {
        run(&mut self.command(args))
    }
}

/// Stops a server that a failed test left.
impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() && self.state().join("server.json").exists() {
            let _ = self.command(&["local", "down"]).output();
        }
    }
}

fn key(said: &Said) -> String {
    let value: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.err));
    value["env"]["AWS_ACCESS_KEY_ID"].as_str().expect("a key").to_string()
}

#[test]
fn a_shell_evaluates_the_variables_of_the_local_aws() {
    let home = Home::new();
    let said = home.says(&["local", "env", "--account", "111122223333"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("not running: `billpay local up` starts it"), "{}", said.err);
    let script =
        format!("{}\necho $AWS_ENDPOINT_URL $AWS_REGION ${{AWS_PROFILE-none}} $AWS_ACCESS_KEY_ID", said.out);
    let output = Command::new("sh").args(["-c", &script]).env("AWS_PROFILE", "work").output().expect("sh");
    let evaluated = String::from_utf8_lossy(&output.stdout).into_owned();
    let begin = format!("http://127.0.0.1:{} us-east-1 none 111122223333", home.port);
    assert!(evaluated.starts_with(&begin), "{evaluated}");

    let args = ["local", "env", "--account", "111122223333", "--output", "json"];
    let first = key(&home.says(&args));
    assert!(evaluated.trim_end().ends_with(&first), "the same user has the same key: {evaluated}");
    // AWS's own limits to what an access key is.
    assert!((16..=128).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(home.says(&["local", "reset"]).code, 0);
    assert_ne!(key(&home.says(&args)), first, "a key of before a reset no longer counts");
}

#[test]
fn the_account_is_that_of_the_specs_or_asked_for() {
    let home = Home::new();
    let json = ["local", "env", "--output", "json"];
    assert!(key(&home.says(&json)).starts_with("123456789012"), "the account of environments/");
    let elsewhere = home.folder.path();
    let said = run(home.command(&json).current_dir(elsewhere));
    assert!(key(&said).starts_with("000000000000"), "no specs, no account");

    let specs = elsewhere.join("environments");
    fs::create_dir(&specs).expect("a folder");
    for name in ["shared", "dev", "prod"] {
        let from = crate::root().join(format!("environments/{name}.yaml"));
        let text = fs::read_to_string(from).expect("a spec");
        let text = if name == "prod" { text.replace("123456789012", "222222222222") } else { text };
        fs::write(specs.join(format!("{name}.yaml")), text).expect("a spec");
    }
    let said = run(home.command(&json).current_dir(elsewhere));
    assert_eq!(said.code, 1, "two accounts, and one was taken: {}", said.out);
    let (all, hint) = ("123456789012, 222222222222", "choose one with --account");
    assert!(said.err.contains(all) && said.err.contains(hint), "{}", said.err);

    let said = home.says(&["local", "env", "--account", "12345"]);
    assert!(said.code == 1 && said.err.contains("an account is 12 digits"), "{}", said.err);
}

#[test]
fn what_it_keeps_is_its_owners_alone() {
    let home = Home::new();
    home.says(&["local", "env"]);
    let mode = |path: &Path| fs::metadata(path).expect("a file").mode() & 0o777;
    assert_eq!(mode(&home.state()), 0o700);
    assert_eq!(mode(&home.state().join("secret")), 0o600);
    assert_eq!(mode(&home.state().join("lock")), 0o600);

    // As earlier versions left it.
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    home.says(&["local", "env"]);
    assert_eq!(mode(&home.state()), 0o700);
}

#[test]
fn a_state_directory_that_others_can_enter_is_refused_and_left() {
    let home = Home::new();
    fs::create_dir(home.state()).expect("a folder");
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    for command in [&["local", "up"][..], &["local", "env"], &["plan", "--env", "dev", "--local"]] {
        let said = home.says(command);
        assert!(said.code == 1 && said.err.contains("is open to other users"), "{command:?}: {}", said.err);
    }
    assert_eq!(fs::read_dir(home.state()).expect("it is there").count(), 0);
    assert_eq!(fs::metadata(home.state()).expect("it is there").mode() & 0o777, 0o777);
}

#[test]
fn a_strangers_server_gets_no_key() {
    let home = Home::with_a_stranger_on_the_port();
    let taken = format!("port {} is taken by another program", home.port);
    let refused = || {
        for command in [&["local", "up"][..], &["local", "env"], &["plan", "--env", "dev", "--local"]] {
            let said = home.says(command);
            assert!(said.code == 1 && said.err.contains(&taken), "{command:?}: {}{}", said.out, said.err);
            assert_eq!(said.out, "", "{command:?}");
        }
        let said = home.says(&["local", "status"]);
        assert!(said.out.contains("not running, and another program has its port"), "{}", said.out);
    };
    refused();

    // As a server of ours leaves it that was killed, and whose port somebody took.
    let cache = home.folder.path().join("cache/billpay/local");
    let launcher = fs::read_dir(cache).expect("the cache").flatten().next().expect("the launcher");
    let server =
        json!({"pid": 999_999_999, "port": home.port, "launcher": launcher.path().join("launcher.py")});
    fs::write(home.state().join("server.json"), server.to_string()).expect("it is ours");
    refused();
}

/// A process that runs until it is killed, with a word on its command line.
fn process(word: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "read line", word]).stdin(Stdio::piped()).spawn().expect("sh")
}

fn is_running(child: &mut Child) -> bool {
    child.try_wait().expect("a child").is_none()
}

#[test]
fn what_others_planted_in_the_state_directory_is_not_trusted() {
    let home = Home::new();
    let mut process = process("x");
    let precious = home.folder.path().join("precious");
    fs::write(&precious, "precious").expect("a file");
    fs::create_dir(home.state()).expect("a folder");
    fs::write(home.state().join("lock"), "").expect("a file");
    fs::write(home.state().join("secret"), "0".repeat(64)).expect("a file");
    let record = |launcher: &str| {
        let server = json!({"pid": process.id(), "port": home.port, "launcher": launcher});
        fs::write(home.state().join("server.json"), server.to_string()).expect("a file");
    };
    record("");
    std::os::unix::fs::symlink(&precious, home.state().join("server.log")).expect("a link");
    for mode in [0o777, 0o775, 0o1777] {
        fs::set_permissions(home.state(), fs::Permissions::from_mode(mode)).expect("it is ours");
        for command in ["up", "down", "reset", "env"] {
            let said = home.says(&["local", command]);
            assert!(said.code == 1 && said.err.contains("is open to other users"), "{command}: {}", said.err);
        }
        assert!(home.says(&["local", "status"]).out.contains("not running"));
        assert_eq!(fs::metadata(home.state()).expect("it is there").mode() & 0o7777, mode);
    }
    // In a closed one, a process counts as ours by the whole name of its launcher, and links are not followed.
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    for launcher in ["", "s", "read"] {
        record(launcher);
        assert_eq!(home.says(&["local", "down"]).code, 0);
    }
    for name in ["lock", "secret"] {
        fs::remove_file(home.state().join(name)).expect("a file");
        std::os::unix::fs::symlink(&precious, home.state().join(name)).expect("a link");
        let said = home.says(&["local", "env"]);
        assert!(said.code == 1 && said.err.contains("is a link, or not a file of yours"), "{}", said.err);
        fs::remove_file(home.state().join(name)).expect("a link");
    }
    assert_eq!(fs::read_to_string(&precious).expect("a file"), "precious");
    assert!(is_running(&mut process));
    process.kill().and_then(|()| process.wait()).expect("it ends");
}

#[test]
fn a_state_has_one_server_whatever_the_port() {
    let home = Home::new();
    home.says(&["local", "env"]);
    let mut process = process("/x/launcher.py");
    let server = json!({"pid": process.id(), "port": 4321, "launcher": "/x/launcher.py"});
    fs::write(home.state().join("server.json"), server.to_string()).expect("it is ours");
    for command in ["up", "env"] {
        let said = home.says(&["local", command]);
        let words = format!("it runs already, on port 4321 and not on {}", home.port);
        let is_told = said.err.contains(&words) && said.err.contains("`billpay local down` first");
        assert!(said.code == 1 && is_told, "{command}: {}", said.err);
    }
    let said = home.says(&["local", "status"]);
    let ours = format!("at http://127.0.0.1:4321, process {}", process.id());
    assert!(said.out.contains(&ours), "{}", said.out);
    assert!(is_running(&mut process));
    assert_eq!(home.says(&["local", "reset"]).code, 0);
    assert!(!is_running(&mut process), "a reset stops the server of its state");
    assert!(!home.state().join("server.json").exists());
}

#[test]
fn a_relative_state_directory_is_that_of_the_working_directory() {
    let home = Home::new();
    let mut command = home.command(&["local", "status", "--output", "json"]);
    let said = run(command.env("BILLPAY_LOCAL_STATE", "st").current_dir(home.folder.path()));
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    let expected = home.folder.path().canonicalize().expect("a folder").join("st");
    assert_eq!(value["state"].as_str(), expected.to_str(), "{}", said.err);
}

#[test]
#[ignore = "full tier: needs python3"]
fn a_token_that_is_no_text_is_refused_and_no_error() {
    let script = r#"
import sys, types
def module(name, **names):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(names)
module("credentials", registry_scope=lambda password: None)
module("confine", SERVICES=set())
module("gap_kit", require=lambda *names: None)
sys.path.insert(0, sys.argv[1])
import guard
for token in ["\xe9\xe9", "AAA", "/w==", "=", ""]:
    try:
        guard.of_registry({"headers": []}, "Basic " + token)
    except guard.Refusal as refusal:
        print(refusal.status)
"#;
    let folder = crate::root().join("src/aws/local/ministack");
    let output = Command::new("python3").args(["-B", "-c", script]).arg(folder).output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "401\n".repeat(5), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "full tier: installs the local AWS"]
fn what_was_acknowledged_outlives_a_kill_and_a_stop_in_every_account() {
    let home = Home::new();
    let says = |args: &[&str]| {
        let said = run(home.command(args).env_remove("XDG_CACHE_HOME"));
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        said
    };
    let ask = |account: &str, service: &str, form: &str| {
        let access = says(&["local", "env", "--account", account, "--output", "json"]);
        let scope = format!("{}/20261130/us-east-1/{service}/aws4_request", key(&access));
        let header = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let url = format!("http://127.0.0.1:{}/", home.port);
        let request = ureq::post(&url).header("Authorization", header);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        request.send(form).expect("an answer").body_mut().read_to_string().expect("text")
    };
    let query = |account: &str, form: &str| ask(account, "iam", form);
    let networks = |account: &str| {
        ask(account, "ec2", "Action=DescribeVpcs&Version=2016-11-15").matches("<vpcId>").count()
    };
    let make_network = |account: &str| {
        let form = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16";
        assert!(ask(account, "ec2", form).contains("<vpcId>"), "a network in {account}");
    };
    let accounts = ["111111111111", "222222222222"];
    let make = |account: &str, name: &str| {
        let form = format!(
            "Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22{account}%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
        );
        assert!(query(account, &form).contains("<CreateRoleResponse"), "{name} in {account}");
    };
    let roles = |account: &str| -> Vec<String> {
        let answer = query(account, "Action=ListRoles&Version=2010-05-08");
        let names = answer.split("<RoleName>").skip(1).filter_map(|rest| rest.split('<').next());
        names.map(str::to_string).collect()
    };
    let kill = || {
        let server: Value =
            serde_json::from_slice(&fs::read(home.state().join("server.json")).expect("a server"))
                .expect("JSON");
        let pid = server["pid"].as_i64().and_then(|pid| rustix::process::Pid::from_raw(pid as i32));
        let pid = pid.expect("its number");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
        while rustix::process::test_kill_process(pid).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    says(&["local", "up"]);
    accounts.iter().for_each(|account| make(account, "first"));
    // One account has looked at its default network, another one makes a network.
    assert_eq!(networks(accounts[0]), 1);
    make_network(accounts[1]);
    kill();
    // A copy, or a clock that was set back, gives files another time.
    for file in fs::read_dir(home.state().join("services")).expect("its state").flatten() {
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        if file.file_name().to_string_lossy().contains('@') {
            fs::File::options()
                .write(true)
                .open(file.path())
                .expect("a part")
                .set_modified(long_ago)
                .expect("a time");
        }
    }
    says(&["local", "up"]);
    assert_eq!(accounts.map(networks), [1, 2]);
    for account in accounts {
        assert_eq!(roles(account), ["first"], "{account}, after a kill");
    }
    make(accounts[0], "second");
    says(&["local", "down"]);
    says(&["local", "up"]);
    make(accounts[1], "third");
    kill();
    says(&["local", "up"]);
    assert_eq!(roles(accounts[0]), ["first", "second"], "after a stop and a kill");
    assert_eq!(roles(accounts[1]), ["first", "third"], "after a stop and a kill");
    make(accounts[1], "fourth");
    kill();
    let part = home.state().join(format!("services/iam@{}.json", accounts[1]));
    let whole = fs::read(&part).expect("a part");
    fs::write(&part, &whole[..whole.len() / 2]).expect("a part that is cut off");
    let said = run(home.command(&["local", "up"]).env_remove("XDG_CACHE_HOME"));
    assert!(
        said.code == 1 && said.err.contains(&format!("iam@{}.json can't be read", accounts[1])),
        "{}",
        said.err
    );
    assert!(!said.err.contains("Traceback"), "{}", said.err);
    fs::write(&part, whole).expect("the part");
    says(&["local", "up"]);
    assert_eq!(roles(accounts[1]), ["first", "third", "fourth"]);
    says(&["local", "down"]);
}

/// Packages are those that were looked at, wherever they come from.
#[test]
fn python_packages_are_pinned_with_the_digests_of_their_files() {
    for file in ["src/aws/local/ministack/requirements.txt", "src/docs/build/requirements.txt"] {
        let text = fs::read_to_string(crate::root().join(file)).expect("the requirements");
        let all = text.replace("\\\n", " ");
        assert!(all.lines().count() > 10, "{file}");
        for line in all.lines() {
            let (name, digests) = line.split_once("--hash=sha256:").unwrap_or((line, ""));
            assert!(name.contains("==") && digests.len() >= 64, "{file}: {name} has no digest");
        }
    }
}
