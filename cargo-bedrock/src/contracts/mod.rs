//! `contracts`: the types of the workers, from their code to the files that callers and editors read.
//!
//! | module | contents |
//! | --- | --- |
//! | [`mod@collect`] | the contract of each worker, from its code or from its file |
//! | [`mod@generate`] | the files that follow from the contracts, and which of them differ on disk |
//! | [`history`] | the contracts of a revision or a stage, and what has changed since |

mod collect;
mod generate;
mod history;

use bedrock_build::App;
use bedrock_build::contract::FILE_NAME;

use crate::ui::Printer;
use bedrock_diagnostics::Result;

pub(crate) use collect::{collect, read_files};
pub(crate) use generate::{GeneratedFile, changed_files, generate, stale_error, write_files};
pub(crate) use history::{WorkerChange, changes_since, changes_since_deploy};

/// Fails if the code of a worker with a contract, or a file that follows from it, has changed since it was written. An app
/// without contracts starts no interpreter.
pub(crate) fn check_current(app: &App, print: Printer) -> Result<()> {
    let has_file = |dir: &str| app.root.join(dir).join(FILE_NAME).is_file();
    let names: Vec<&str> =
        app.workers.iter().filter(|worker| has_file(&worker.dir)).map(|worker| worker.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let contracts = collect(app, &names, print)?;
    let changed = changed_files(app, generate(app, &contracts))?;
    if changed.is_empty() { Ok(()) } else { Err(stale_error(&changed)) }
}
