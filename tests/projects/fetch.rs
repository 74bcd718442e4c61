//! Files from other repositories, by real Git.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::place::Place;

/// Address under which the tests know a repository of the place, as a host would show it.
const HOST: &str = "https://git.acme.test";

impl Place {
    /// A template that fetches from `urls`, by the actions with these names.
    fn fetching_template(&self, folder: &str, steps: &str) {
        let template = format!(
            "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {{ name: fetching }}\nspec:\n  \
             type: service\n  parameters:\n    required: [name]\n    properties:\n      name: {{ type: string }}\n  \
             steps:\n{steps}"
        );
        self.write(&format!("{folder}/template.yaml"), template);
    }

    /// Another repository with a skeleton on `main`, `feature/x` and the tag `v1`; Git finds it under [`HOST`].
    fn other_repository(&self) {
        self.write("hosted/acme/parts/skeletons/a/a.txt", "one ${{ values.name }}\n");
        self.write("hosted/acme/parts/skeletons/a/deep/b.sh", "echo ${{ values.name }}\n");
        self.make_executable("hosted/acme/parts/skeletons/a/deep/b.sh");
        self.write("hosted/acme/parts/LICENSE", "${{ none }}\n");
        self.commit("hosted/acme/parts");
        self.git("hosted/acme/parts", &["tag", "v1"]);
        self.git("hosted/acme/parts", &["checkout", "--quiet", "-b", "feature/x"]);
        self.write("hosted/acme/parts/skeletons/a/a.txt", "feature ${{ values.name }}\n");
        self.commit("hosted/acme/parts");
        self.git("hosted/acme/parts", &["checkout", "--quiet", "main"]);
        let config = format!("[url \"file://{}/\"]\ninsteadOf = {HOST}/\n", self.path("hosted").display());
        let known = self.read("home/.gitconfig");
        self.write("home/.gitconfig", known + &config);
    }

    fn skeleton_from(&self, url: &str) {
        let steps = format!(
            "    - action: fetch:template\n      input: {{ url: '{url}', values: {{ name: '${{{{ parameters.name }}}}' }} }}\n"
        );
        self.fetching_template("template", &steps);
    }
}

const NEW: &[&str] = &["scaffold", "./template", "--set", "name=pay", "--fetch", "--out"];

#[test]
fn files_of_another_repository_are_those_of_a_copy_beside_the_template() {
    let place = Place::new();
    place.other_repository();
    place.write("template/copy/a.txt", "one ${{ values.name }}\n");
    place.write("template/copy/deep/b.sh", "echo ${{ values.name }}\n");
    place.make_executable("template/copy/deep/b.sh");
    place.skeleton_from("./copy");
    place.say(&[NEW, &["copy"]].concat()).exits(0);
    for (at, url) in [
        "/acme/parts/tree/main/skeletons/a",
        "/acme/parts/-/tree/main/skeletons/a/",
        "/acme/parts/tree/v1/skeletons/a",
        "/acme/parts.git/tree/main/skeletons/a",
        "/acme/parts/src/branch/main/skeletons/a",
        "/acme/parts/tree/HEAD/skeletons/a",
    ]
    .iter()
    .enumerate()
    {
        if url.contains(".git/") {
            std::os::unix::fs::symlink("parts", place.path("hosted/acme/parts.git")).expect("a link");
        }
        place.skeleton_from(&format!("{HOST}{url}"));
        let out = format!("out-{at}");
        place.say(&[NEW, &[&out]].concat()).exits(0);
        assert_eq!(place.files(&out), place.files("copy"), "{url}");
    }
    place.skeleton_from(&format!("{HOST}/acme/parts/tree/feature/x/skeletons/a"));
    place.say(&[NEW, &["slashes"]].concat()).exits(0);
    assert_eq!(place.read("slashes/a.txt"), "feature pay\n");
    let record = place.read("slashes/.billpay/scaffold.yaml");
    assert!(record.contains("ref: feature/x"), "{record}");
    let file = format!(
        "    - {{ action: fetch:plain:file, input: {{ url: '{HOST}/acme/parts/blob/main/LICENSE', targetPath: LICENSE }} }}\n    - \
         {{ action: fetch:plain, input: {{ url: '{HOST}/acme/parts', targetPath: all }} }}\n"
    );
    place.fetching_template("template", &file);
    place.say(&[NEW, &["plain"]].concat()).exits(0);
    assert_eq!(place.read("plain/LICENSE"), "${{ none }}\n");
    assert_eq!(place.read("plain/all/LICENSE"), "${{ none }}\n");
}

