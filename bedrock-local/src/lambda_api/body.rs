//! Reads request bodies with a size limit. A body over the limit is still read, because a client that is sending does
//! not read the response.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;

/// Number of bytes over the limit that are read and discarded. After that the connection is closed.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It is larger than the limit. Contains the number of bytes that were read.
    TooLarge(usize),
    /// The client closed the connection.
    Broken,
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut bytes = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else { return Err(BodyError::Broken) };
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len();
        if bytes > limit + MAX_DISCARDED_BYTES {
            break;
        }
        if bytes > limit {
            all = BytesMut::new();
        } else if first.is_empty() {
            // Almost every event arrives in one piece, which is not copied.
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    if bytes > limit {
        return Err(BodyError::TooLarge(bytes));
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
