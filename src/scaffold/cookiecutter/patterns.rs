//! `_copy_without_render`: patterns of file names, as Python's `fnmatch`.

/// Returns true if a whole path matches: `*` is anything, `/` too.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when it doesn't match: behind the last `*`, one letter further.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let is_match = match (pattern.get(p), path.get(t)) {
            (Some('*'), _) => {
                star = Some((p + 1, t));
                p += 1;
                continue;
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => Some(p + 1),
            (Some('['), Some(letter)) => match set(&pattern, p) {
                Some((end, has)) => has(*letter).then_some(end),
                None => (*letter == '[').then_some(p + 1),
            },
            (Some(expected), Some(letter)) => (expected == letter).then_some(p + 1),
            _ => None,
        };
        match (is_match, star) {
            (Some(next), _) => {
                p = next;
                t += 1;
            }
            (None, Some((behind, from))) if from < path.len() => {
                star = Some((behind, from + 1));
                (p, t) = (behind, from + 1);
            }
            _ => return false,
        }
    }
}

/// `[a-z]` and `[!a-z]`: where it ends, and what it takes.
fn set(pattern: &[char], start: usize) -> Option<(usize, impl Fn(char) -> bool)> {
    let is_negated = pattern.get(start + 1) == Some(&'!');
    let from = start + 1 + usize::from(is_negated);
    // A bracket that comes first is one of the letters.
    let close = pattern.iter().enumerate().skip(from + 1).find(|(_, c)| **c == ']').map(|(at, _)| at)?;
    let letters: Vec<char> = pattern.get(from..close)?.to_vec();
    let has = move |letter: char| {
        let mut at = 0;
        let mut found = false;
        while let Some(first) = letters.get(at) {
            match (letters.get(at + 1), letters.get(at + 2)) {
                (Some('-'), Some(last)) => {
                    found = found || (*first..=*last).contains(&letter);
                    at += 3;
                }
                _ => {
                    found = found || *first == letter;
                    at += 1;
                }
            }
        }
        found != is_negated
    };
    Some((close + 1, has))
}
