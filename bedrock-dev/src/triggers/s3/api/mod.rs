//! S3's API over the folders, as much as a worker needs to read what it was told of and to write what it makes of it.
//! Objects are files: there are no versions, no metadata besides size, time and digest, and no uploads in parts.
//!
//! | module | does |
//! | --- | --- |
//! | `server` | the routes, and who may come in |
//! | `objects` | reading, writing and deleting an object |
//! | `list` | the objects of a bucket |
//! | `body` | bodies that SDKs send in signed chunks |
//! | `error` | errors as S3 has them |

mod body;
mod error;
mod list;
mod objects;
mod server;

pub(in super::super) use server::{Bucket, S3, router};
