//! Lambda's limits on sizes and counts, checked before anything is uploaded. Each report has the number found, the number
//! allowed and, where it helps, the largest packages. The lengths of names are checked where names are parsed.

use std::collections::BTreeMap;

use super::package_size::PackageSize;
use bedrock_diagnostics::Report;

/// Maximum size of a zip file in an API request. Larger ones must be uploaded to S3 first.
const MAX_DIRECT_UPLOAD_BYTES: u64 = 52_428_800;
/// Maximum unzipped size of the code and all layers together.
const MAX_UNZIPPED_BYTES: u64 = 262_144_000;
/// Maximum size of the environment variables. Lambda measures them as compact JSON.
const MAX_ENVIRONMENT_BYTES: usize = 4_096;
/// Maximum number of layers of a function.
const MAX_LAYERS: usize = 5;
/// Number of packages that a report lists.
const MAX_LISTED: usize = 10;

/// Returns a warning for a zip file that is too large for a direct upload. `what` is like ``worker `resizer` ``.
pub fn zip_size_warning(what: &str, bytes: u64) -> Option<String> {
    (bytes > MAX_DIRECT_UPLOAD_BYTES).then(|| {
        let found = grouped(bytes);
        let limit = grouped(MAX_DIRECT_UPLOAD_BYTES);
        format!("the zip of {what} has {found} bytes, above {limit} it can only be uploaded through S3")
    })
}

/// Checks the unzipped size of the code and layers of a function.
pub fn check_unzipped_size(what: &str, bytes: u64, parts: &[PackageSize]) -> Option<Report> {
    (bytes > MAX_UNZIPPED_BYTES).then(|| Report {
        message: format!(
            "{what} with its layers is too large: {} bytes unzipped, the limit is {}",
            grouped(bytes),
            grouped(MAX_UNZIPPED_BYTES)
        ),
        causes: largest_cause(parts),
        help: vec!["leave files out with `.bedrockignore`, or split it into two workers".to_owned()],
    })
}

/// Checks the size of environment variables. `what` is like ``the environment of worker `resizer` ``.
pub fn check_environment_size(what: &str, variables: &BTreeMap<String, String>) -> Option<Report> {
    let bytes = serde_json::to_string(variables).map_or(usize::MAX, |json| json.len());
    let mut parts: Vec<PackageSize> = variables
        .iter()
        .map(|(name, value)| PackageSize { name: name.clone(), bytes: (name.len() + value.len()) as u64 })
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    (bytes > MAX_ENVIRONMENT_BYTES).then(|| Report {
        message: format!(
            "{what} is too large: {} bytes as JSON, the limit is {}",
            grouped(bytes as u64),
            grouped(MAX_ENVIRONMENT_BYTES as u64)
        ),
        causes: largest_cause(&parts),
        help: vec!["move the largest into a file of the app, or into the Parameter Store".to_owned()],
    })
}

/// Checks the number of layers of a function.
pub fn check_layer_count(what: &str, names: &[String]) -> Option<Report> {
    (names.len() > MAX_LAYERS).then(|| Report {
        message: format!("{what} has too many layers: {}, the limit is {MAX_LAYERS}", names.len()),
        causes: vec![format!("they are `{}`", names.join("`, `"))],
        help: Vec::new(),
    })
}

/// Returns `parts` as one cause of several lines, or nothing if there are none.
fn largest_cause(parts: &[PackageSize]) -> Vec<String> {
    let listed: Vec<&PackageSize> = parts.iter().take(MAX_LISTED).collect();
    let width = listed.iter().map(|part| grouped(part.bytes).len()).max().unwrap_or_default();
    let lines = listed.iter().map(|part| format!("\n{:>width$}  {}", grouped(part.bytes), part.name));
    if listed.is_empty() {
        Vec::new()
    } else {
        vec![format!("the largest parts, in bytes:{}", lines.collect::<String>())]
    }
}

/// Formats a number like `52,428,800`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_render::render_report;

    fn text(report: Option<Report>) -> String {
        report.map_or_else(|| "fine".to_owned(), render_report)
    }

    fn parts(count: u64) -> Vec<PackageSize> {
        (0..count).map(|n| PackageSize { name: format!("package_{n}"), bytes: 40_000_000 >> n }).collect()
    }

    #[test]
    fn values_at_the_limits_pass() {
        assert_eq!(zip_size_warning("x", 52_428_800), None);
        assert_eq!(text(check_unzipped_size("x", 262_144_000, &[])), "fine");
        assert_eq!(text(check_layer_count("x", &["a".to_owned(), "b".to_owned()])), "fine");
        // {"AB":"…"} is 9 bytes longer than the value.
        let variables = |length| BTreeMap::from([("AB".to_owned(), "x".repeat(length))]);
        assert_eq!(text(check_environment_size("x", &variables(4_087))), "fine");
        assert_ne!(text(check_environment_size("x", &variables(4_088))), "fine");
    }

    #[test]
    fn zip_above_direct_upload_limit_gives_a_warning() {
        assert_eq!(
            zip_size_warning("worker `resizer`", 52_428_801).as_deref(),
            Some(
                "the zip of worker `resizer` has 52,428,801 bytes, above 52,428,800 it can only be uploaded through S3"
            )
        );
    }

    #[test]
    fn oversized_code_names_its_largest_packages() {
        insta::assert_snapshot!(text(check_unzipped_size("worker `resizer`", 300_000_000, &parts(2))), @r"
        error: worker `resizer` with its layers is too large: 300,000,000 bytes unzipped, the limit is 262,144,000
          caused by: the largest parts, in bytes:
        40,000,000  package_0
        20,000,000  package_1
        help: leave files out with `.bedrockignore`, or split it into two workers
        ");
    }

    #[test]
    fn environment_size_is_measured_as_json() {
        let variables =
            BTreeMap::from([("LIST".to_owned(), "\"".repeat(2_050)), ("STAGE".to_owned(), "dev".to_owned())]);
        insta::assert_snapshot!(text(check_environment_size("the environment of worker `resizer`", &variables)), @r"
        error: the environment of worker `resizer` is too large: 4,125 bytes as JSON, the limit is 4,096
          caused by: the largest parts, in bytes:
        2,054  LIST
            8  STAGE
        help: move the largest into a file of the app, or into the Parameter Store
        ");
    }

    #[test]
    fn too_many_layers_are_listed() {
        let names: Vec<String> = (1..=6).map(|n| format!("layer_{n}")).collect();
        insta::assert_snapshot!(text(check_layer_count("worker `resizer`", &names)), @r"
        error: worker `resizer` has too many layers: 6, the limit is 5
          caused by: they are `layer_1`, `layer_2`, `layer_3`, `layer_4`, `layer_5`, `layer_6`
        ");
    }
}
