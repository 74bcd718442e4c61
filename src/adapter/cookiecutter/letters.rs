//! Letters as ASCII, as text-unidecode has them.

/// HTML's names of characters that are no letters.
pub const ENTITIES: &[&str] = &["amp", "lt", "gt", "quot", "nbsp"];

/// What stands for a letter of another alphabet.
pub fn ascii(c: char) -> Option<&'static str> {
    deunicode::deunicode_char(c)
}

/// The letter without what is on it.
pub fn base(c: char) -> Option<&'static str> {
    ascii(c)
}
