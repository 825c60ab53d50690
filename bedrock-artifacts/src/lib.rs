//! The artifacts that `cargo bedrock build` makes and `cargo bedrock deploy` uploads.
//!
//! | module | holds |
//! | --- | --- |
//! | `digest` | [`Digest`]: the SHA-256 of an artifact or of its contents |
//!
//! Nothing here prints.

#![forbid(unsafe_code)]

mod digest;

pub use digest::{Digest, Hasher};
