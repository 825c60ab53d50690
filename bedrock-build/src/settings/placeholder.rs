//! The placeholder for the name of the stage in names, paths and ARNs.

/// What the name of the stage replaces.
pub const STAGE_PLACEHOLDER: &str = "{stage}";
