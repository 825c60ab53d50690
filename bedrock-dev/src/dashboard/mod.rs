//! The dashboard, a page in the browser: its built files and how they are served. What it shows comes from the API of the
//! stream, as for every other reader; its sources are in the folder `dashboard` of the workspace.
//!
//! | module | does |
//! | --- | --- |
//! | `files` | the files, as they are and compressed |
//! | `pages` | which address gets which, and what its page may do |

mod files;
mod pages;

pub use pages::router;
