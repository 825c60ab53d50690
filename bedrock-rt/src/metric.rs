//! Metrics of CloudWatch, as log lines in the embedded metric format. No API is called for them.
//!
//! The same rules as in `bedrock/workers/metrics.py` and `worker.js`. Limits: the specification of the embedded metric
//! format, and the API model of CloudWatch (`MetricName`, `Dimensions`).

use std::fmt;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::{caller, config};

/// Length of the names of metrics and dimensions.
const MAX_NAME_LENGTH: usize = 255;
/// Length of the value of a dimension.
const MAX_VALUE_LENGTH: usize = 1024;
/// The dimension with the function's name is one more.
const MAX_DIMENSIONS: usize = 29;
/// The dimension that every metric has, as those of Lambda itself.
const FUNCTION_NAME: &str = "FunctionName";
/// The member with what CloudWatch needs to know.
const METADATA: &str = "_aws";

/// A metric of CloudWatch. [`Metric::put`] prints it as a line in the embedded metric format, from which CloudWatch takes
/// it: that needs no call and no permission.
///
/// Its namespace is the app's name. The name of the function is always a dimension, `FunctionName`.
///
/// ```
/// # fn order() -> bedrock::Result<()> {
/// use bedrock::{Metric, MetricUnit};
///
/// Metric::new("OrderValue", 12.5).dimension("Kind", "book").put()?;
/// Metric::new("PaymentTime", 340.0).unit(MetricUnit::Milliseconds).put()?;
/// # Ok(())
/// # }
/// # order().unwrap();
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a metric does nothing until it is put"]
pub struct Metric {
    name: String,
    value: f64,
    unit: MetricUnit,
    dimensions: Vec<(String, String)>,
}

/// The unit of a metric, as CloudWatch calls it (`StandardUnit`).
#[allow(missing_docs, reason = "the names say everything")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricUnit {
    Seconds,
    Microseconds,
    Milliseconds,
    Bytes,
    Kilobytes,
    Megabytes,
    Gigabytes,
    Terabytes,
    Bits,
    Kilobits,
    Megabits,
    Gigabits,
    Terabits,
    Percent,
    Count,
    BytesPerSecond,
    KilobytesPerSecond,
    MegabytesPerSecond,
    GigabytesPerSecond,
    TerabytesPerSecond,
    BitsPerSecond,
    KilobitsPerSecond,
    MegabitsPerSecond,
    GigabitsPerSecond,
    TerabitsPerSecond,
    CountPerSecond,
    #[default]
    None,
}

/// A metric that CloudWatch would drop without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMetric(String);

impl fmt::Display for InvalidMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidMetric {}

impl MetricUnit {
    /// Returns CloudWatch's word: `Bytes/Second` for [`MetricUnit::BytesPerSecond`].
    fn word(self) -> String {
        format!("{self:?}").replace("PerSecond", "/Second")
    }
}

impl Metric {
    /// Creates a metric without a unit. Its name has 1 to 255 characters, and its value must be finite.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value, unit: MetricUnit::default(), dimensions: Vec::new() }
    }

    /// Sets the unit.
    pub fn unit(self, unit: MetricUnit) -> Self {
        Self { unit, ..self }
    }

    /// Adds a dimension. A metric has at most 29, with names of 1 to 255 characters and values of 1 to 1,024. Each
    /// combination of values is a metric of its own, for which CloudWatch charges.
    pub fn dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.dimensions.push((name.into(), value.into()));
        self
    }

    /// Prints the metric to standard output, from where it gets to the log.
    ///
    /// # Errors
    ///
    /// If a name or a value is not one that CloudWatch accepts. Nothing is printed then.
    pub fn put(self) -> Result<(), InvalidMetric> {
        self.write_to(&mut std::io::stdout().lock())
    }

    fn write_to(self, output: &mut impl Write) -> Result<(), InvalidMetric> {
        self.validate().map_err(InvalidMetric)?;
        let function = function_name();
        let namespace = config::app().unwrap_or_else(|| function.split("-local-").next().unwrap_or_default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = self.line(namespace, &function, u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        // A closed output is no reason for the function to fail.
        let _ = output.write_all(format!("{line}\n").as_bytes());
        Ok(())
    }

    /// Returns the members of the line. `now` is in milliseconds since 1970.
    fn line(self, namespace: &str, function: &str, now: u64) -> Value {
        let names = self.dimensions.iter().map(|(name, _)| name.as_str());
        let dimensions: Vec<&str> = [FUNCTION_NAME].into_iter().chain(names).collect();
        let metadata = json!({
            "Timestamp": now,
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [dimensions],
                "Metrics": [{ "Name": self.name, "Unit": self.unit.word() }],
            }],
        });
        let mut members = Map::new();
        members.insert(METADATA.to_owned(), metadata);
        members.insert(FUNCTION_NAME.to_owned(), function.into());
        members.extend(self.dimensions.into_iter().map(|(name, value)| (name, value.into())));
        members.insert(self.name, self.value.into());
        members.into()
    }

    fn validate(&self) -> Result<(), String> {
        let Self { name, value, dimensions, .. } = self;
        let fits = |text: &str, length: usize| (1..=length).contains(&text.chars().count());
        let is_reserved = |name: &str| [METADATA, FUNCTION_NAME].contains(&name);
        let is_dimension = dimensions.iter().any(|(dimension, _)| dimension == name);
        if !fits(name, MAX_NAME_LENGTH) || is_reserved(name) || is_dimension {
            return Err(format!("`{name}` cannot be the name of a metric"));
        }
        if !value.is_finite() {
            return Err(format!("the value of metric `{name}` must be a finite number, and is {value}"));
        }
        if dimensions.len() > MAX_DIMENSIONS {
            let count = dimensions.len();
            return Err(format!("metric `{name}` has {count} dimensions, and at most {MAX_DIMENSIONS} are possible"));
        }
        for (position, (key, text)) in dimensions.iter().enumerate() {
            let is_repeated = dimensions[..position].iter().any(|(other, _)| other == key);
            if !fits(key, MAX_NAME_LENGTH) || is_reserved(key) || is_repeated {
                return Err(format!("`{key}` cannot be the name of a dimension"));
            }
            if !fits(text, MAX_VALUE_LENGTH) {
                return Err(format!(
                    "the value of dimension `{key}` must be a text of 1 to {MAX_VALUE_LENGTH} characters"
                ));
            }
        }
        Ok(())
    }
}

