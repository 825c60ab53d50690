//! Saved files during continuous calls: the time from the write to the first new answer, and the results of the calls.

use std::time::Instant;

use anyhow::Result;

use super::app::{App, versions};
use super::calls::Language;
use super::client::{Client, Saved};
use super::offline::Offline;
use super::watch::Watch;
use crate::tools;

/// Number of edits of each file.
const EDITS: usize = 8;
/// Number of edits of each file of another tool.
const EDITS_OF_PEERS: usize = 2;

/// Edits of one worker.
#[derive(Debug, Clone)]
pub(super) struct Edits {
    pub(super) language: Language,
    pub(super) ours: Vec<Saved>,
    pub(super) peers: Vec<Saved>,
    /// Time of only cargo for the same edits, in ms; measured for Rust.
    pub(super) cargo_ms: Vec<f64>,
}

/// Edits of all workers.
#[derive(Debug, Clone)]
pub(super) struct Reloads {
    pub(super) edits: Vec<Edits>,
    /// Number of reloads without a saved file, in a folder without `.gitignore`.
    pub(super) unasked: usize,
}

/// Time of only cargo for an edit of the Rust file, in ms.
fn cargo_alone(plain: &App<'_>, number: usize) -> Result<f64> {
    plain.edit(Language::Rust, &versions(number))?;
    let began = Instant::now();
    tools::output(&mut plain.cargo())?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// Measures all languages.
pub(super) fn measure(app: &App<'_>, client: &Client<'_>, watch: &Watch<'_>, offline: &Offline<'_>) -> Result<Reloads> {
    eprintln!("building with only cargo");
    let plain = app.copy()?;
    tools::output(&mut plain.cargo())?;
    eprintln!("saved files, `cargo bedrock dev` without a `.gitignore`");
    app.ignores(false)?;
    let mut all = Vec::new();
    let dev = app.dev(&[])?;
    for language in Language::ALL {
        let url = dev.function(language.worker());
        let mut edits = Edits { language, ours: Vec::new(), peers: Vec::new(), cargo_ms: Vec::new() };
        for number in 0..EDITS {
            let (from, to) = versions(number);
            edits.ours.push(client.save(&url, &app.file(language), &from, &to)?);
            if language == Language::Rust {
                // Alternating: a disturbance affects both.
                edits.cargo_ms.push(cargo_alone(&plain, number)?);
            }
        }
        all.push(edits);
    }
    let unasked = dev.reloads()?.saturating_sub(EDITS * all.len());
    drop(dev);
    app.ignores(true)?;
    eprintln!("saved files, cargo-lambda and serverless-offline");
    let (watching, rust) = watch.start(&[])?;
    let (_offline, others) = offline.start(&["--reloadHandler"])?;
    for edits in &mut all {
        let is_rust = edits.language == Language::Rust;
        let url = if is_rust { rust.clone() } else { others.replace("{}", edits.language.worker()) };
        let file = if is_rust { watch.file() } else { offline.file(edits.language) };
        client.load(&url, 1, 1)?;
        for number in 0..EDITS_OF_PEERS {
            let (from, to) = versions(number);
            edits.peers.push(client.save(&url, &file, &from, &to)?);
        }
    }
    drop(watching);
    Ok(Reloads { edits: all, unasked })
}
