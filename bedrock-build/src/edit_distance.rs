//! Suggests the name that a misspelled one was probably meant to be.
//!
//! This is 25 lines rather than the crate `strsim`, because every app's build script compiles this crate.

/// Returns the candidate that `name` was probably meant to be, or `None` if no candidate is close.
///
/// A candidate is close if its edit distance (insertions, deletions, substitutions and swaps of adjacent characters:
/// the restricted Damerau-Levenshtein distance) is at most a third of the length of the longer name.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= name.chars().count().max(candidate.chars().count()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut distances = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (i, row) in distances.iter_mut().enumerate() {
        row[0] = i;
    }
    distances[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let substitution = distances[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = (distances[i - 1][j] + 1).min(distances[i][j - 1] + 1).min(substitution);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(distances[i - 2][j - 2] + 1);
            }
            distances[i][j] = best;
        }
    }
    distances[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn suggest_finds_dropped_letters_and_swaps() {
        assert_eq!(suggest("sytem_fetcher", ["system_fetcher", "resizer"]), Some("system_fetcher"));
        assert_eq!(suggest("reszier", ["system_fetcher", "resizer"]), Some("resizer"));
    }

    #[test]
    fn suggest_ignores_different_words() {
        assert_eq!(suggest("thumbnailer", ["system_fetcher", "resizer"]), None);
        assert_eq!(suggest("x", []), None);
    }
}
