//! S3's API over the folders: the operations that a worker needs to read the objects it is notified of, and to write
//! results. Objects are files; their metadata is next to the queues of `dev`. There are no versions.
//!
//! | module | does |
//! | --- | --- |
//! | `routes` | the routes, and the check for credentials |
//! | `state` | the buckets and their objects |
//! | `operation` | names of operations |
//! | `path` | decodes paths |
//! | `read` | reads an object |
//! | `write` | writes and copies an object |
//! | `multipart` | uploads in parts |
//! | `delete` | deletes objects |
//! | `document` | XML of requests |
//! | `draft` | the file of an object that is being written |
//! | `conditions` | conditional headers |
//! | `object_headers` | metadata of objects |
//! | `list` | lists buckets and objects |
//! | `aws_chunked` | decodes bodies that SDKs send in signed chunks |
//! | `blocking` | runs operations on a thread that may block |
//! | `error` | errors in S3's format |
//! | `xml` | XML responses |

mod aws_chunked;
mod blocking;
mod conditions;
mod delete;
mod document;
mod draft;
mod error;
mod list;
mod multipart;
mod object_headers;
mod operation;
mod path;
mod read;
mod routes;
mod state;
mod write;
mod xml;

pub(in super::super) use delete::{DeniedKeys, keys_to_delete};
pub(in super::super) use operation::selected_operation;
pub(in super::super) use routes::router;
pub(in super::super) use state::{Bucket, S3};
