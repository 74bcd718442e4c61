//! `did you mean`: the known word that an unknown one was probably meant to be.

/// Finds the candidate nearest to a word, if one is near.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    if word.is_empty() || word.chars().count() > 64 {
        return None;
    }
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let known = fold(candidate);
            (strsim::damerau_levenshtein(&folded, &known), begins_with(&folded, &known), candidate)
        })
        .filter(|(edits, begins, _)| *edits <= allowed || *begins)
        .min_by_key(|(edits, _, _)| *edits)
        .map(|(_, _, candidate)| candidate.to_owned())
}

/// Returns true if one of two words, neither of them short, begins with the other.
fn begins_with(word: &str, known: &str) -> bool {
    word.len().min(known.len()) >= 4 && (word.starts_with(known) || known.starts_with(word))
}

/// Case, hyphens and underscores are what people mix up most.
fn fold(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}
