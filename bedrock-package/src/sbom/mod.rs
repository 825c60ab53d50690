//! A software bill of materials of each artifact, next to its zip: the crates that a program is linked from, the
//! distributions and packages in a layer or a bundle. What is in a layer is recorded when it is installed; the crates are
//! those of cargo's resolution for the same target.

mod crates;
mod document;

use std::collections::BTreeMap;

use bedrock_build::Architecture;
use bedrock_diagnostics::Result;

use super::artifact::{Artifact, Function};
use super::context::{BuiltArtifact, Context};
use super::replace_file::replace_file;
use crates::LinkedCrates;
use document::Document;

/// Writes the SBOMs of the artifacts that have a zip, and notes in their records that they have one. `programs` are the Rust
/// functions among them.
pub(crate) fn write(context: &Context<'_>, programs: &[Function], built_artifacts: &mut [BuiltArtifact]) -> Result<()> {
    let mut linked: BTreeMap<Function, LinkedCrates> = BTreeMap::new();
    for architecture in Architecture::ALL {
        let is_for = |function: &&Function| context.architecture(function) == architecture;
        let functions: Vec<Function> = programs.iter().filter(is_for).cloned().collect();
        if !functions.is_empty() {
            linked.extend(crates::linked_crates(context, &functions, architecture)?);
        }
    }
    for built in built_artifacts {
        let artifact = &built.artifact;
        let Some(zip) = &built.record.zip else { continue };
        let crates = linked.get(&artifact.function()).filter(|_| matches!(artifact, Artifact::Code(_)));
        let document = Document {
            app: context.app.name.as_str(),
            artifact,
            sha256: &zip.sha256,
            components: crates.map_or(&built.record.components, |crates| &crates.components),
            dependencies: crates.map(|crates| &crates.dependencies),
        };
        let path = artifact.sbom_file();
        replace_file(&context.folder.path.join(&path), &document.text())?;
        context.observer.sbom_written(artifact, &path, document.components.len());
        built.record.has_sbom = true;
    }
    Ok(())
}
