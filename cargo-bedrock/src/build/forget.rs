//! What earlier builds left and nobody may deploy any more: parts of workers that are gone, and halves of a worker that
//! are for another processor than its other half.

use super::context::{ARCHITECTURE, Context};
use super::part::{Function, Part};
use super::state::State;

/// Takes such parts out of the state and off the disk.
pub(super) fn forget(context: &Context<'_>, state: &mut State) {
    let is_known = |id: &str| match id.split_once('/') {
        Some((_, name)) => context.app.workers.iter().any(|worker| worker.name.as_str() == name),
        None => true,
    };
    let gone: Vec<String> = state.parts.keys().filter(|id| !is_known(id)).cloned().collect();
    for id in gone {
        remove(context, state, &id);
    }
    for worker in &context.app.workers {
        let code = Part::Code(Function::Worker(worker.name.clone()));
        let layer = Part::Layer(worker.name.clone());
        let (Some(one), Some(other)) = (processor(state, &code), processor(state, &layer)) else { continue };
        if one == other {
            continue;
        }
        let outdated = if one == context.architecture.as_str() { &layer } else { &code };
        let flag = if *outdated == layer { "--worker-layer" } else { "--worker" };
        let was = processor(state, outdated).unwrap_or_default().to_owned();
        remove(context, state, &outdated.id());
        let now = context.architecture.as_str();
        let name = &worker.name;
        let warning = format!("{outdated} was built for {was} and is gone, build it for {now} too: `{flag}={name}`");
        context.progress.warning(Some(outdated), &warning);
    }
}

/// For which processor a part is; none if there is no zip of it.
fn processor<'a>(state: &'a State, part: &Part) -> Option<&'a str> {
    state.parts.get(&part.id()).filter(|record| record.zip.is_some())?.inputs.get(ARCHITECTURE)
}

fn remove(context: &Context<'_>, state: &mut State, id: &str) {
    let _ = std::fs::remove_file(context.folder.path.join(format!("{id}.zip")));
    state.parts.remove(id);
}
