//! The table of bombs: each is a file that the program reads in little memory and time, or refuses at its place.
//!
//! A row is a kind of file, a bomb, and its size. Those of the languages of templates are in [`languages`].

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use billpay_testkit::selection::select;

use crate::languages;

/// Address space of the program, KiB.
const ADDRESS_SPACE: usize = 2 << 20;
/// Most memory that it may really use, MiB.
const MAX_MEMORY_MIB: usize = 1 << 10;
/// Processor time of the program, in seconds: only a reader that is not linear needs more, whatever else runs on the machine.
const CPU_SECONDS: usize = 120;

/// A kind of file, and how the program comes to read it.
struct Kind {
    name: &'static str,
    /// Path of the file; its other files are below.
    file: &'static str,
    /// Beginning without which it is not read at all.
    head: &'static str,
    /// Largest file that is read, bytes.
    limit: usize,
    around: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    /// Set if a file is fine with entries that nobody knows.
    open: bool,
}

const TEMPLATE: &str = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: { name: t }\n\
                        spec: { type: service, owner: o, steps: [] }\n";
const SHARED: (&str, &str) = ("environments/shared.yaml", include_str!("../spec/base.yaml"));
const DEV: (&str, &str) = ("environments/dev.yaml", "environment: dev\n");
const NEW: [&str; 6] = ["scaffold", "./t", "--defaults", "--dry-run", "--out", "made"];

const KINDS: &[Kind] = &[
    Kind {
        name: "spec",
        file: "environments/dev.yaml",
        head: "environment: dev\n",
        limit: 256 << 10,
        around: &[SHARED],
        args: &["config", "--env", "dev"],
        open: false,
    },
    Kind {
        name: "values",
        file: "values.yaml",
        head: "service: payment-service\n",
        limit: 256 << 10,
        around: &[SHARED, DEV],
        args: &["scaffold", "kubernetes", "--env", "dev", "--values", "values.yaml", "--check"],
        open: false,
    },
    Kind {
        name: "template.yaml",
        file: "t/template.yaml",
        head: TEMPLATE,
        limit: 4 << 20,
        around: &[],
        args: &["scaffold", "show", "./t"],
        open: false,
    },
    Kind {
        name: "mkdocs.yml",
        file: "mkdocs.yml",
        head: "site_name: x\nunknown: 1\n",
        limit: 512 << 10,
        around: &[("docs/index.md", "")],
        args: &["docs", "build"],
        open: false,
    },
    Kind {
        name: "catalog-info.yaml",
        file: "catalog-info.yaml",
        head: "kind: Component\nmetadata: { name: x }\n",
        limit: 4 << 20,
        around: &[("site/index.html", "")],
        args: &["docs", "publish", "--site", "site", "--bucket", "b", "--region", "x", "--dry-run"],
        open: true,
    },
    Kind {
        name: "answers",
        file: "answers.yaml",
        head: "",
        limit: 4 << 20,
        around: &[("t/template.yaml", TEMPLATE)],
        args: &[NEW[0], NEW[1], NEW[2], NEW[3], NEW[4], NEW[5], "--values", "answers.yaml"],
        open: true,
    },
    Kind {
        name: "record",
        file: ".billpay/scaffold.yaml",
        head: "schema: billpay/scaffold-record/v1\ntemplates: []\n",
        limit: 8 << 20,
        around: &[],
        args: &["scaffold", "update", "."],
        open: true,
    },
    Kind {
        name: "settings",
        file: ".billpay.yaml",
        head: "",
        limit: 64 << 10,
        around: &[],
        args: &["scaffold", "list"],
        open: false,
    },
];

/// Bombs that no file may hold, whatever else is in it.
const ALWAYS: &[&str] = &[
    "aliases of aliases",
    "lists in lists",
    "mappings in mappings",
    "dashes in a line",
    "questions in a line",
    "a quote without an end",
    "one key, again and again",
    "bytes that are no text",
];
/// Files with nothing in them, of which some kinds make nothing wrong.
const NOTHING: &[&str] = &["comments", "carriage returns", "documents"];

