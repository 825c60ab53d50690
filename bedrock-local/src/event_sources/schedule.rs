//! The event that a schedule sends to its worker: Scheduler's default event, or the configured one with Scheduler's
//! context attributes filled in (Scheduler user guide, "Adding context attributes").

use std::time::SystemTime;

use bedrock_model::FunctionInfo;
use bedrock_model::date::rfc3339;
use serde_json::json;

/// Returns the event as JSON. `index` is that of the trigger among those of its worker; `configured` is the event of
/// the settings.
#[must_use]
pub fn event_json(
    function: &FunctionInfo,
    index: usize,
    configured: Option<&str>,
    due: SystemTime,
    id: &str,
) -> String {
    let mut parts = function.arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let arn = format!("arn:aws:scheduler:{region}:{account}:schedule/default/{}-{index}", function.name);
    let time = rfc3339(due).replace(".000Z", "Z");
    match configured {
        Some(event) => event
            .replace("<aws.scheduler.schedule-arn>", &arn)
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", id)
            .replace("<aws.scheduler.attempt-number>", "1"),
        None => json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": account,
            "time": time,
            "region": region,
            "resources": [arn],
            // A string that contains JSON, not an object.
            "detail": "{}",
        })
        .to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::event_json;
    use bedrock_build::Language;
    use bedrock_model::FunctionInfo;
    use serde_json::{Value, json};
    use std::time::{Duration, UNIX_EPOCH};

    fn function() -> FunctionInfo {
        FunctionInfo {
            worker: "reporter".to_owned(),
            name: "shop-local-reporter".to_owned(),
            arn: "arn:aws:lambda:eu-west-1:000000000000:function:shop-local-reporter".to_owned(),
            language: Language::Python,
            runtime: "python3.13".to_owned(),
            handler: "main.handler".to_owned(),
            timeout: 30,
            memory: 256,
            log_group: "/aws/lambda/shop-local-reporter".to_owned(),
            durable: None,
        }
    }

    fn event(configured: Option<&str>) -> Value {
        let due = UNIX_EPOCH + Duration::from_secs(1_798_102_800);
        serde_json::from_str(&event_json(&function(), 0, configured, due, "some-id")).expect("JSON")
    }

    #[test]
    fn default_event_is_that_of_scheduler() {
        assert_eq!(
            event(None),
            json!({
                "version": "0",
                "id": "some-id",
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": "000000000000",
                "time": "2026-12-24T09:00:00Z",
                "region": "eu-west-1",
                "resources": ["arn:aws:scheduler:eu-west-1:000000000000:schedule/default/shop-local-reporter-0"],
                "detail": "{}",
            })
        );
    }

    #[test]
    fn context_attributes_are_filled_in() {
        assert_eq!(
            event(Some(r#"{"at":"<aws.scheduler.scheduled-time>","run":"<aws.scheduler.execution-id>","full":true}"#)),
            json!({ "at": "2026-12-24T09:00:00Z", "run": "some-id", "full": true })
        );
    }
}
