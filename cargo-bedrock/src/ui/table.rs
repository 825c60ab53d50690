//! Text in aligned columns.

/// Returns one line for each row. The columns in `right_aligned` are right-aligned; the last column is not padded.
pub(crate) fn align_columns<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    right_aligned: &[usize],
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if right_aligned.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