/// Bombs in YAML that a file of any kind may have behind its head; of about `size` bytes each.
fn yaml(size: usize) -> Vec<(&'static str, String)> {
    let half = "x".repeat(size / 2);
    let levels: Vec<String> = (1..9)
        .map(|level| format!("b{level}: &b{level} [{}]\n", vec![format!("*b{}", level - 1); 9].join(",")))
        .collect();
    let keys = |count: usize| (0..count).map(|key| format!("k{key}: 1\n")).collect::<String>();
    let indented = |count: usize| (0..count).map(|key| format!("  k{key}: 1\n")).collect::<String>();
    let few = size.min(100_000) / 40;
    vec![
        ("aliases of aliases", format!("b0: &b0 [x]\n{}", levels.concat())),
        ("a long text, repeated", format!("b: &b {half}\nl: [{}]\n", vec!["*b"; size / 8].join(","))),
        ("a long key, repeated", format!("b: &b {half}\nl: [{}]\n", vec!["{*b : 1}"; size / 20].join(","))),
        ("a long tag, repeated", format!("b: !<x:{half}> &b 1\nl: [{}]\n", vec!["*b"; size / 8].join(","))),
        (
            "mappings merged again and again",
            format!("b: &b\n{}l:\n{}", indented(few), "- { <<: *b }\n".repeat(few)),
        ),
        (
            "lists merged again and again",
            format!(
                "b: &b {{}}\nl:\n{}",
                format!("- {{ <<: [{}] }}\n", vec!["*b"; 20].join(",")).repeat(size / 100)
            ),
        ),
        ("many keys", keys(size / 11)),
        ("many keys in one mapping below", format!("b:\n{}", indented(size / 13))),
        ("one key, again and again", "k: 1\n".repeat(size / 5)),
        ("many empty entries", (0..size / 11).map(|key| format!("k{key}: ~\n")).collect()),
        (
            "many entries with aliases",
            format!("b: &b 1\n{}", (0..size / 13).map(|key| format!("k{key}: *b\n")).collect::<String>()),
        ),
        ("lists in lists", format!("b: {}", "[".repeat(size - 100))),
        ("dashes in a line", format!("b:\n  {}", "- ".repeat(size / 2 - 100))),
        ("questions in a line", format!("b:\n  {}", "? ".repeat(size / 2 - 100))),
        ("mappings in mappings", format!("b: {}", "{a: ".repeat(size / 4 - 100))),
        ("a long list", format!("b: [{}]\n", "0,".repeat(size / 2 - 100))),
        ("a long list of mappings", format!("b: [{}]\n", "{},".repeat(size / 3 - 100))),
        ("a long word", format!("b: {}\n", "é".repeat(size / 2 - 100))),
        ("a text of many lines", format!("b: \"{}\"\n", " \n".repeat(size / 2 - 100))),
        ("a quote without an end", format!("b: \"{}", "x ".repeat(size / 2 - 100))),
        ("comments", "# x\n".repeat(size / 4 - 100)),
        ("anchors", format!("b: [{}]\n", "&a x,".repeat(size / 5 - 100))),
        (
            "tags with long names",
            format!("b:\n{}", format!("- !<x:{}> 1\n", "y".repeat(900)).repeat(size / 920)),
        ),
        ("documents", "---\n".repeat(size / 4 - 100)),
        ("carriage returns", "\r".repeat(size - 200)),
        ("tabs", format!("b:\n{}", "\t\n".repeat(size / 2 - 200))),
        ("a file that is too large", format!("b: {}\n", "x".repeat(2 * size))),
        ("bytes that are no text", "b: \u{0}\n".repeat(size / 8)),
    ]
}

