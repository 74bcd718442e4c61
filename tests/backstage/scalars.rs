//! Keys, values, tags and line ends of `template.yaml`: what the portal's reader makes of them, or refused.

use billpay_scaffold::Answers;

use crate::portal::Portal;
use crate::same::{differs, made, theirs};
use crate::{asking, folder, render};

/// Values of a step that are read as the portal reads them.
const SAME: &[&str] = &[
    "~: a",
    "null: a",
    ": a",
    "True: a",
    "0x10: a",
    "0o10: a",
    "1.0: a",
    "01: a",
    "+1: a",
    "-0: a",
    "1e3: a",
    "1e21: a",
    "1e-7: a",
    "12345678901234567890: a",
    "b: 1\n2: a\n01: a",
    "'0x10': a",
    "!!str 0x10: a",
    "! ~: a",
    "!!int '01': a",
    "yes: a",
    "'<<': 1",
    "<<: 1",
    "<<: [a]",
    "'<<': {b: 1}",
    "!!str <<: {b: 1}",
    "a: 1e400",
    "a: -1e400",
    "a: .inf",
    "a: -0.0",
    "a: 1.",
    "a: +.5",
    "a: 0x+1",
    "a: -0x1",
    "a: 1e3.5",
    "a: 9007199254740993",
    "a: 0xffffffffffffffff",
    "a: 0xfffffffffffffffffffff",
    "a: 0x100000000000008000000000001",
    "a: 0o7777777777777777777777777",
    "a: ! 1",
    "a: ! ~",
    "a: !",
    "a: ! [1]",
    "a: ! {b: 1}",
    "a: !!float 1.0",
    "a: !!float '1.5'",
    "a: !!float .inf",
    "a: !!int 0x10",
    "a: !!bool 'true'",
    "a: !!null ''",
    "a: !!map {b: !!seq [1]}",
    "a: \"x\\ry\"",
    "a: yes",
    "a: 010",
    "a: 1_000",
];

/// Values of a step that the portal reads otherwise than one would think, or refuses.
const REFUSED: &[&str] = &[
    "0x1: a\n1: b",
    "TRUE: a\ntrue: b",
    ".inf: a",
    "1e400: a",
    "!x 1: a",
    "!!float 1: a",
    "a: !!float 1",
    "a: !!int 1.0",
    "a: !!int 1e3",
    "a: !!bool yes",
    "a: !!null x",
    "a: !!set {a, b}",
    "a: !!omap [a: 1]",
    "a: !!pairs [a: 1]",
    "a: !!binary aGk=",
    "a: !!str [a]",
    "a: !!seq {a: 1}",
    "!!merge <<: {b: 1}",
    "a: &a {b: 1}\n<<: *a",
    "<<: {b: 1}",
    "a: 'x\ry'",
];

fn template(values: &str) -> String {
    let values: String = values.split('\n').map(|line| format!("        {line}\n")).collect();
    asking(&format!(
        "- action: fetch:template\n  input:\n    url: ./skeleton\n    values:\n      v:\n{values}"
    ))
}

#[test]
fn what_the_portal_reads_as_something_else_is_refused() {
    let skeleton = ("skeleton/x.txt", "${{ values.v | dump }}\n");
    let documents = [
        format!("%YAML 1.1\n---\n{}", template("a: yes")),
        format!("# about it\r{}", template("a: 1")),
        template("a: 1").replace('\n', "\r"),
    ];
    for text in REFUSED.iter().map(|values| template(values)).chain(documents) {
        let rendering = render(&folder(&[("template.yaml", &text), skeleton]), "shop");
        assert!(rendering.is_err(), "{text}");
    }
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and has it read each of them"]
fn scalars_and_keys_are_the_portal_s() {
    let mut portal = Portal::start();
    let documents = [
        template("a: 1").replace('\n', "\r\n"),
        format!("%YAML 1.2\n---\n{}", template("a: yes")),
        format!("%TAG !e! tag:yaml.org,2002:\n---\n{}", template("a: !e!str 1")),
    ];
    let mut wrong = vec![];
    for text in SAME.iter().map(|values| template(values)).chain(documents) {
        let folder = folder(&[("template.yaml", &text), ("skeleton/x.txt", "${{ values.v | dump }}\n")]);
        let answers = Answers::from_iter([("name".into(), "shop".into())]);
        let theirs = theirs(&mut portal, &folder, &answers);
        match (render(&folder, "shop").map(made), theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => {}
            (Ok(ours), Ok(theirs)) => wrong.push(format!("{text}\n{}", differs(&ours, &theirs))),
            (ours, theirs) => {
                wrong.push(format!("{text}\nours: {}, theirs: {:?}", ours.is_ok(), theirs.err()))
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
