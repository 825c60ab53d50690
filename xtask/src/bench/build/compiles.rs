//! Three kinds of builds, by all tools alternately: cold, with nothing to do, and after an edit of one line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::app::{App, EDITED};
use super::builder::{Builder, Kind};
use super::figures::Builds;

/// Number of builds with nothing to do, which are fast.
const NO_OPS: usize = 9;
const EDITS: usize = 3;

/// Measures all `builders`, in their order.
pub(super) fn measure(app: &App, builders: &[Builder<'_>], colds: u8) -> Result<Vec<Builds>> {
    let mut all: Vec<Builds> = builders.iter().map(|builder| Builds::of(builder.kind)).collect();
    for number in 1..=colds {
        for (builder, builds) in builders.iter().zip(&mut all) {
            eprintln!("{}, cold, {number} of {colds}", builder.kind.title());
            builder.clear()?;
            builds.cold.push(builder.build()?);
        }
    }
    eprintln!("nothing to do");
    for _ in 0..NO_OPS {
        for (builder, builds) in builders.iter().zip(&mut all) {
            builds.no_op.push(builder.build()?);
        }
    }
    for number in 1..=EDITS {
        eprintln!("an edit of one line, {number} of {EDITS}");
        app.edit(number)?;
        for (builder, builds) in builders.iter().zip(&mut all) {
            let before = zips(builder, app)?;
            builds.edit.push(builder.build()?);
            let after = zips(builder, app)?;
            builds.changed =
                after.into_iter().filter(|(name, zip)| before.get(name) != Some(zip)).map(|(n, _)| n).collect();
        }
    }
    for (builder, builds) in builders.iter().zip(&mut all) {
        builds.zip_bytes = builder.zip(EDITED).map(|zip| Ok::<_, anyhow::Error>(read(&zip)?.len())).transpose()?;
    }
    Ok(all)
}

/// Returns the contents of each zip by its name.
fn zips(builder: &Builder<'_>, app: &App) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut zips = BTreeMap::new();
    if builder.kind == Kind::Cargo {
        return Ok(zips);
    }
    let workers = app.root.join("workers");
    for entry in fs::read_dir(&workers).with_context(|| format!("failed to read {}", workers.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(zip) = builder.zip(&name) {
            zips.insert(name, read(&zip)?);
        }
    }
    if builder.kind == Kind::Bedrock {
        zips.insert("endpoint".to_owned(), read(&app.root.join("target/bedrock/endpoint.zip"))?);
    }
    Ok(zips)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read {}", path.display()))
}
