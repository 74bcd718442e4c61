//! Case and Unicode folding of paths.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Returns a path as the most forgiving of systems compares it: without regard to case, normal form and characters that
/// stand for nothing. Two paths that come out the same may be one file on Windows or macOS.
pub fn fold_path(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        return match path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => path.to_ascii_lowercase().into(),
            false => path.into(),
        };
    }
    let visible: String = path.chars().filter(|sign| !is_ignorable(*sign)).collect();
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&visible).into_owned();
    let cased: String = decomposed.chars().map(fold_case).collect();
    ComposingNormalizerBorrowed::new_nfc().normalize(&cased).into_owned().into()
}

/// Folds a character as full case folding does: `ß` is `ss`, the long and the final s are an s and a sigma.
fn fold_case(sign: char) -> String {
    match sign {
        // The dotless i is a letter of its own, though its capital is that of i.
        '\u{131}' => sign.to_string(),
        sign => sign.to_uppercase().flat_map(char::to_lowercase).collect(),
    }
}

/// Returns whether a character has no shape of its own, so that some systems leave it out of a name.
fn is_ignorable(sign: char) -> bool {
    matches!(u32::from(sign),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfff8
        | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::fold_path;

    #[test]
    fn names_that_some_systems_take_for_one_come_out_the_same() {
        for (one, other) in [
            ("README.md", "readme.MD"),
            ("caf\u{e9}", "CAFE\u{301}"),
            (".git", ".g\u{200c}it"),
            (".git", "\u{feff}.GIT"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{17f}et", "SET"),
            ("\u{212a}", "k"),
            ("\u{3c3}", "\u{3c2}"),
            ("a\u{fe0f}", "a"),
        ] {
            assert_eq!(fold_path(one), fold_path(other), "{one:?} {other:?}");
        }
        for (one, other) in [("a", "b"), ("e", "\u{e9}"), ("\u{131}", "i"), ("a/b", "ab")] {
            assert_ne!(fold_path(one), fold_path(other), "{one:?} {other:?}");
        }
    }
}
