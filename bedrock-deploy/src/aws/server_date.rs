//! The clock of a service, as its responses say it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// Remembers the `Date` of a response. Ages of objects are computed with it, because the clock of this machine may be wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerDate(Arc<Mutex<Option<SystemTime>>>);

impl ServerDate {
    /// Returns the time from `written` to the response. Zero if it is not known.
    pub(crate) fn age(&self, written: Option<&DateTime>) -> Duration {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(SystemTime::now);
        let written = written.copied().and_then(|time| SystemTime::try_from(time).ok());
        written.and_then(|written| now.duration_since(written).ok()).unwrap_or_default()
    }
}

impl Intercept for ServerDate {
    fn name(&self) -> &'static str {
        "ServerDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, DateTimeFormat::HttpDate).ok());
        let date = date.and_then(|date| SystemTime::try_from(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
