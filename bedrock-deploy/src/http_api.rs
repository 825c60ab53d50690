//! The HTTP API of API Gateway in front of the endpoint: one API with an integration for the alias `live`, a JWT authorizer,
//! routes, the stage `$default`, and a domain name.
//!
//! | module | holds |
//! | --- | --- |
//! | `desired` | what the settings say |
//! | `actual`, `read` | what is deployed, and how it is read |
//! | `change`, `plan` | what differs |
//! | `apply` | how it is changed |
//!
//! The endpoint's function gets the tag `bedrock:triggers` before its API is created. Without that tag and the setting, no
//! requests are sent to API Gateway, and no permissions for it are needed.

pub(crate) mod actual;
pub(crate) mod apply;
pub(crate) mod change;
pub(crate) mod desired;
pub(crate) mod plan;
pub(crate) mod read;
