//! The figures as Markdown.

use std::fmt::Write;

use super::figures::Figures;
use crate::bench::samples::least;

/// Returns a table of the builds by all tools.
pub(super) fn builds(figures: &Figures) -> String {
    let mut text =
        "| one endpoint, eight Rust workers | cold | no-op | one-line edit of a worker | zip of the worker |\n\
                    |---|---|---|---|---|\n"
            .to_owned();
    for builds in &figures.builds {
        let shown = |runs: &[f64], digits: usize| {
            least(runs.iter().copied()).map_or("–".to_owned(), |seconds| format!("{seconds:.digits$} s"))
        };
        let zip = builds.zip_bytes.map_or("–".to_owned(), |bytes| format!("{} KB", bytes / 1000));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {zip} |",
            builds.kind.title(),
            shown(&builds.cold, 1),
            shown(&builds.no_op, 3),
            shown(&builds.edit, 2)
        );
    }
    text
}

/// Returns sentences about packing and layers.
pub(super) fn packing(figures: &Figures) -> String {
    let packing = &figures.packing;
    format!(
        "A worker with {} MB of JavaScript: its build takes {:.2} s, {:.2} s of them for packing, and makes {} KB; \
         `{}` takes {:.2} s and makes {} KB. A build of two layers that are up to date takes {:.3} s.\n",
        packing.tree_bytes / 1_000_000,
        packing.build_s,
        packing.step_s,
        packing.bytes / 1000,
        packing.rival,
        packing.rival_s,
        packing.rival_bytes / 1000,
        figures.layers.no_op_s
    )
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures;
    use super::*;

    #[test]
    fn fastest_run_is_shown_and_a_dash_for_a_missing_zip() {
        let table = builds(&figures(0.1, &[], &[]));
        let lines: Vec<&str> = table.lines().skip(2).take(2).collect();
        assert_eq!(
            lines,
            [
                "| `cargo bedrock build --release` | 100.0 s | 0.050 s | 6.00 s | 600 KB |",
                "| `cargo build --release`, no zip | 100.0 s | 0.050 s | 6.00 s | – |"
            ]
        );
        assert!(
            packing(&figures(0.1, &[], &[])).starts_with("A worker with 30 MB of JavaScript: its build takes 0.30 s")
        );
    }
}
