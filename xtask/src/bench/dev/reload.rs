//! Saved files while somebody calls all the time: from the write to the first new answer, and what becomes of the calls.

use std::time::Instant;

use anyhow::Result;

use super::app::{App, versions};
use super::calls::Language;
use super::client::{Client, Saved};
use super::offline::Offline;
use super::watch::Watch;
use crate::tools;

/// Of each file.
const EDITS: usize = 8;
/// Of each file of a peer.
const EDITS_OF_PEERS: usize = 2;

/// Edits of one worker.
#[derive(Debug, Clone)]
pub(super) struct Edits {
    pub(super) language: Language,
    pub(super) ours: Vec<Saved>,
    pub(super) peers: Vec<Saved>,
    /// What cargo alone takes for the same edits, in ms; of Rust only.
    pub(super) cargo_ms: Vec<f64>,
}

/// Edits of all workers.
#[derive(Debug, Clone)]
pub(super) struct Reloads {
    pub(super) edits: Vec<Edits>,
    /// What was taken over although nobody saved anything, in a folder without `.gitignore`.
    pub(super) unasked: usize,
}

/// What cargo alone takes for an edit of the Rust file, in ms.
fn cargo_alone(plain: &App<'_>, number: usize) -> Result<f64> {
    plain.edit(Language::Rust, &versions(number))?;
    let began = Instant::now();
    tools::output(&mut plain.cargo())?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// Measures all languages.
pub(super) fn measure(app: &App<'_>, client: &Client<'_>, watch: &Watch<'_>, offline: &Offline<'_>) -> Result<Reloads> {
    eprintln!("building for cargo alone");
    let plain = app.beside()?;
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
                // In turns: what disturbs one disturbs the other.
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
