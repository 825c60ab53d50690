//! The dashboard, a web page: its embedded files and how they are served. It shows data of the HTTP API, like every
//! other client; its sources are in the folder `dashboard` of the repository.
//!
//! | module | does |
//! | --- | --- |
//! | `files` | the files, uncompressed and compressed |
//! | `pages` | which file a request receives, and its content security policy |

mod files;
mod pages;

pub use pages::router;
