//! Events and responses as JSON, and their maximum size.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::limits::{MAX_EVENT_PAYLOAD_BYTES, MAX_SYNC_PAYLOAD_BYTES};
use crate::transport::Kind;

/// Returns an error if the event is larger than Lambda accepts.
pub(crate) fn check_event_size(worker: &str, bytes: usize, kind: Kind) -> Result<(), Error> {
    let limit = match kind {
        Kind::RequestResponse => MAX_SYNC_PAYLOAD_BYTES,
        Kind::Event => MAX_EVENT_PAYLOAD_BYTES,
    };
    if bytes > limit { Err(Error::PayloadTooLarge { worker: worker.to_owned(), bytes, limit }) } else { Ok(()) }
}

/// Serializes an event for `worker`.
pub(crate) fn to_json<P: Serialize + ?Sized>(worker: &str, payload: &P) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(payload)
        .map_err(|error| Error::Serialize { worker: worker.to_owned(), message: error.to_string() })
}

/// Deserializes a response of `worker`.
pub(crate) fn from_json<R: DeserializeOwned>(worker: &str, response: &[u8]) -> Result<R, Error> {
    serde_json::from_slice(response)
        .map_err(|error| Error::Deserialize { worker: worker.to_owned(), message: error.to_string() })
}
