//! Events and responses as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

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
