//! What people wait for: a row for each figure with its limit, the best other tool, and the floor.

use std::fmt::Write;

/// One row.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    pub(super) what: String,
    /// The figure of this tool.
    pub(super) ours: f64,
    pub(super) allowed: Allowed,
    /// The best of the other tools, `None` if no other tool does the same.
    pub(super) peer: Option<Reference>,
    /// The same without any tool, `None` if there is no such thing.
    pub(super) floor: Option<Reference>,
    /// Formats a figure with its unit.
    pub(super) show: fn(f64) -> String,
    /// The value of `--only` that measures it again.
    pub(super) part: &'static str,
}

/// A figure to compare with.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) figure: f64,
}

/// How large a figure may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Allowed {
    Most(f64),
    /// A multiple of the best other tool.
    OfPeer(f64),
    OfFloor(f64),
    /// A multiple of the other tool and of the floor, whichever is less.
    OfBoth(f64),
    /// Printed for comparison only.
    Anything,
}

impl Reference {
    pub(super) fn new(name: impl Into<String>, figure: f64) -> Self {
        Self { name: name.into(), figure }
    }
}

impl Wait {
    /// Returns the limit, and whether it holds: `≤ 0.60 × of the peer: 0.55 ×, ok`.
    fn limit(&self) -> String {
        let peer = self.peer.as_ref().map(|peer| peer.figure);
        let floor = self.floor.as_ref().map(|floor| floor.figure);
        let (most, of, name) = match self.allowed {
            Allowed::Most(most) => {
                return format!("≤ {}, {}", (self.show)(most), verdict(self.ours <= most));
            }
            Allowed::Anything => return "–".to_owned(),
            Allowed::OfPeer(most) => (most, peer, "the peer"),
            Allowed::OfFloor(most) => (most, floor, "the floor"),
            Allowed::OfBoth(most) => (most, peer.zip(floor).map(|(peer, floor)| peer.min(floor)), "both"),
        };
        match of {
            Some(of) => {
                let ratio = self.ours / of;
                format!("≤ {most:.2} × of {name}: {ratio:.2} ×, {}", verdict(ratio <= most))
            }
            None => format!("≤ {most:.2} × of {name}, not measured"),
        }
    }

    fn reference(&self, reference: Option<&Reference>) -> String {
        reference.map_or("–".to_owned(), |Reference { name, figure }| format!("{} ({name})", (self.show)(*figure)))
    }
}

fn verdict(holds: bool) -> &'static str {
    if holds { "ok" } else { "over" }
}

/// Returns the table, in the form of `docs/src/benchmarks.md`.
pub(super) fn table(waits: &[Wait]) -> String {
    let mut text =
        "| what people wait for | this tool | limit | best peer | floor | rerun: `cargo xtask bench first` |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for wait in waits {
        let peer = wait.reference(wait.peer.as_ref());
        let floor = wait.reference(wait.floor.as_ref());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {peer} | {floor} | `--only {}` |",
            wait.what,
            (wait.show)(wait.ours),
            wait.limit(),
            wait.part
        );
    }
    text
}

/// Formats seconds.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// Formats milliseconds.
pub(super) fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 10.0 { format!("{milliseconds:.2} ms") } else { format!("{milliseconds:.0} ms") }
}

/// Formats a number of things.
pub(super) fn count(count: f64) -> String {
    format!("{count:.0}")
}

/// Formats megabytes.
pub(super) fn megabytes(megabytes: f64) -> String {
    format!("{megabytes:.0} MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(ours: f64, allowed: Allowed, peer: Option<f64>, floor: Option<f64>) -> Wait {
        Wait {
            what: "x".to_owned(),
            ours,
            allowed,
            peer: peer.map(|figure| Reference::new("SAM", figure)),
            floor: floor.map(|figure| Reference::new("bare", figure)),
            show: seconds,
            part: "cold-starts",
        }
    }

    #[test]
    fn row_has_all_columns_and_a_dash_for_what_is_absent() {
        let rows =
            table(&[wait(1.0, Allowed::OfPeer(0.6), Some(2.0), Some(0.5)), wait(1.0, Allowed::Anything, None, None)]);
        let rows: Vec<&str> = rows.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| x | 1.0 s | ≤ 0.60 × of the peer: 0.50 ×, ok | 2.0 s (SAM) | 0.5 s (bare) | `--only cold-starts` |",
                "| x | 1.0 s | – | – | – | `--only cold-starts` |",
            ]
        );
    }

    #[test]
    fn limit_compares_with_what_it_names() {
        let limit = |allowed| wait(3.0, allowed, Some(4.0), Some(2.0)).limit();
        assert_eq!(limit(Allowed::Most(3.0)), "≤ 3.0 s, ok");
        assert_eq!(limit(Allowed::Most(2.9)), "≤ 2.9 s, over");
        assert_eq!(limit(Allowed::OfFloor(1.15)), "≤ 1.15 × of the floor: 1.50 ×, over");
        assert_eq!(limit(Allowed::OfBoth(0.8)), "≤ 0.80 × of both: 1.50 ×, over");
        assert_eq!(wait(3.0, Allowed::OfBoth(0.8), None, Some(9.0)).limit(), "≤ 0.80 × of both, not measured");
    }
}
