//! Path collisions: files of a template that some systems take for one.

use std::collections::BTreeMap;

use billpay_tree::fold_path;

use super::TemplateError;

/// Refuses paths that are one on Windows or macOS, which take `README` for `readme`, an `é` of one
/// character for one of two, and pass over characters that nobody sees. `made` are paths with the file of the template that each is made from.
///
/// # Errors
/// Fails with the first two paths that are one.
pub fn refuse_collisions<'p>(
    made: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> Result<(), TemplateError> {
    let mut taken: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (path, source) in made {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for part in ends.filter_map(|end| path.get(..end)) {
            let place = fold_path(part).into_owned();
            let (other, other_source) = *taken.entry(place).or_insert((part, source));
            if other != part {
                let why = format!(
                    "the template makes `{}`{} and `{}`{}, which are one file on Windows and macOS",
                    other.escape_debug(),
                    from(other_source),
                    part.escape_debug(),
                    from(source)
                );
                return Err(TemplateError::refused(why, "give one of the two another name"));
            }
        }
    }
    Ok(())
}

fn from(source: &str) -> String {
    if source.is_empty() { String::new() } else { format!(" (from `{}`)", source.escape_debug()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_that_some_systems_take_for_one_are_refused_by_both_sources() {
        for (one, other) in [
            ("README.md", "readme.md"),
            ("A/x", "a/y"),
            ("a/B/c", "a/b"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("a\u{200c}b", "ab"),
            ("stra\u{df}e", "STRASSE"),
            ("CAF\u{c9}/x", "cafe\u{301}/y"),
        ] {
            let told =
                refuse_collisions([(one, "t/one"), (other, "t/other")]).expect_err("they meet").to_string();
            for word in ["`t/one`", "`t/other`", "one file on Windows and macOS"] {
                assert!(told.contains(word), "{word} is not in {told}");
            }
        }
        assert_eq!(refuse_collisions([("a/x", ""), ("a/y", ""), ("ab", ""), ("a", "")]), Ok(()));
    }
}
