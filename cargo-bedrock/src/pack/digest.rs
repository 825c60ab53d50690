//! The digests of `bedrock-artifacts` under their old path.

// alias until integration
pub(crate) use bedrock_artifacts::{Digest, Hasher as Hash};
