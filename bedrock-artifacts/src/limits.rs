//! Lambda's limits on sizes and counts, checked before anything is sent. Each report has the number found, the number
//! allowed and, where that helps, the largest parts. How long names are is looked at where they are parsed.

use std::collections::BTreeMap;

use super::part::Part;
use bedrock_diagnostics::Report;

/// Of a zip that is sent directly; a larger one goes through S3.
const DIRECT_UPLOAD: u64 = 52_428_800;
/// Of the code and all layers together, unpacked.
const UNZIPPED: u64 = 262_144_000;
/// Of the environment, measured as Lambda does: on compact JSON.
const ENVIRONMENT: usize = 4_096;
/// On one function.
const LAYERS: usize = 5;
/// More parts are read by nobody.
const TOLD: usize = 10;

/// What to know of a zip that Lambda does not take directly. `what` is like ``worker `resizer` ``.
pub fn zipped(what: &str, bytes: u64) -> Option<String> {
    (bytes > DIRECT_UPLOAD).then(|| {
        let (found, limit) = (grouped(bytes), grouped(DIRECT_UPLOAD));
        format!("the zip of {what} has {found} bytes, above {limit} it can be uploaded through S3 alone")
    })
}

/// A function's code and layers, unpacked.
pub fn unzipped(what: &str, bytes: u64, parts: &[Part]) -> Option<Report> {
    (bytes > UNZIPPED).then(|| Report {
        message: format!(
            "{what} with its layers is too large: {} bytes unzipped, the limit is {}",
            grouped(bytes),
            grouped(UNZIPPED)
        ),
        causes: told(parts),
        help: vec!["leave files out with `.bedrockignore`, or split it into two workers".to_owned()],
    })
}

/// A function's environment. `what` is like ``the environment of worker `resizer` ``.
pub fn environment(what: &str, variables: &BTreeMap<String, String>) -> Option<Report> {
    let bytes = serde_json::to_string(variables).map_or(usize::MAX, |json| json.len());
    let mut parts: Vec<Part> = variables
        .iter()
        .map(|(name, value)| Part { name: name.clone(), bytes: (name.len() + value.len()) as u64 })
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    (bytes > ENVIRONMENT).then(|| Report {
        message: format!(
            "{what} is too large: {} bytes as JSON, the limit is {}",
            grouped(bytes as u64),
            grouped(ENVIRONMENT as u64)
        ),
        causes: told(&parts),
        help: vec!["move the largest into a file of the app, or into the Parameter Store".to_owned()],
    })
}

/// A function's layers.
pub fn layers(what: &str, names: &[String]) -> Option<Report> {
    (names.len() > LAYERS).then(|| Report {
        message: format!("{what} has too many layers: {}, the limit is {LAYERS}", names.len()),
        causes: vec![format!("they are `{}`", names.join("`, `"))],
        help: Vec::new(),
    })
}

/// `parts` as one cause of several lines.
fn told(parts: &[Part]) -> Vec<String> {
    let told: Vec<&Part> = parts.iter().take(TOLD).collect();
    let width = told.iter().map(|part| grouped(part.bytes).len()).max().unwrap_or_default();
    let lines = told.iter().map(|part| format!("\n{:>width$}  {}", grouped(part.bytes), part.name));
    if told.is_empty() {
        Vec::new()
    } else {
        vec![format!("the largest parts, in bytes:{}", lines.collect::<String>())]
    }
}

/// `52,428,800`.
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
    use crate::told;

    fn text(report: Option<Report>) -> String {
        report.map_or_else(|| "fine".to_owned(), told::report)
    }

    fn parts(count: u64) -> Vec<Part> {
        (0..count).map(|n| Part { name: format!("package_{n}"), bytes: 40_000_000 >> n }).collect()
    }

    #[test]
    fn what_just_fits_is_fine() {
        assert_eq!(zipped("x", 52_428_800), None);
        assert_eq!(text(unzipped("x", 262_144_000, &[])), "fine");
        assert_eq!(text(layers("x", &["a".to_owned(), "b".to_owned()])), "fine");
        // {"AB":"…"} is 9 bytes longer than the value.
        let variables = |length| BTreeMap::from([("AB".to_owned(), "x".repeat(length))]);
        assert_eq!(text(environment("x", &variables(4_087))), "fine");
        assert_ne!(text(environment("x", &variables(4_088))), "fine");
    }

    #[test]
    fn a_zip_that_is_too_large_for_a_direct_upload_is_told() {
        assert_eq!(
            zipped("worker `resizer`", 52_428_801).as_deref(),
            Some(
                "the zip of worker `resizer` has 52,428,801 bytes, above 52,428,800 it can be uploaded through S3 alone"
            )
        );
    }

    #[test]
    fn code_and_layers_that_are_too_large_name_their_largest_parts() {
        insta::assert_snapshot!(text(unzipped("worker `resizer`", 300_000_000, &parts(2))), @r"
        error: worker `resizer` with its layers is too large: 300,000,000 bytes unzipped, the limit is 262,144,000
          caused by: the largest parts, in bytes:
        40,000,000  package_0
        20,000,000  package_1
        help: leave files out with `.bedrockignore`, or split it into two workers
        ");
    }

    #[test]
    fn an_environment_is_measured_as_json() {
        let variables =
            BTreeMap::from([("LIST".to_owned(), "\"".repeat(2_050)), ("STAGE".to_owned(), "dev".to_owned())]);
        insta::assert_snapshot!(text(environment("the environment of worker `resizer`", &variables)), @r"
        error: the environment of worker `resizer` is too large: 4,125 bytes as JSON, the limit is 4,096
          caused by: the largest parts, in bytes:
        2,054  LIST
            8  STAGE
        help: move the largest into a file of the app, or into the Parameter Store
        ");
    }

    #[test]
    fn layers_that_are_too_many_are_named() {
        let names: Vec<String> = (1..=6).map(|n| format!("layer_{n}")).collect();
        insta::assert_snapshot!(text(layers("worker `resizer`", &names)), @r"
        error: worker `resizer` has too many layers: 6, the limit is 5
          caused by: they are `layer_1`, `layer_2`, `layer_3`, `layer_4`, `layer_5`, `layer_6`
        ");
    }
}