/// Bombs in JSON.
fn json(size: usize) -> Vec<(&'static str, String)> {
    let keys: Vec<String> = (0..size / 12).map(|key| format!("\"k{key}\":1")).collect();
    vec![
        ("lists in lists", "[".repeat(size - 100)),
        ("mappings in mappings", "{\"a\":".repeat(size / 5 - 100)),
        ("a long list", format!("{{\"cookiecutter\": [{}0]}}", "0,".repeat(size / 2 - 100))),
        ("a long list of mappings", format!("{{\"cookiecutter\": [{}0]}}", "{},".repeat(size / 3 - 100))),
        ("many keys", format!("{{{}}}", keys.join(","))),
        ("one key, again and again", format!("{{{}\"a\":1}}", "\"a\":1,".repeat(size / 6 - 100))),
        ("a long number", format!("{{\"a\": {}}}", "9".repeat(size - 100))),
        ("a quote without an end", format!("{{\"a\": \"{}", "\\u00e9".repeat(size / 6 - 100))),
        ("a fault inside a letter", "{\"a\": é}".to_string()),
        ("a file that is too large", format!("{{\"a\": \"{}\"}}", "x".repeat(2 * size))),
    ]
}

/// Bombs that only a file of this kind has, in place of its head.
fn special(kind: &str, size: usize) -> Vec<(&'static str, String)> {
    let many = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
    let template =
        TEMPLATE.replace(" steps: [] }", "").replace("spec: {", "spec:\n ").replace(", owner: o,", "");
    let template = |rest: &str| format!("{template}{rest}");
    match kind {
        "spec" => vec![
            (
                "many services",
                format!(
                    "environment: dev\nservices:\n{}",
                    many(size / 40, |at| format!("  s{at}: {{ port: {at} }}\n"))
                ),
            ),
            (
                "many keys taken out",
                format!("environment: dev\nservices:\n{}", many(size / 20, |at| format!("  s{at}: ~\n"))),
            ),
            (
                "many wrong values",
                format!(
                    "environment: dev\nservices:\n{}",
                    many(size / 40, |at| format!("  s{at}: [{at}]\n"))
                ),
            ),
        ],
        "values" => vec![
            (
                "many folders",
                format!(
                    "service: payment-service\nwritable: [{}]",
                    many(size / 12, |at| format!("/x/{at},"))
                ),
            ),
            (
                "many connections",
                format!(
                    "service: payment-service\noutbound:\n{}",
                    many(size / 30, |at| format!("- {{ port: {at} }}\n"))
                ),
            ),
        ],
        "template.yaml" => vec![
            (
                "many questions",
                template(&format!(
                    "  parameters:\n    properties:\n{}  steps: []\n",
                    many(size / 40, |at| format!("      p{at}: {{ type: string }}\n"))
                )),
            ),
            (
                "many pages",
                template(&format!(
                    "  parameters:\n{}  steps: []\n",
                    many(size / 50, |at| format!("  - {{ title: a, properties: {{ p{at}: {{}} }} }}\n"))
                )),
            ),
            (
                "many steps",
                template(&format!(
                    "  steps:\n{}",
                    many(size / 50, |at| format!("  - {{ id: s{at}, action: debug:log, input: {{}} }}\n"))
                )),
            ),
            (
                "many names that nothing gives",
                template(&format!(
                    "  parameters: {{ properties: {{ a: {{}} }} }}\n  steps:\n  - {{ id: a, action: debug:log, input: {{ message: \"{}\" }} }}\n",
                    many(size / 30, |at| format!("${{{{ parameters.p{at} }}}} "))
                )),
            ),
            (
                "many references to steps",
                template(&format!(
                    "  steps:\n{}",
                    many(size / 80, |at| format!(
                        "  - {{ id: s{at}, action: debug:log, input: {{ message: \"${{{{ steps.x{at}.output }}}}\" }} }}\n"
                    ))
                )),
            ),
            (
                "one step, again and again",
                template(&format!(
                    "  steps:\n{}",
                    "  - { id: s, action: debug:log, input: {} }\n".repeat(size / 50)
                )),
            ),
        ],
        "mkdocs.yml" => vec![
            (
                "many settings that are left out",
                format!("site_name: x\ntheme:\n{}", many(size / 12, |at| format!("  t{at}: 1\n"))),
            ),
            (
                "many plugins",
                format!("site_name: x\nplugins: [{}]\n", many(size / 8, |at| format!("p{at},"))),
            ),
        ],
        "catalog-info.yaml" => vec![(
            "many entities",
            many(size / 45, |at| format!("---\nkind: A\nmetadata: {{ name: n{at} }}\n")),
        )],
        "record" => vec![(
            "many templates",
            format!(
                "schema: billpay/scaffold-record/v1\ntemplates:\n{}",
                many(size / 90, |at| format!(
                    "- {{ template: t{at}, format: backstage, from: {{ path: x }}, digest: x, answers: {{}} }}\n"
                ))
            ),
        )],
        _ => vec![],
    }
}

