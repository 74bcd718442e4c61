//! `did you mean`: the known word that an unknown one was probably meant to be.

/// Finds the candidate nearest to a word, if one is near.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    if word.chars().count() > 64 {
        return None;
    }
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Edits between two words; a word that begins with the other is near to it.
fn distance(word: &str, candidate: &str) -> usize {
    let shorter = word.len().min(candidate.len());
    if shorter >= 4 && (word.starts_with(candidate) || candidate.starts_with(word)) {
        return 1;
    }
    strsim::damerau_levenshtein(word, candidate)
}

/// Case, hyphens and underscores are what people mix up most.
fn fold(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}
