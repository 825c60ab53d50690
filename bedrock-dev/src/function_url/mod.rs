//! Whose requests the endpoint's URL accepts: all, those that are signed (`auth = "iam"`), or none (`url = false`).
//!
//! | module | does |
//! | --- | --- |
//! | `access` | decides, and says who signed a request |
//! | `signature` | checks a signature as AWS does |

mod access;
mod signature;

pub(crate) use access::UrlAccess;
