//! How far back the log is shown: `90s`, `10m`, `2h`, `3d`.

use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

/// The duration that `text` says, or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let found = UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    // CloudWatch keeps nothing that is older than ten years, and sums of times must not overflow.
    found.filter(|seconds| *seconds <= 3_653 * 86_400).map(Duration::from_secs).ok_or_else(|| {
        "a time is a number with `s`, `m`, `h` or `d` behind it, for example `10m`, and at most `3653d`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_have_a_number_and_a_unit() {
        let seconds = |text| parse(text).ok().map(|duration| duration.as_secs());
        assert_eq!(["90s", "10m", "2h", "3d", "0s"].map(seconds), [90, 600, 7_200, 259_200, 0].map(Some));
        for text in ["", "m", "10", "10 m", "-1m", "1.5h", "10w", "4000d", "99999999999999999999d"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
