//! `cargo bedrock mcp`: a server of the Model Context Protocol on standard input and output, through which a coding
//! agent reads what a running `dev` knows.
//!
//! | module | does |
//! | --- | --- |
//! | `protocol` | requests and responses, one JSON-RPC message per line |
//! | `tools` | the tools: their descriptions and their results |
//! | `serve` | answers requests until the standard input ends |

mod protocol;
mod serve;
mod tools;

pub(crate) use serve::serve;
