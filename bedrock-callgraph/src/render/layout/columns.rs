//! Assigns a column to each box: the length of the longest path to it.

use super::geometry::Arrow;

/// The column of each of `boxes`, from 0. Box 0 stays in the first; others that nothing leads to stand right before the
/// first that they lead to.
pub(super) fn columns(boxes: usize, arrows: &[Arrow]) -> Vec<usize> {
    let forward: Vec<(usize, usize)> =
        arrows.iter().filter(|arrow| !arrow.is_back).map(|arrow| (arrow.from, arrow.to)).collect();
    let mut columns = vec![0_usize; boxes];
    // Without cycles no way is longer than there are boxes; with one, this ends all the same.
    for _ in 0..boxes {
        let mut is_settled = true;
        for (from, to) in &forward {
            if columns[*to] <= columns[*from] && from != to {
                columns[*to] = columns[*from] + 1;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    for at in 1..boxes {
        let is_led_to = forward.iter().any(|(_, to)| *to == at);
        let next = forward.iter().filter(|(from, _)| *from == at).map(|(_, to)| columns[*to]).min();
        if let (false, Some(next)) = (is_led_to, next) {
            columns[at] = next.saturating_sub(1);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::{Arrow, columns};

    fn of(boxes: usize, arrows: &[(usize, usize)], back: &[(usize, usize)]) -> Vec<usize> {
        let arrow = |is_back| move |(from, to): &(usize, usize)| Arrow { from: *from, to: *to, is_back };
        columns(boxes, &arrows.iter().map(arrow(false)).chain(back.iter().map(arrow(true))).collect::<Vec<_>>())
    }

    #[test]
    fn longest_path_determines_the_column() {
        assert_eq!(of(4, &[(0, 1), (0, 3), (1, 2), (2, 3)], &[]), [0, 1, 2, 3]);
        assert_eq!(of(4, &[(2, 1), (3, 2), (0, 3)], &[(1, 0)]), [0, 3, 2, 1]);
    }

    #[test]
    fn uncalled_boxes_are_next_to_their_callees() {
        assert_eq!(of(5, &[(0, 1), (1, 2), (2, 3), (4, 3)], &[]), [0, 1, 2, 3, 2]);
        assert_eq!(of(2, &[], &[]), [0, 0]);
    }
}
