//! The nearest name to a misspelt one.

/// The candidate that `wanted` was probably meant to be, if one is close.
///
/// Close means an edit distance (insertions, deletions, substitutions and swaps of neighbours,
/// the restricted Damerau-Levenshtein distance) of at most a third of the longer name.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(d, candidate)| *d <= wanted.chars().count().max(candidate.chars().count()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_dropped_letter_and_a_swap_are_near() {
        assert_eq!(nearest("sytem_fetcher", ["system_fetcher", "resizer"]), Some("system_fetcher"));
        assert_eq!(nearest("reszier", ["system_fetcher", "resizer"]), Some("resizer"));
    }

    #[test]
    fn a_different_word_is_not_near() {
        assert_eq!(nearest("thumbnailer", ["system_fetcher", "resizer"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
