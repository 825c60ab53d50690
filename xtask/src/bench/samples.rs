//! Statistics of several measured figures.

/// Returns the middle figure or the mean of the two middle figures, or `None` if there are none.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len() % 2 == 1 { upper } else { f64::midpoint(upper, figures[middle - 1]) })
}

/// Returns the smallest figure, which other work on the machine has disturbed least, or `None` if there are none.
pub(super) fn least(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    figures.into_iter().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_two_is_their_mean_and_of_none_is_none() {
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn least_of_none_is_none() {
        assert_eq!((least([3.0, 1.0, 2.0]), least([])), (Some(1.0), None));
    }
}
