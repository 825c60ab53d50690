//! One figure of several that were measured.

/// The one in the middle, or the mean of the two in the middle.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len() % 2 == 1 { upper } else { f64::midpoint(upper, figures[middle - 1]) })
}

/// The smallest: what something takes when nobody else is at work on the machine.
pub(super) fn least(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    figures.into_iter().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_two_is_their_mean_and_of_none_nothing() {
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn the_least_of_none_is_nothing() {
        assert_eq!((least([3.0, 1.0, 2.0]), least([])), (Some(1.0), None));
    }
}
