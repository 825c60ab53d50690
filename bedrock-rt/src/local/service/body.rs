//! Reading what a caller sends: all of it, so that the caller reads the answer, and no more than is allowed of it.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;

/// Bytes over the limit that are still read and thrown away. A caller that sends more finds the connection closed.
const PATIENCE: usize = 64 * 1024 * 1024;

/// Why there is no event.
#[derive(Debug)]
pub(super) enum Unread {
    /// It has so many bytes, or more.
    TooLarge(usize),
    /// The caller went away.
    Broken,
}

/// The whole body, if it has at most `limit` bytes.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Unread> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut bytes = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else { return Err(Unread::Broken) };
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len();
        if bytes > limit + PATIENCE {
            break;
        }
        if bytes > limit {
            all = BytesMut::new();
        } else if first.is_empty() {
            // Nearly every event comes in one piece, which is not copied.
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    if bytes > limit {
        return Err(Unread::TooLarge(bytes));
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
