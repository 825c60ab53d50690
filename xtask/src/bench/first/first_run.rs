//! The first compile of a new app, compared with a program that has only AWS's crates, and with cargo-lambda's new function.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::app::{App, folder, plain, remove};
use super::wait::{Allowed, Reference, Wait, count, seconds};
use crate::bench::dev::server::write;
use crate::bench::samples::median;
use crate::bench::{cargo_lambda, local};
use crate::tools;
use crate::workspace::Workspace;

const PART: &str = "first-run";
/// Limit as a multiple of both others.
const OF_BOTH: f64 = 0.8;
/// Limit of the number of crates.
const CRATES: f64 = 90.0;

/// The new function of cargo-lambda, if its template cannot be downloaded: an HTTP function with the same dependencies.
const PEER: &str = r#"[package]
name = "peer"
version = "0.1.0"
edition = "2024"

[dependencies]
lambda_http = "1.3"
tokio = { version = "1", features = ["macros"] }

[workspace]
"#;
const PEER_MAIN: &str = r"use lambda_http::{Body, Error, Request, Response, run, service_fn};

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(request.uri().path().to_owned().into()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
";

/// Measures the number of crates and the first compile, everybody in turns.
pub(super) fn measure(workspace: &Workspace, tool: &Path, passes: u8) -> Result<Vec<Wait>> {
    let app = App::new(workspace, tool, "bench_first_run", &[])?;
    let floor = folder(workspace)?.join("floor");
    write(&floor.join("Cargo.toml"), local::FLOOR)?;
    write(&floor.join("src/main.rs"), local::FLOOR_MAIN)?;
    locked(workspace, &floor)?;
    let (peer, peer_name) = peer(workspace)?;
    let folders = [app.root.as_path(), &floor, &peer];
    let mut times: [Vec<f64>; 3] = Default::default();
    for number in 1..=passes {
        eprintln!("first compiles, {number} of {passes}");
        for (folder, times) in folders.iter().zip(&mut times) {
            times.push(cold(workspace, folder)?);
        }
    }
    let [ours, floor_seconds, peer_seconds] = times.map(|all| median(all).unwrap_or_default());
    let crates = |folder: &Path| crates(workspace, folder);
    let floor_name = "lambda_runtime, lambda_http, axum";
    Ok(vec![
        Wait {
            what: "new app, first compile of `cargo run`".to_owned(),
            ours,
            allowed: Allowed::OfBoth(OF_BOTH),
            peer: Some(Reference::new(peer_name, peer_seconds)),
            floor: Some(Reference::new(floor_name, floor_seconds)),
            show: seconds,
            part: PART,
        },
        Wait {
            what: "new app, crates".to_owned(),
            ours: crates(&app.root)?,
            allowed: Allowed::Most(CRATES),
            peer: Some(Reference::new(peer_name, crates(&peer)?)),
            floor: Some(Reference::new(floor_name, crates(&floor)?)),
            show: count,
            part: PART,
        },
    ])
}

/// Makes cargo-lambda's new function, and returns its folder and what it is called.
fn peer(workspace: &Workspace) -> Result<(PathBuf, &'static str)> {
    let folder = folder(workspace)?;
    let peer = folder.join("peer");
    remove(&peer)?;
    let mut new = workspace.cargo();
    new.args(["lambda", "new", "--no-interactive", "--http", "peer"]).current_dir(&folder);
    new.env("PATH", cargo_lambda::install(workspace)?);
    let name = match tools::output(&mut new) {
        Ok(_) => "`cargo lambda new --http`",
        Err(error) => {
            eprintln!("cargo-lambda's template is replaced by a function with its dependencies: {error:#}");
            remove(&peer)?;
            write(&peer.join("Cargo.toml"), PEER)?;
            write(&peer.join("src/main.rs"), PEER_MAIN)?;
            "the dependencies of `cargo lambda new --http`"
        }
    };
    locked(workspace, &peer)?;
    Ok((peer, name))
}

/// Selects the versions of this workspace and downloads them.
fn locked(workspace: &Workspace, folder: &Path) -> Result<()> {
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    let mut fetch = cargo(workspace, folder);
    tools::output(fetch.args(["fetch", "--quiet"]).env_remove("CARGO_NET_OFFLINE")).map(drop)
}

/// Returns the seconds of a compile without any result of earlier ones.
fn cold(workspace: &Workspace, folder: &Path) -> Result<f64> {
    let target = folder.join("target");
    remove(&target)?;
    let began = Instant::now();
    tools::output(cargo(workspace, folder).args(["build", "--quiet"]))?;
    let seconds = began.elapsed().as_secs_f64();
    remove(&target)?;
    Ok(seconds)
}

fn crates(workspace: &Workspace, folder: &Path) -> Result<f64> {
    let mut tree = cargo(workspace, folder);
    let tree = tools::output(tree.args(["tree", "--edges", "normal,build", "--prefix", "none"]))?;
    #[allow(clippy::cast_precision_loss, reason = "no program has 2^52 crates")]
    Ok(local::distinct(&tree) as f64)
}

fn cargo(workspace: &Workspace, folder: &Path) -> Command {
    let mut cargo = workspace.cargo();
    plain(cargo.current_dir(folder));
    cargo
}