#[test]
fn nothing_is_fetched_before_somebody_agrees() {
    let place = Place::new();
    place.other_repository();
    let url = format!("{HOST}/acme/parts/tree/main/skeletons/a");
    place.skeleton_from(&url);
    let said = place.say(&["scaffold", "./template", "--set", "name=pay", "--out", "pay"]).exits(4);
    assert!(said.err.contains(&url) && said.err.contains("--fetch"), "{}", said.err);
    assert!(!place.is_there("pay") && !place.is_there("home/.cache/billpay/templates"));
    let shown = place.say(&["scaffold", "show", "./template"]).exits(0);
    assert!(shown.out.contains(&url) && shown.out.contains("--fetch"), "{}", shown.out);
    let json = place.say(&["scaffold", "list", ".", "--output", "json"]).exits(0).json();
    assert_eq!(json["templates"][0]["fetches"][0], url);
}

#[test]
fn an_update_takes_what_changed_there_and_a_replay_what_was_there() {
    let place = Place::new();
    place.other_repository();
    place.skeleton_from(&format!("{HOST}/acme/parts/tree/main/skeletons/a"));
    place.commit("template");
    place.say(&[NEW, &["pay"]].concat()).exits(0);
    place.commit("pay");
    let commit = place.git("hosted/acme/parts", &["rev-parse", "main"]);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains(&commit));
    // What was agreed to is not asked again.
    place.say(&["scaffold", "update", "pay", "--check"]).exits(0);
    place.write("hosted/acme/parts/unused", "x");
    place.commit("hosted/acme/parts");
    place.say(&["scaffold", "update", "pay", "--check"]).exits(0);
    place.say(&["scaffold", "update", "pay"]).exits(0);
    assert_eq!(
        place.git("pay", &["status", "--porcelain"]),
        "",
        "another commit with the same files is no news"
    );
    place.write("hosted/acme/parts/skeletons/a/a.txt", "two ${{ values.name }}\n");
    place.commit("hosted/acme/parts");
    place.say(&["scaffold", "update", "pay", "--check"]).exits(2);
    let replay = ["--replay", "pay/.billpay/scaffold.yaml"];
    place.say(&[&["scaffold", "./template", "--fetch", "--out", "again"], &replay[..]].concat()).exits(0);
    assert_eq!(place.files("again"), place.files("pay"));
    place.say(&["scaffold", "update", "pay"]).exits(0);
    assert_eq!(place.read("pay/a.txt"), "two pay\n");
    let newest = place.git("hosted/acme/parts", &["rev-parse", "main"]);
    assert!(place.read("pay/.billpay/scaffold.yaml").contains(&newest));
    // A repository that the template names since then is asked for.
    place.commit("pay");
    place.skeleton_from(&format!("{HOST}/evil/parts/tree/main/skeletons/a"));
    place.commit("template");
    place.say(&["scaffold", "update", "pay"]).exits(4);
}

#[test]
fn nothing_leads_out_of_another_repository_and_none_is_too_large() {
    let place = Place::new();
    place.other_repository();
    place.write("secret/x", "secret\n");
    let repository = place.path("hosted/acme/parts");
    std::os::unix::fs::symlink(place.path("secret"), repository.join("link")).expect("a link");
    std::os::unix::fs::symlink("../../../secret", repository.join("skeletons/inner")).expect("a link");
    place.write("hosted/acme/parts/.gitmodules", "[submodule \"m\"]\npath = m\nurl = ext::sh\n");
    place.commit("hosted/acme/parts");
    place.git(
        "hosted/acme/parts",
        &["update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,m"],
    );
    place.git("hosted/acme/parts", &["commit", "--quiet", "--message", "a submodule"]);
    for (url, part) in [
        ("https://git.acme.test/acme/parts/tree/main/..", "leads out of the repository"),
        ("https://git.acme.test/acme/parts/tree/main/%2e%2e/x", "leads out of the repository"),
        ("https://git.acme.test/acme/parts/tree/main/skeletons/../../x", "leads out of the repository"),
        ("https://git.acme.test/acme/parts/tree/main/link", "is a symbolic link"),
        ("https://git.acme.test/acme/parts/tree/main/link/x", "is a symbolic link"),
        ("https://git.acme.test/acme/parts/tree/main/skeletons", "is a symbolic link"),
        ("https://git.acme.test/acme/parts/tree/main/m", "no file at all"),
        ("https://git.acme.test/acme/parts/tree/main/.git", "has no `.git`"),
        ("https://git.acme.test/acme/parts/tree/main/nowhere", "has no `nowhere`"),
        ("https://git.acme.test/acme/parts/tree/nowhere/x", "no branch or tag `nowhere`"),
        ("https://git.acme.test/acme/parts/tree/--upload-pack=touch/x", "no branch or tag"),
        ("https://git.acme.test/acme/nothing", "git can't get"),
        ("http://git.acme.test/acme/parts", "only https, ssh and file"),
        ("https://ada:hunter2@git.acme.test/acme/parts", "password or token"),
    ] {
        place.skeleton_from(url);
        let said = place.say(&[NEW, &["out"]].concat()).exits(1);
        assert!(said.err.contains(part), "{url}: {}", said.err);
        assert!(!said.err.contains("hunter2") && !place.is_there("out"), "{}", said.err);
    }
    // A repository of this machine is no business of a template from elsewhere.
    place.skeleton_from(&format!("file://{}", repository.display()));
    place.say(&[NEW, &["local"]].concat()).exits(1);
    place.git("hosted/acme/parts", &["rm", "-rq", "link", "skeletons/inner", "m", ".gitmodules"]);
    place.git("hosted/acme/parts", &["commit", "--quiet", "--message", "clean"]);
    place.say(&[NEW, &["local"]].concat()).exits(0);
    std::fs::rename(place.path("template"), place.path("hosted/acme/template")).expect("moved");
    place.commit("hosted/acme/template");
    let url = format!("{HOST}/acme/template");
    let said = place.say(&["scaffold", &url, "--set", "name=pay", "--fetch", "--out", "away"]).exits(1);
    assert!(said.err.contains("can't name repositories of this machine"), "{}", said.err);
}

