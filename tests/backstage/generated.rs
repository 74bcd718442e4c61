//! Patterns, texts and bytes by the hundred, through the portal's scaffolder and through ours.

use billpay_scaffold::{Answers, Entry, TemplateFile, TemplateFolder};
use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::corpus::{Expected, Given};
use crate::portal::Portal;
use crate::same::{differs, ours, theirs};
use crate::{asking, folder, put};

/// Renders a folder by both; what differs, if anything.
fn compare(portal: &mut Portal, folder: &TemplateFolder) -> Option<String> {
    let mut answers = Answers::new();
    answers.insert("name".into(), "shop".into());
    let (ours, answers) =
        ours(folder, &Given { name: "generated".into(), answers, expected: Expected::Same });
    match (ours, theirs(portal, folder, &answers)) {
        (Ok(ours), Ok(theirs)) => (ours != theirs).then(|| differs(&ours, &theirs)),
        (Err(_), Err(_)) => None,
        (Ok(_), Err(why)) => Some(format!("  only the portal refuses it: {why}")),
        (Err(why), Ok(_)) => Some(format!("  only we refuse it: {why}")),
    }
}

fn pick<'t>(random: &mut Rng, from: &[&'t str]) -> &'t str {
    from[random.usize(..from.len())]
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and asks it about hundreds of patterns"]
fn patterns_take_in_the_same_files() {
    let mut portal = Portal::start();
    let mut random = Rng::with_seed(5);
    let parts = [
        "a", "b", "ab", "*", "**", "?", "*.md", "[ab]", "[!a]", "{a,b}", "a*", "*b", ".*", "**b", "@(a|b)",
        "+(a)", "?(a)b", "*(a|b)", "a{1..3}", "{a,b/x}z", "[a-c]*", "{,a}b", "a]", "(a|b)",
    ];
    let names =
        ["a", "b", "ab", "a.md", "b.md", "x.md", ".h", "a1", "a3", "b.txt", "{a}", "[x]", "a]", "a{b"];
    let mut files: Vec<String> = vec![];
    for folder in ["", "a/", "b/", ".d/", "a/b/", "b/a/b/"] {
        files.extend(names.iter().map(|name| format!("s/{folder}{name}.f")));
        files.extend(["x.md", "ab.md", ".h.md", "b1"].iter().map(|name| format!("s/{folder}{name}")));
    }
    let mut wrong = vec![];
    for _ in 0..120 {
        let patterns: Vec<String> = (0..random.usize(1..4))
            .map(|_| {
                let depth = random.usize(1..4);
                let joined: Vec<&str> = (0..depth).map(|_| pick(&mut random, &parts)).collect();
                let last = if random.bool() { "/x.md" } else { "" };
                let not = if random.u8(..6) == 0 && !joined[0].starts_with('(') { "!" } else { "" };
                let start = if random.u8(..10) == 0 { "./" } else { "" };
                let end = if random.u8(..10) == 0 { "/" } else { last };
                format!("{not}{start}{}{end}", joined.join("/"))
            })
            .collect();
        let list = json!(patterns);
        let step = format!(
            "- action: fetch:template\n  input: {{ url: ./s, targetPath: t, values: {{ name: x }}, copyWithoutTemplating: {list} }}\n\
             - action: fetch:plain\n  input: {{ url: ./s, targetPath: p }}\n\
             - action: fs:delete\n  input: {{ files: {} }}\n",
            json!(patterns.iter().map(|pattern| format!("p/{pattern}")).collect::<Vec<_>>())
        );
        let template = asking(&step);
        let texts: Vec<(&str, &str)> =
            files.iter().map(|path| (path.as_str(), "${{ values.name }}")).collect();
        let folder = folder(&[[("template.yaml", template.as_str())].as_slice(), texts.as_slice()].concat());
        wrong.extend(compare(&mut portal, &folder).map(|differs| format!("{list}\n{differs}")));
    }
    assert!(wrong.is_empty(), "{} of 120:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and has it write hundreds of texts"]
fn entities_are_written_the_same() {
    let mut portal = Portal::start();
    let mut random = Rng::with_seed(6);
    let pieces = [
        "word",
        "a",
        " ",
        "  ",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "\\",
        "\n",
        "\n\n",
        "- ",
        "-",
        "?",
        ",",
        "[",
        "{ ",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        "1",
        ".",
        "e5",
        "true",
        "null",
        "~",
        "0x1",
        "\t",
        "é",
        "文",
        "🚀",
        "\u{7}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "=",
        "< <",
        "---",
        "a-rather-long-word-that-goes-on",
        "several words with spaces between them ",
    ];
    let mut wrong = vec![];
    let mut refused = 0;
    for _ in 0..150 {
        let mut text = || {
            let most = if random.bool() { 5 } else { 30 };
            (0..random.usize(..most)).map(|_| pick(&mut random, &pieces)).collect::<String>()
        };
        let mut object: Map<String, Value> = (0..4).map(|_| (text(), Value::from(text()))).collect();
        object.insert("list".into(), json!([text(), [text()], { "deep": { "deeper": text() } }]));
        let entity = json!({ "metadata": { "name": "x" }, "spec": object });
        let folder = folder(&[(
            "template.yaml",
            asking(&format!("- action: catalog:write\n  input: {{ entity: {entity} }}\n")).as_str(),
        )]);
        match compare(&mut portal, &folder) {
            Some(told) if told.contains("can't write as the portal does") => refused += 1,
            other => wrong.extend(other.map(|differs| format!("{entity}\n{differs}"))),
        }
    }
    println!("{refused} of 150 entities aren't written at all");
    assert!(wrong.is_empty(), "{} of 150:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and has it look at hundreds of files"]
fn the_same_files_are_text() {
    let mut portal = Portal::start();
    let mut random = Rng::with_seed(7);
    let step =
        "- action: fetch:template\n  input: { url: ./s, values: { name: '${{ parameters.name }}' } }\n";
    let mut folder = folder(&[("template.yaml", asking(step).as_str())]);
    for number in 0..1500 {
        let odd = random.u8(..60);
        let mut bytes: Vec<u8> = (0..random.usize(..900))
            .map(|_| match random.u8(..100) {
                share if share < odd => random.u8(128..),
                share if share < odd + 2 && number % 3 == 0 => random.u8(..32),
                _ => random.u8(32..127),
            })
            .filter(|byte| !b"{}%#$".contains(byte))
            .collect();
        if number % 5 == 0 {
            bytes = (0..random.usize(1..8)).flat_map(|_| [8 * random.u8(1..12), random.u8(1..)]).collect();
        }
        if number % 50 == 0 {
            bytes.splice(0..0, [0xfe, 0xff]);
        }
        bytes.extend_from_slice(b"${{ values.name }}");
        put(&mut folder, &format!("s/{number}"), Entry::File(TemplateFile { bytes, executable: false }));
    }
    let differs = compare(&mut portal, &folder);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
}
