//! The options of `cargo bedrock invoke` that describe an HTTP request.

use std::io::Read as _;

use bedrock_dev::HttpRequest;
use bedrock_diagnostics::{Error, Result};
use clap::Args;
use serde::de::IgnoredAny;

use crate::session::Session;

/// An HTTP request, which is sent to the endpoint, or to a worker as the event of its function URL.
#[derive(Debug, Args)]
#[command(next_help_heading = "With an HTTP request")]
pub(super) struct HttpArgs {
    /// Method [default: GET, or POST with `--body`]
    #[arg(long, value_name = "METHOD", conflicts_with_all = ["payload", "sample"])]
    method: Option<String>,
    /// Path and query
    #[arg(long, value_name = "PATH", conflicts_with_all = ["payload", "sample"])]
    path: Option<String>,
    /// Header (repeatable)
    #[arg(long, value_name = "NAME: VALUE", conflicts_with_all = ["payload", "sample"])]
    header: Vec<String>,
    /// Text, `@` and the path of a file, or `-` for standard input
    #[arg(long, value_name = "TEXT|@FILE|-", allow_hyphen_values = true, conflicts_with_all = ["payload", "sample"])]
    body: Option<String>,
}

impl HttpArgs {
    /// Returns the request without any options.
    pub(super) fn default_request() -> HttpRequest {
        HttpRequest { method: "GET".to_owned(), path: "/".to_owned(), headers: Vec::new(), body: Vec::new().into() }
    }

    /// Returns the request of the options, or `None` if there are none.
    pub(super) fn request(&self, session: &Session) -> Result<Option<HttpRequest>> {
        let Self { method, path, header, body } = self;
        if method.is_none() && path.is_none() && header.is_empty() && body.is_none() {
            return Ok(None);
        }
        let mut headers = header.iter().map(|header| parse_header(header)).collect::<Result<Vec<_>>>()?;
        let default_method = if body.is_some() { "POST" } else { "GET" };
        let body = body.as_ref().map(|body| read_body(body, session)).transpose()?.unwrap_or_default();
        let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !body.is_empty() && !has_type {
            headers.push(("content-type".to_owned(), content_type(&body).to_owned()));
        }
        let path = path.as_deref().unwrap_or("/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let method = method.as_deref().unwrap_or(default_method).to_ascii_uppercase();
        Ok(Some(HttpRequest { method, path: format!("{slash}{path}"), headers, body: body.into() }))
    }
}

fn parse_header(text: &str) -> Result<(String, String)> {
    let (name, value) = text
        .split_once(':')
        .filter(|(name, _)| !name.trim().is_empty())
        .ok_or_else(|| Error::call(format!("`--header` must be a name and a value, found `{}`", text.escape_debug())))
        .map_err(|error| error.help("write it like `--header 'accept: application/json'`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn read_body(body: &str, session: &Session) -> Result<Vec<u8>> {
    if body == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| Error::io("failed to read the body from standard input", &error));
    }
    match body.strip_prefix('@') {
        Some(file) => std::fs::read(session.dir.join(file))
            .map_err(|error| Error::io(format!("failed to read the body from `{file}`"), &error)),
        None => Ok(body.as_bytes().to_vec()),
    }
}

fn content_type(body: &[u8]) -> &'static str {
    if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        "application/json"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}