#[test]
fn folders_that_hold_each_other_many_times_end_in_an_error() {
    let place = Place::new();
    place.other_repository();
    let folder = "hosted/acme/parts";
    let blob = place.git(folder, &["rev-parse", "main:LICENSE"]);
    let mut tree = format!("100644 blob {blob}\tfile");
    for _ in 0..12 {
        let listed: Vec<String> = match tree.starts_with("100644") {
            true => (0..10).map(|n| format!("100644 blob {blob}\tf{n}")).collect(),
            false => (0..10).map(|n| format!("040000 tree {tree}\td{n}")).collect(),
        };
        place.write("listed", listed.join("\n") + "\n");
        tree = place.git(folder, &["-c", "alias.t=!git mktree < ../../../listed", "t"]);
    }
    let commit = place.git(folder, &["commit-tree", &tree, "-m", "large"]);
    place.git(folder, &["update-ref", "refs/heads/large", &commit]);
    place.skeleton_from(&format!("{HOST}/acme/parts/tree/large"));
    place.say(&[NEW, &["out"]].concat()).fails_with(&["more than 200000 files"]);
    let url = format!("{HOST}/acme/parts");
    let said = place.say(&["scaffold", &url, "--ref", "large", "--set", "name=x"]);
    said.fails_with(&["more than 200000 files"]);
}

/// A server that writes its port, then every path that it is asked for, and sends everybody elsewhere.
const REDIRECTING: &str = r#"
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], "a") as log: log.write(self.path + "\n")
        self.send_response(301 if self.path.startswith("/acme") else 404)
        self.send_header("Location", self.path.replace("/acme", "/elsewhere"))
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
#[ignore = "full tier: needs openssl and python3 for a server of its own"]
fn a_repository_that_sends_git_elsewhere_is_refused() {
    let place = Place::new();
    let root = place.path("");
    let certificate = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ];
    let made = Command::new("openssl").args(certificate).current_dir(&root).stderr(Stdio::null()).status();
    assert!(made.expect("openssl runs").success());
    let mut server = Command::new("python3");
    server.args(["-c", REDIRECTING, "asked"]).current_dir(&root).stdout(Stdio::piped());
    let mut server = server.spawn().expect("python3 runs");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
    place.write("home/.gitconfig", place.read("home/.gitconfig") + "[http]\nsslVerify = false\n");
    place.skeleton_from(&format!("https://127.0.0.1:{}/acme/parts/tree/main/skeletons/a", port.trim()));
    let said = place.say(&[NEW, &["out"]].concat());
    server.kill().expect("it runs");
    server.wait().expect("it ended");
    let asked = place.read("asked");
    assert!(asked.contains("/acme/parts") && !asked.contains("/elsewhere"), "{asked}");
    said.fails_with(&["git can't get"]);
}

#[test]
#[ignore = "full tier: needs util-linux's script for a terminal"]
fn on_a_terminal_each_repository_is_asked_for_once() {
    let place = Place::new();
    place.other_repository();
    place.write("hosted/acme/more/b.txt", "b\n");
    place.commit("hosted/acme/more");
    let step = |path: &str| {
        format!(
            "    - action: fetch:plain\n      input: {{ url: '{HOST}/acme/{path}', targetPath: '{path}' }}\n"
        )
    };
    let steps = [step("parts/tree/main/skeletons"), step("parts/blob/v1/LICENSE"), step("more")].concat();
    place.fetching_template("template", &steps);
    for (said, out, asked) in [("y\ny\n", "yes", 2), ("y\nn\n", "no", 2), ("\n", "neither", 1)] {
        let program = env!("CARGO_BIN_EXE_billpay");
        let line = format!("{program} scaffold ./template --set name=pay --out {out}");
        let mut command = place.on_a_terminal(&line);
        let mut child = command.spawn().expect("script runs");
        child.stdin.take().expect("its input").write_all(said.as_bytes()).expect("it listens");
        let shown = child.wait_with_output().expect("it ends").stdout;
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(shown.matches("Fetch files from the repository").count(), asked, "{shown}");
        assert_eq!(place.is_there(&format!("{out}/more/b.txt")), out == "yes", "{shown}");
    }
}
