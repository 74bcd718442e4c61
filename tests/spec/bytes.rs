//! Any bytes at all: never a panic, always a place.

use proptest::prelude::*;

use super::load_over_base;

/// Asserts that the reader takes a text, or refuses it with findings that each have a place.
fn assert_places(text: &[u8]) {
    if let Err(findings) = load_over_base("dev", text) {
        assert!(!findings.is_empty());
        for problem in &findings.problems {
            assert!(problem.place.line >= 1 && problem.place.column >= 1, "{problem:?}");
        }
        assert!(!findings.render(true).is_empty());
    }
}

/// Pieces that make YAML, so that what is put together from them gets far.
fn piece() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "environment: dev\n",
        "account: ",
        "services:\n",
        "  x: ",
        "network: ",
        "cidr: ",
        "10.0.0.0/33",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "- ",
        "\n",
        "\n\n",
        "  ",
        "\t",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!x ",
        "---\n",
        "...\n",
        "| \n",
        "? ",
        "null",
        "~",
        "on",
        "1e999",
        "0x1F",
        ".nan",
        "\u{feff}",
        "ü",
        "\u{1f600}",
        "\r\n",
        "%YAML 1.2\n",
        "#",
        "\0",
        "\u{1b}[31m",
        "nodes: {a: {min: 5, max: 1}}",
        "tags: {\"aws:x\": y}",
        "needs: [b]",
    ];
    prop_oneof![4 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_places(&bytes);
    }

    #[test]
    fn anything_like_yaml(pieces in prop::collection::vec(piece(), 0..60)) {
        assert_places(pieces.concat().as_bytes());
    }

    #[test]
    fn a_good_spec_with_something_in_it(at in 0..super::BASE.len(), what in piece()) {
        let mut text = format!("environment: dev\n{}", super::BASE);
        text.insert_str(at, &what);
        assert_places(text.as_bytes());
    }
}

#[test]
fn large_inputs() {
    let size = 200_000;
    for text in [
        "[".repeat(size),
        "{a: ".repeat(size / 4),
        "- ".repeat(size / 2),
        "? ".repeat(size / 2),
        "a:\n".repeat(size / 3),
        (0..size / 10).map(|n| format!("k{n}: 1\n")).collect(),
        (0..9_000).map(|n| format!("k{n}: 1\n")).collect(),
        format!("services: {{{}}}", "x: {}, ".repeat(5_000)),
        format!("x: '{}'", "y".repeat(size)),
        format!("environment: \"{}\"", "\u{1b}".repeat(size / 4)),
        format!("services: {{{}}}", "y".repeat(size)),
        format!("tags: {{{}}}", (0..4_000).map(|n| format!("t{n}: x, ")).collect::<String>()),
        "#".repeat(size),
        "\n".repeat(size),
        "\u{feff}".repeat(size / 3),
        "a: &a [x]\n".to_owned() + &"b: *a\n".repeat(size / 6),
        "x".repeat(2_000_000),
    ] {
        assert_places(text.as_bytes());
    }
}