/// Variables of Cookiecutter's, each of which is rendered with all before it.
fn rendered(size: usize) -> Vec<(&'static str, String)> {
    let many = |count: usize| {
        (0..count).map(|at| format!("\"k{at}\":\"{{{{ 1 }}}}\"")).collect::<Vec<_>>().join(",")
    };
    let count = (size / 40).min(900);
    vec![
        ("many variables that are rendered", format!("{{{}}}", many(count))),
        (
            "a long list, and many variables",
            format!("{{\"_l\": [{}0], {}}}", "0,".repeat(size / 4), many(count)),
        ),
        (
            "a long text, and many variables",
            format!("{{\"l\": \"{}\", {}}}", "x".repeat(size / 2), many(count)),
        ),
    ]
}

/// A file, how it is read, and what is said of it.
pub struct Row {
    pub name: String,
    pub file: &'static str,
    pub text: String,
    pub around: Vec<(&'static str, &'static str)>,
    pub args: Vec<&'static str>,
    /// Set if it has to be refused, naming the file.
    pub refused: bool,
}

/// A kind of JSON: name, path, largest size in bytes, files around it, and arguments.
type JsonKind =
    (&'static str, &'static str, usize, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// Rows of JSON.
fn others(size: usize) -> Vec<Row> {
    let kinds: [JsonKind; 4] = [
        ("cookiecutter.json", "t/cookiecutter.json", 256 << 10, &[], &["scaffold", "show", "./t"]),
        ("plan", "plan.json", 16 << 20, &[], &["provision", "--env", "dev", "--plan-file", "plan.json"]),
        (
            "replay",
            "replay.json",
            4 << 20,
            &[("t/template.yaml", TEMPLATE)],
            &["scaffold", "./t", "--dry-run", "--replay", "replay.json"],
        ),
        (
            "manifest",
            ".billpay/manifest.json",
            128 << 20,
            &[SHARED, DEV],
            &["scaffold", "infrastructure", "--env", "dev", "--out", ".", "--check"],
        ),
    ];
    let mut rows = vec![];
    for (bomb, text) in rendered(size.min(256 << 10)) {
        let (name, file, args) =
            (format!("cookiecutter.json: {bomb}"), "t/cookiecutter.json", vec!["scaffold", "show", "./t"]);
        rows.push(Row { name, file, text, around: vec![], args, refused: false });
    }
    for (name, file, limit, around, args) in kinds {
        for (bomb, text) in json(size.min(limit)) {
            let (around, args) = (around.to_vec(), args.to_vec());
            let refused = text.len() > limit || ["lists in lists", "a fault inside a letter"].contains(&bomb);
            rows.push(Row { name: format!("{name}: {bomb}"), file, text, around, args, refused });
        }
    }
    rows
}

/// All rows, no file larger than `size`.
fn rows(size: usize) -> Vec<Row> {
    let mut rows = others(size);
    rows.extend(languages::rows(size));
    for kind in KINDS {
        let size = size.min(kind.limit - kind.head.len());
        for (bomb, text) in yaml(size) {
            rows.push(Row {
                name: format!("{}: {bomb}", kind.name),
                file: kind.file,
                text: format!("{}{text}", kind.head),
                around: kind.around.to_vec(),
                args: kind.args.to_vec(),
                refused: ALWAYS.contains(&bomb)
                    || text.len() > kind.limit
                    || !(kind.open || NOTHING.contains(&bomb)),
            });
        }
        for (bomb, text) in special(kind.name, size) {
            let (around, args) = (kind.around.to_vec(), kind.args.to_vec());
            rows.push(Row {
                name: format!("{}: {bomb}", kind.name),
                file: kind.file,
                text,
                around,
                args,
                refused: false,
            });
        }
    }
    rows
}

/// The time that a run took, its peak memory in MiB, and what it said.
struct Ran {
    seconds: f64,
    memory: usize,
    code: Option<i32>,
    said: String,
}

fn run(row: &Row) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in row.around.iter().copied().chain([(row.file, row.text.as_str())]) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let out = |name: &str| fs::File::create(folder.path().join(name)).expect("a file");
    let limited = format!("ulimit -v {ADDRESS_SPACE}; ulimit -t {CPU_SECONDS}; exec \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_billpay")])
        .args(&row.args)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .stdin(Stdio::null())
        .stdout(out("stdout"))
        .stderr(out("stderr"))
        .spawn()
        .expect("the program");
    let begin = Instant::now();
    let mut memory = 0;
    let code = loop {
        memory = memory.max(peak(&child));
        if let Some(status) = child.try_wait().expect("its end") {
            break status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begin.elapsed().as_secs_f64();
    let said = ["stdout", "stderr"].map(|name| read(&folder.path().join(name))).concat();
    Ran { seconds, memory, code, said }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// The most memory that a process had so far, MiB.
fn peak(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<usize>().ok()).unwrap_or_default() >> 10
}

/// Returns what is wrong with how the program took a bomb.
fn fault(row: &Row, ran: &Ran) -> Option<String> {
    let first: String = ran.said.chars().take(600).collect();
    let name = row.file.rsplit('/').next().unwrap_or(row.file);
    match ran.code {
        None => Some(format!("it was killed, or needed more than {CPU_SECONDS} s of the processor")),
        Some(101) => Some(format!("it panicked: {first}")),
        Some(_) if ran.said.contains("panicked at") => Some(format!("it panicked: {first}")),
        Some(0) if row.refused => Some("it was taken".into()),
        Some(_) if row.refused && !ran.said.contains(name) => Some(format!("no place is named: {first}")),
        Some(_) if ran.memory > MAX_MEMORY_MIB => Some(format!("it took {} MiB", ran.memory)),
        Some(_) => None,
    }
}

/// Tries every `step`th row from `first` on.
fn hold(size: usize, first: usize, step: usize) {
    let rows = rows(size);
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let selected = select("BOMB", &names, |part, name| name.contains(part));
    let selected: BTreeSet<String> = selected.into_iter().map(str::to_owned).collect();
    let rows = Mutex::new(
        rows.into_iter()
            .filter(|row| selected.contains(&row.name))
            .skip(first)
            .step_by(step)
            .collect::<Vec<_>>(),
    );
    let done = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(row) = { rows.lock().expect("the rows").pop() } {
                    let ran = run(&row);
                    let fault = fault(&row, &ran).map(|why| format!("{}: {why}", row.name));
                    let line = format!(
                        "{:<52} {:>9} bytes {:>7.2} s {:>5} MiB  {}",
                        row.name,
                        row.text.len(),
                        ran.seconds,
                        ran.memory,
                        ran.code.map_or("killed".into(), |code| code.to_string()),
                    );
                    done.lock().expect("the results").push((line, fault));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("the results");
    done.sort();
    done.iter().for_each(|(line, _)| println!("{line}"));
    let faults: Vec<String> = done.into_iter().filter_map(|(_, fault)| fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn small_bombs_do_no_harm() {
    // A fifth of them, so that each bomb and each kind is among them.
    hold(20_000, 0, 5);
}

#[test]
#[ignore = "full tier: files as large as each kind may be; a sixth of them, all with BOMB="]
fn bombs_do_no_harm() {
    let (first, step) = if std::env::var_os("BOMB").is_some() { (0, 1) } else { (3, 6) };
    hold(usize::MAX >> 8, first, step);
}
