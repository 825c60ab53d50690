//! Buckets as folders: a new file is a new object.
//!
//! | module | does |
//! | --- | --- |
//! | `folder` | the files of a folder, and their changes since the last scan |
//! | `digest` | digests of files, kept until they change |
//! | `watcher` | watches the folder, waits until files are complete, and invokes the workers |
//! | `notification` | which worker is notified of changes |
//! | `api` | S3's API over the folders |

mod api;
mod digest;
mod folder;
mod notification;
mod watcher;

pub(super) use api::{Bucket, DeniedKeys, S3, keys_to_delete, router, selected_operation};
pub(super) use notification::BucketNotification;
pub(super) use watcher::{WatchedBucket, watch};
