//! Texts come back from OpenTofu as we wrote them.

use billpay_templates::hcl;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::tree::Tree;
use billpay_testkit::programs::opentofu;

const MODULE: &str = r#"
variable "texts" {
  type = list(string)
}

variable "keys" {
  type = map(number)
}

output "texts" {
  value = var.texts
}

output "keys" {
  value = var.keys
}
"#;

const UNIT: &str = r#"
terraform {
  source = "../module"
}
"#;

/// Pieces that mean something where texts are read: quotes, templates, escapes, comments.
const PIECES: &[&str] = &[
    "${",
    "%{",
    "$${",
    "%%{",
    "$",
    "%",
    "{",
    "}",
    "\"",
    "\\",
    "\\u0024{",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "EOT",
    "<<-EOT\n",
    "#",
    "//",
    "/*",
    "*/",
    "{{ account }}",
    "${{ x }}",
    "é",
    "支付",
    "🦀",
    "\u{202E}",
    "\u{FEFF}",
    "\u{2028}",
    "\u{7F}",
    "\u{1}",
    "\0",
    "if true",
    "~}",
    "null",
    " ",
    "'",
    "`",
];

/// Returns true if a text of these is in the normal form NFC, which OpenTofu brings every text into;
/// without any that combine or stand for others, it is.
fn is_plain(c: char) -> bool {
    c < '\u{300}'
        || matches!(c, '\u{400}'..='\u{482}' | '\u{2002}'..='\u{2064}' | '\u{3041}'..='\u{3098}')
        || matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{E000}'..='\u{F8FF}' | '\u{FEFF}')
        || matches!(c, '\u{1F300}'..='\u{1FAFF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// The same texts at each run.
fn texts(count: usize) -> Vec<String> {
    let piece = proptest::sample::select(PIECES).prop_map(str::to_string);
    let pieces = proptest::collection::vec(prop_oneof![4 => piece, 1 => any::<String>()], 0..8);
    let text = pieces.prop_map(|pieces| pieces.concat());
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let mut texts: Vec<String> = PIECES.iter().map(|piece| piece.to_string()).collect();
    while texts.len() < count {
        let text = text.new_tree(&mut runner).expect("a text").current();
        texts.push(text.chars().filter(|c| is_plain(*c)).collect());
    }
    texts
}

#[test]
#[ignore = "needs Terragrunt and OpenTofu: cargo test -- --include-ignored"]
fn opentofu_reads_the_texts_that_went_in() {
    let texts = texts(600);
    let keys: serde_json::Map<String, Value> =
        texts.iter().enumerate().map(|(at, text)| (text.clone(), json!(at))).collect();
    assert!(keys.len() > 400, "most of them differ");
    let values = format!(
        "texts = {}\n\nkeys = {}\n",
        hcl::expression(&json!(texts), 0),
        hcl::expression(&json!(keys), 0)
    );
    let tree = Tree::of(&[("module/main.tf", MODULE), ("unit/terragrunt.hcl", UNIT)]);
    // Not through `of`, which replaces a word in what it writes.
    for folder in ["root", "unit"] {
        std::fs::create_dir_all(tree.path().join(folder)).expect("a folder");
        std::fs::write(tree.path().join(folder).join("terraform.tfvars"), &values).expect("the values");
    }
    tree.write("root/main.tf", MODULE);
    let same = |outputs: &Value| {
        let found = outputs["texts"]["value"].as_array().expect("a list of texts");
        for (wanted, found) in texts.iter().zip(found) {
            assert_eq!(found, wanted, "{}", hcl::expression(&json!(wanted), 0));
        }
        assert_eq!(found.len(), texts.len());
        assert_eq!(outputs["keys"]["value"], json!(keys));
    };

    let tofu = |args: &[&str]| tree.tofu(opentofu(), "root", args).exits(0);
    tofu(&["init"]);
    tofu(&["apply", "-auto-approve"]);
    same(&tofu(&["output", "-json"]).json());
    // Nothing is written in another way than OpenTofu would.
    tofu(&["fmt", "-check", "-diff"]);

    let unit = |args: &[&str]| tree.terragrunt("unit", &[&["run", "--non-interactive", "--"], args].concat());
    unit(&["apply", "-auto-approve"]).exits(0);
    same(&unit(&["output", "-json"]).exits(0).json());
}
