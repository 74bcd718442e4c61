//! Names as the catalog takes them.

use billpay_tree::digest;

/// The longest name that an entity may have.
const MAX_CHARS: usize = 63;

/// Digits of the digest that make a name its own again.
const MARK: usize = 8;

/// The name of an entity for something that is called `name` elsewhere.
///
/// A `/` becomes a `.`. Where more than that has to change, a piece of the original's digest
/// stands behind, so that two things never get one name. The catalog doesn't tell upper from
/// lower case.
pub fn entity_name(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |c: char| matches!(c, '-' | '_' | '.');
    let mut plain = String::with_capacity(name.len());
    for character in name.chars().map(|c| if c == '/' { '.' } else { c.to_ascii_lowercase() }) {
        let character = if allowed(character) || separator(character) { character } else { '-' };
        if !(separator(character) && plain.ends_with(separator)) {
            plain.push(character);
        }
    }
    let plain = plain.trim_matches(separator);
    if plain == name.replace('/', ".") && !name.contains('.') && plain.len() <= MAX_CHARS && !plain.is_empty()
    {
        return plain.to_string();
    }
    let digest = digest(name.as_bytes());
    let mark: String = digest.chars().filter(|c| c.is_ascii_hexdigit()).take(MARK).collect();
    let room: String = plain.chars().take(MAX_CHARS - MARK - 1).collect();
    match room.trim_end_matches(separator) {
        "" => mark,
        start => format!("{start}-{mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["billpay-cluster-dev", "backend-api", "a"] {
            assert_eq!(entity_name(name), name);
        }
        assert_eq!(entity_name("billpay/jwt/secret-dev"), "billpay.jwt.secret-dev");
    }

    #[test]
    fn no_two_things_get_one_name() {
        let alike = [
            "a/b",
            "a.b",
            "a b",
            "A/b",
            "a//b",
            "a\n b",
            "-a.b",
            &"a/b".repeat(40),
            &"a/b".repeat(41),
            "",
            " ",
        ];
        let mut names: Vec<String> = alike.iter().map(|name| entity_name(name)).collect();
        assert!(names.iter().all(|name| (1..=MAX_CHARS).contains(&name.len())), "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), alike.len(), "{names:?}");
    }
}
