//! S3's API over the folders: the operations that a worker needs to read the objects it is notified of, and to write
//! results. Objects are files: there are no versions, no multipart uploads, and no metadata except size, time and
//! digest.
//!
//! | module | does |
//! | --- | --- |
//! | `routes` | the routes, and the check for credentials |
//! | `state` | the buckets |
//! | `objects` | reads, writes and deletes an object |
//! | `list` | lists buckets and objects |
//! | `aws_chunked` | decodes bodies that SDKs send in signed chunks |
//! | `error` | errors in S3's format |
//! | `xml` | XML responses |

mod aws_chunked;
mod error;
mod list;
mod objects;
mod routes;
mod state;
mod xml;

pub(in super::super) use routes::router;
pub(in super::super) use state::{Bucket, S3};
