//! Deletes artifacts of earlier builds that must not be deployed: those of deleted workers, and a code or layer zip whose
//! architecture differs from that of the worker's other zip.

use super::artifact::{Artifact, Function};
use super::context::{ARCHITECTURE, Context};
use super::state::BuildState;

/// Deletes stale artifacts from the state and from the disk.
pub(super) fn prune_stale(context: &Context<'_>, state: &mut BuildState) {
    let is_known = |id: &str| match id.split_once('/') {
        Some((_, name)) => context.app.workers.iter().any(|worker| worker.name.as_str() == name),
        None => true,
    };
    let gone: Vec<String> = state.artifacts.keys().filter(|id| !is_known(id)).cloned().collect();
    for id in gone {
        remove(context, state, &id);
    }
    for worker in &context.app.workers {
        let code = Artifact::Code(Function::Worker(worker.name.clone()));
        let layer = Artifact::Layer(worker.name.clone());
        let (Some(one), Some(other)) = (processor(state, &code), processor(state, &layer)) else { continue };
        if one == other {
            continue;
        }
        let now = context.architecture(&code.function()).as_str();
        let outdated = if one == now { &layer } else { &code };
        let flag = if *outdated == layer { "--worker-layer" } else { "--worker" };
        let was = processor(state, outdated).unwrap_or_default().to_owned();
        remove(context, state, &outdated.id());
        let name = &worker.name;
        let warning =
            format!("{outdated} was built for {was} and has been deleted, build it for {now} too: `{flag}={name}`");
        context.observer.warning(Some(outdated), &warning);
    }
}

/// Returns the architecture of an artifact, or `None` if it has no zip file.
fn processor<'a>(state: &'a BuildState, artifact: &Artifact) -> Option<&'a str> {
    state.artifacts.get(&artifact.id()).filter(|record| record.zip.is_some())?.inputs.get(ARCHITECTURE)
}

fn remove(context: &Context<'_>, state: &mut BuildState, id: &str) {
    for extension in ["zip", "cdx.json"] {
        let _ = std::fs::remove_file(context.folder.path.join(format!("{id}.{extension}")));
    }
    state.artifacts.remove(id);
}
