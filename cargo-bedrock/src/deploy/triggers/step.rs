//! One thing that is done about triggers, with all that it takes; doing it again does no harm.

use super::wanted::{Mapping, Notice, OwnQueue, Schedule};

/// A step of the plan for triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerStep {
    /// Writes on a function that triggers of it are to be looked for.
    Mark(String),
    MakeGroup,
    MakeRole(String),
    TrustScheduler(String),
    WriteRights(String),
    MakeSchedule(String, Schedule),
    SetSchedule(String, Schedule),
    DeleteSchedule(String),
    DeleteRole(String),
    DeleteGroup,
    /// With its dead-letter queue; it may be there already.
    MakeQueue(OwnQueue),
    SetQueue(OwnQueue),
    /// Lets a function take the messages of the queue with this ARN.
    Map {
        key: String,
        queue: String,
        mapping: Mapping,
    },
    Remap {
        id: String,
        mapping: Mapping,
    },
    Unmap(String),
    /// With its dead-letter queue and all messages.
    DeleteQueue(String),
    MakeBucket(String),
    /// Lets a bucket invoke a function.
    Permit {
        key: String,
        bucket: String,
    },
    /// Our part of what a bucket tells of; `keys` are the functions that it is about.
    Notify {
        bucket: String,
        keys: Vec<String>,
        notices: Vec<Notice>,
    },
    Forbid {
        key: String,
        bucket: String,
    },
    /// Only if it is empty.
    DeleteBucket(String),
}

impl TriggerStep {
    /// What it does, as in ``failed to make queue `x` ``.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Mark(key) => format!("mark the function of worker `{key}`"),
            Self::MakeGroup => "make the group of the schedules".to_owned(),
            Self::MakeRole(key) => format!("make the role of the schedules of worker `{key}`"),
            Self::TrustScheduler(key) => format!("let Scheduler take the role for worker `{key}`"),
            Self::WriteRights(key) => format!("write the rights of the schedules of worker `{key}`"),
            Self::MakeSchedule(name, _) => format!("make schedule `{name}`"),
            Self::SetSchedule(name, _) => format!("update schedule `{name}`"),
            Self::DeleteSchedule(name) => format!("delete schedule `{name}`"),
            Self::DeleteRole(key) => format!("delete the role of the schedules of worker `{key}`"),
            Self::DeleteGroup => "delete the group of the schedules".to_owned(),
            Self::MakeQueue(queue) => format!("make queue `{}`", queue.name),
            Self::SetQueue(queue) => format!("update queue `{}`", queue.name),
            Self::Map { key, queue, .. } => format!("let worker `{key}` take messages of `{queue}`"),
            Self::Remap { id, .. } => format!("change how messages are taken, mapping `{id}`"),
            Self::Unmap(id) => format!("let no more messages be taken, mapping `{id}`"),
            Self::DeleteQueue(name) => format!("delete queue `{name}`"),
            Self::MakeBucket(name) => format!("make bucket `{name}`"),
            Self::Permit { key, bucket } => format!("let bucket `{bucket}` invoke worker `{key}`"),
            Self::Notify { bucket, .. } => format!("set what bucket `{bucket}` tells of"),
            Self::Forbid { key, bucket } => format!("let bucket `{bucket}` invoke worker `{key}` no more"),
            Self::DeleteBucket(name) => format!("delete bucket `{name}`"),
        }
    }

    /// For machines.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Mark(_) => "mark",
            Self::MakeGroup => "make-group",
            Self::MakeRole(_) => "make-schedule-role",
            Self::TrustScheduler(_) => "trust-scheduler",
            Self::WriteRights(_) => "write-schedule-rights",
            Self::MakeSchedule(..) => "make-schedule",
            Self::SetSchedule(..) => "set-schedule",
            Self::DeleteSchedule(_) => "delete-schedule",
            Self::DeleteRole(_) => "delete-schedule-role",
            Self::DeleteGroup => "delete-group",
            Self::MakeQueue(_) => "make-queue",
            Self::SetQueue(_) => "set-queue",
            Self::Map { .. } => "map",
            Self::Remap { .. } => "remap",
            Self::Unmap(_) => "unmap",
            Self::DeleteQueue(_) => "delete-queue",
            Self::MakeBucket(_) => "make-bucket",
            Self::Permit { .. } => "permit",
            Self::Notify { .. } => "notify",
            Self::Forbid { .. } => "forbid",
            Self::DeleteBucket(_) => "delete-bucket",
        }
    }
}
