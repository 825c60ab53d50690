//! Buckets, as folders: a file that appears is a new object.
//!
//! | module | does |
//! | --- | --- |
//! | `folder` | keys and files, and what has changed since the last look |
//! | `watcher` | looks when the system says that something happens, and waits until files are whole |
//! | `event` | S3's event, and whom it is for |
//! | `api` | S3's API over the folders |

mod api;
mod event;
mod folder;
mod watcher;

pub(super) use api::{Bucket, S3, router};
pub(super) use event::BucketNotification;
pub(super) use watcher::{Watched, watch};
