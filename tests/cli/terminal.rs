//! Texts of others on a terminal and in the log of a pipeline: they are read, and command nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use super::{Said, billpay, root, run};

/// A text that would clear the screen, set its title, turn the line round, hide, and command GitHub's runner.
const HOSTILE: &str = "evil\u{1b}[2J\u{1b}[31m\u{9b}1A\u{1b}]0;title\u{7}\u{202e}\u{200b}\r\n::error file=a::pwned\n  ##[error]pwned";

/// The same in a string of JSON, which is YAML.
fn quoted() -> String {
    let text = serde_json::Value::from(HOSTILE).to_string();
    let escape =
        |sign: char| if sign.is_ascii() { sign.to_string() } else { format!("\\u{:04x}", u32::from(sign)) };
    text.chars().map(escape).collect()
}

/// Runs the program as people see it, in colour and without, and as a pipeline does.
fn each(args: &[&str], folder: &Path, env: &[(&str, &str)], check: impl Fn(&Said)) {
    for (github, color) in [(false, "never"), (false, "always"), (true, "never"), (true, "always")] {
        let mut command = billpay(&[args, &["--color", color]].concat());
        command.current_dir(folder).envs(env.iter().copied());
        if github {
            command.env("GITHUB_ACTIONS", "true");
        }
        let said = run(&mut command);
        inert(&said, github);
        check(&said);
    }
}

/// Makes sure that nothing in the output acts.
#[track_caller]
fn inert(said: &Said, github: bool) {
    let all = format!("{}\n{}", said.out, said.err);
    // Colours of the program's own are left: single ones, which no text from outside has here.
    let own =
        ["0", "1", "2", "32", "33", "4", "36", "92", "94", "96", "91", "93", "1m\u{1b}[91", "38;5;12", "31"];
    let mut rest = all.replace("\r\n", "\n");
    for code in own {
        rest = rest.replace(&format!("\u{1b}[{code}m"), "");
    }
    let acts =
        |sign: char| (sign.is_control() && !"\n\t".contains(sign)) || "\u{202e}\u{200b}".contains(sign);
    assert!(!rest.contains(acts), "{rest:?}");
    assert!(!all.contains("evil\u{1b}"), "{all:?}");
    for line in rest.lines().filter(|_| github) {
        let command = line.trim_start().strip_prefix("::");
        // Commands of the program's own are whole: what they tell has no end of a line.
        let is_own = command.is_none_or(|command| {
            let name = command.split([' ', ':']).next().unwrap_or_default();
            ["error", "warning"].contains(&name) && !command.starts_with("error file=a::pwned")
        });
        assert!(is_own && !line.contains("##["), "{line:?}");
    }
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

#[test]
fn a_templates_texts_command_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let hostile = quoted();
    let template = format!(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {{ name: t, title: {hostile}, description: {hostile}, \
         tags: [{hostile}] }}\nspec:\n  owner: {hostile}\n  type: service\n  parameters:\n  - title: {hostile}\n    required: [a]\n    \
         properties:\n      a: {{ type: string, title: {hostile}, description: {hostile}, enum: [x, {hostile}] }}\n  steps:\n  - id: x\n    \
         name: {hostile}\n    action: fetch:template\n    input: {{ url: ./skeleton, values: {{ a: '${{{{ parameters.a }}}}' }} }}\n  output:\n    \
         links: [{{ title: {hostile}, url: {hostile} }}]\n    text: [{{ title: {hostile}, content: {hostile} }}]\n"
    );
    write(place.path().join("t/template.yaml"), &template);
    write(place.path().join("t/skeleton/a.txt"), &format!("{HOSTILE}\n"));
    let told = |said: &Said| {
        assert!(said.out.contains("evil") || said.err.contains("evil"), "{}{}", said.out, said.err)
    };
    let shown = |said: &Said| {
        assert!(said.code == 0 && said.out.contains("evil"), "{}{}", said.out, said.err);
    };
    each(&["scaffold", "show", "./t"], place.path(), &[], |said| {
        shown(said);
        let first = said.out.lines().next().unwrap_or_default();
        assert!(first.contains("pwned"), "a title stays on its line: {}", said.out);
    });
    each(&["scaffold", "list", "./t"], place.path(), &[], |_| {});
    each(&["scaffold", "./t", "--out", "new"], place.path(), &[], told);
    each(
        &["scaffold", "./t", "--set", "a=x", "--out", "new", "--dry-run", "--diff"],
        place.path(),
        &[],
        told,
    );
    // A problem at a place of the template, told with its line.
    write(
        place.path().join("t/template.yaml"),
        &template.replace(
            "fetch:template",
            &format!("'x' # {}", HOSTILE.replace(['\n', '\r', '\u{1b}', '\u{7}', '\u{9b}'], "")),
        ),
    );
    each(&["scaffold", "show", "./t"], place.path(), &[], |_| {});
}

#[test]
fn a_specs_texts_command_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let shared = fs::read_to_string(root().join("environments/shared.yaml")).expect("a spec");
    write(place.path().join("environments/shared.yaml"), &shared);
    let dev = fs::read_to_string(root().join("environments/dev.yaml")).expect("a spec");
    let hostile = quoted();
    for more in [
        format!("{hostile}: 1\n"),
        format!("tags: {{ {hostile}: x }}\n"),
        format!("tags: {{ Team: {hostile} }}\n"),
    ] {
        write(place.path().join("environments/dev.yaml"), &format!("{dev}{more}"));
        each(&["config", "--env", "dev"], place.path(), &[], |said| {
            assert!(said.out.contains("evil") || said.err.contains("evil"), "{}{}", said.out, said.err);
        });
    }
    let name = format!("environments/{}.yaml", HOSTILE.replace(['/', '\n', '\r'], "-"));
    write(place.path().join(name), &dev);
    each(&["config", "--env", "dve"], place.path(), &[], |said| assert_eq!(said.code, 1));
}

#[test]
fn an_answer_of_aws_commands_nothing() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", server.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 8192];
            let _ = stream.read(&mut request);
            let text = "evil\u{9b}1A\u{202e}\u{200b}\n::error file=a::pwned\n  ##[error]pwned";
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{text}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            );
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    each(&["plan", "--env", "dev"], root(), &[("AWS_ENDPOINT_URL", &url)], |said| {
        assert!(said.code == 1 && said.err.contains("evil"), "{}", said.err);
    });
}

#[test]
fn settings_with_control_characters_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    write(place.path().join(".billpay.yaml"), &format!("env: {}\n", quoted()));
    each(&["plan", "--help"], place.path(), &[], |said| {
        assert!(said.code == 1 && said.err.contains("control character"), "{}", said.err);
    });
}