/// Returns the name of the function that runs; locally, where several share a process, that of the invocation.
fn function_name() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| {
        match caller::current().and_then(|caller| caller.function) {
            Some(function) => function.name.clone(),
            None => format!("{}-local-endpoint", config::app().unwrap_or("app")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Metric, MetricUnit};
    use serde_json::json;

    #[test]
    fn metric_is_a_line_in_the_embedded_metric_format() {
        let metric = Metric::new("OrderValue", 12.5).unit(MetricUnit::Count).dimension("Kind", "book");
        assert_eq!(metric.validate(), Ok(()));
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_000_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "shop",
                    "Dimensions": [["FunctionName", "Kind"]],
                    "Metrics": [{ "Name": "OrderValue", "Unit": "Count" }],
                }],
            },
            "FunctionName": "shop-prod-mailer",
            "Kind": "book",
            "OrderValue": 12.5,
        });
        assert_eq!(metric.line("shop", "shop-prod-mailer", 1_700_000_000_000), expected);
    }

    #[test]
    fn metric_is_written_as_one_line_with_its_time_and_names() {
        let mut output = Vec::new();
        Metric::new("Orders", 1.0).write_to(&mut output).expect("a metric");
        let text = String::from_utf8(output).expect("text");
        assert_eq!((text.matches('\n').count(), text.ends_with('\n')), (1, true), "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(line["_aws"]["Timestamp"].as_u64().is_some_and(|time| time > 1_700_000_000_000), "{text}");
        // The test is neither an app nor a function.
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "app");
        assert_eq!((&line["FunctionName"], &line["Orders"]), (&json!("app-local-endpoint"), &json!(1.0)));
    }

    #[test]
    fn units_have_the_words_of_cloudwatch() {
        let words = [MetricUnit::None, MetricUnit::Milliseconds, MetricUnit::KilobytesPerSecond].map(MetricUnit::word);
        assert_eq!(words, ["None", "Milliseconds", "Kilobytes/Second"]);
    }

    #[test]
    fn what_cloudwatch_would_drop_is_an_error() {
        let of_name = |name: &str| Metric::new(name, 1.0);
        let of = || of_name("Orders");
        let many = (0..30).fold(of(), |metric, number| metric.dimension(format!("d{number}"), "x"));
        for (metric, part) in [
            (of_name(""), "name of a metric"),
            (of_name(&"x".repeat(256)), "name of a metric"),
            (of_name("_aws"), "name of a metric"),
            (of_name("FunctionName"), "name of a metric"),
            (of_name("Kind").dimension("Kind", "book"), "name of a metric"),
            (Metric::new("Orders", f64::NAN), "must be a finite number, and is NaN"),
            (Metric::new("Orders", f64::INFINITY), "must be a finite number"),
            (of().dimension("", "x"), "name of a dimension"),
            (of().dimension("FunctionName", "x"), "name of a dimension"),
            (of().dimension("Kind", "a").dimension("Kind", "b"), "`Kind` cannot be the name of a dimension"),
            (of().dimension("Kind", ""), "value of dimension `Kind`"),
            (of().dimension("Kind", "x".repeat(1025)), "value of dimension `Kind`"),
            (many, "30 dimensions, and at most 29"),
        ] {
            let mut output = Vec::new();
            let error = metric.clone().write_to(&mut output).expect_err("an invalid metric");
            assert!(output.is_empty(), "{metric:?}");
            assert!(error.to_string().contains(part), "{metric:?}: {error}");
        }
    }
}
