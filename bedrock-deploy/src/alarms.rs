//! CloudWatch alarms for the errors, the throttles and the dead letters of functions.
//!
//! | module | holds |
//! | --- | --- |
//! | `settings`, `desired` | what the settings say, and the alarms that they ask for |
//! | `alarm` | one alarm |
//! | `read` | the alarms of the stage, found by their names and tags |
//! | `plan` | what differs |
//! | `apply` | how it is changed |
//!
//! A function gets the tag `bedrock:alarms` before its first alarm. Without that tag and the setting, no requests are sent to
//! CloudWatch, and no permissions for it are needed.

pub(crate) mod alarm;
pub(crate) mod apply;
pub(crate) mod desired;
pub(crate) mod plan;
pub(crate) mod read;
pub(crate) mod settings;
