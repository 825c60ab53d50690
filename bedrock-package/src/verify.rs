//! `build --verify`: builds once more in a copy of the workspace that has another name, other times of files, another
//! order of them, another time zone and another umask, and compares the zips byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use bedrock_build::App;
use zip::ZipArchive;

use super::artifact::Artifact;
use super::artifact_dir::artifact_dir;
use super::observer::BuildObserver;
use super::plan::{Plan, Request};
use super::rust::Workspace;
use super::workspace_copy::copy;
use crate::tools::ToolRunner;
use bedrock_artifacts::Digest;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Number of files of a zip that a report lists.
const MAX_LISTED_FILES: usize = 5;

/// Builds the artifacts of `request` again in a copy. The error names the files that differ.
pub fn verify(app: &App, request: &Request, observer: &dyn BuildObserver) -> Result<()> {
    let tools = ToolRunner::with_signal_handler()?;
    let root = Workspace::of(app)?.root;
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    // Next to the workspace, so that relative paths and cargo's configuration in parent folders are found.
    let elsewhere = tempfile::Builder::new()
        .prefix(&format!(".{name}-verify-"))
        .tempdir_in(root.parent().unwrap_or(&root))
        .map_err(|error| Error::io(format!("failed to make a copy next to `{}`", root.display()), &error))?;
    observer.verifying(elsewhere.path());
    copy(&root, elsewhere.path(), &tools)?;
    let place = elsewhere.path().join(app.root.strip_prefix(&root).unwrap_or(Path::new("")));
    build(request, &place, elsewhere.path(), &tools)?;
    let artifacts = Plan::of(app, request)?.artifacts;
    let difference = |artifact| difference(artifact, app, &place, request.sbom);
    let differing: Vec<Error> = artifacts.iter().filter_map(difference).collect();
    observer.verified(artifacts.len(), differing.len());
    if !differing.is_empty() {
        return Err(Error::combine(differing));
    }
    Ok(())
}

/// Runs this program in the copy.
fn build(request: &Request, place: &Path, elsewhere: &Path, tools: &ToolRunner) -> Result<()> {
    let program = std::env::current_exe().map_err(|error| Error::io("failed to find this program", &error))?;
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077 && exec \"$0\" \"$@\""]).arg(program).args(["-C"]).arg(place);
    command.args(["--quiet", "build"]).args(request.arguments());
    command.env("CARGO_TARGET_DIR", elsewhere.join("target")).env("TZ", "Pacific/Kiritimati").env("LC_ALL", "C");
    tools.run(&mut command, "failed to build a second time").map(drop)
}

/// Returns the differences of the zip, or else of the SBOM, of `artifact` in `place`, or `None` if it is the same.
fn difference(artifact: &Artifact, app: &App, place: &Path, should_have_sbom: bool) -> Option<Error> {
    let here = artifact_dir(app).join(artifact.file());
    let there = place.join("target/bedrock").join(artifact.file());
    let read = |path: &Path| fs::read(path).ok();
    let one = read(&here);
    let other = read(&there);
    if one == other {
        let sbom = |app: &Path| read(&app.join("target/bedrock").join(artifact.sbom_file()));
        let is_other_sbom = should_have_sbom && sbom(&app.root) != sbom(place);
        return is_other_sbom.then(|| Error::app(format!("a build elsewhere gave another SBOM of {artifact}")));
    }
    let error = Error::app(format!("a build elsewhere gave another zip of {artifact}"));
    Some(match (one, other) {
        (Some(_), Some(_)) => {
            let one = contents(&here);
            let other = contents(&there);
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let differing: Vec<&&String> = names.iter().filter(|name| one.get(**name) != other.get(**name)).collect();
            let listed: Vec<String> = differing.iter().take(MAX_LISTED_FILES).map(|name| format!("`{name}`")).collect();
            let more = differing.len().saturating_sub(MAX_LISTED_FILES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let what = if listed.is_empty() { "the order of its files".to_owned() } else { listed.join(", ") };
            error.cause(format!("different are {what}{more}"))
        }
        (Some(_), None) => error.cause("there it has none"),
        (None, _) => error.cause(format!("`{}` is not there", relative_path(&here, &app.root))),
    })
}

/// Returns mode and digest of each file in a zip.
fn contents(zip: &Path) -> BTreeMap<String, (Option<u32>, Digest)> {
    let read = || {
        let mut archive = ZipArchive::new(File::open(zip).ok()?).ok()?;
        let mut found = BTreeMap::new();
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).ok()?;
            let name = file.name().ok()?.into_owned();
            let mode = file.unix_mode();
            found.insert(name, (mode, Digest::of_reader(&mut file).ok()?.0));
        }
        Some(found)
    };
    read().unwrap_or_default()
}
