//! Python and JavaScript workers: programs that stay warm and are talked to over a socket of their own.
//!
//! `docs/src/host-protocol.md` is the protocol. [`process`] starts and ends a host, [`conn`] and [`calls`] carry calls,
//! [`prints`] reads what workers print; [`python`] and [`node`] decide how many hosts a worker has.

mod calls;
mod code;
mod conn;
mod debug;
mod failure;
mod frame;
mod node;
mod prints;
mod process;
mod python;
mod socket;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use bedrock_build::Language;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

pub(super) use node::NodePool;
pub(super) use python::PythonPool;

use super::app::AppInfo;
use super::dispatch::Local;
use super::interpreter::Finder;
use super::output::{self, Output};
use super::reaper::{Group, Reaper};
use super::service::{Access, Backend, worker_key};
use super::workers::{self, Beside};

/// Who else is there.
pub(super) enum Company {
    /// Nobody: a program runs its own app.
    None,
    /// A program that serves Lambda's API itself.
    Beside(Beside),
    /// A test, which sees every call.
    Test(Arc<dyn Backend>),
}

/// Serves the calls of workers in place of the local runtime itself.
struct Front(Arc<dyn Backend>);

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Front")
    }
}

/// What the hosts of all workers share.
#[derive(Debug)]
pub(crate) struct Hosts {
    pub(super) app: AppInfo,
    pub(super) output: Output,
    pub(super) python: Finder,
    pub(super) node: Finder,
    /// On which port debuggers find workers.
    debuggers: HashMap<String, u16>,
    handle: Handle,
    reaper: Reaper,
    /// Process groups of the hosts that run; nothing once the program ends, so that no new one is started.
    groups: Mutex<Option<Vec<Group>>>,
    /// Opens Lambda's API to the workers of this run.
    token: Arc<str>,
    /// Whether somebody wants to know which worker calls.
    tells_callers: bool,
    variables: Vec<(String, String)>,
    front: Option<Front>,
    api: OnceCell<String>,
    local: OnceLock<Weak<Local>>,
}

impl Hosts {
    pub(super) fn new(app: &AppInfo, handle: Handle, company: Company) -> Self {
        let tells_callers = !matches!(company, Company::None);
        let (mut variables, mut debuggers) = (Vec::new(), HashMap::new());
        let (api, output, front) = match company {
            Company::None => (None, output::start(None), None),
            Company::Beside(beside) => {
                (variables, debuggers) = (beside.variables, beside.debuggers);
                (Some(beside.api), output::start(Some(beside.printed)), None)
            }
            Company::Test(backend) => (None, output::start_captured(), Some(Front(backend))),
        };
        Self {
            app: app.clone(),
            output,
            python: Finder::new(Language::Python),
            node: Finder::new(Language::JavaScript),
            debuggers,
            handle,
            reaper: Reaper::default(),
            groups: Mutex::new(Some(Vec::new())),
            token: crate::id::token().into(),
            tells_callers,
            variables,
            front,
            api: OnceCell::new_with(api),
            local: OnceLock::new(),
        }
    }

    /// Tells Lambda's API whom it serves.
    pub(super) fn set_local(&self, local: &Arc<Local>) {
        let _ = self.local.set(Arc::downgrade(local));
    }

    /// On which port a debugger finds a worker, if it is debugged.
    fn debugger(&self, worker: &str) -> Option<u16> {
        self.debuggers.get(worker).copied()
    }

    /// What a worker's calls of Lambda's API are signed with.
    fn access_key(&self, worker: &str) -> String {
        if self.tells_callers { worker_key(worker) } else { self.token.as_ref().to_owned() }
    }

    /// The URL of Lambda's API, which is started when the first host needs it, if nobody asked for it before.
    pub(super) async fn api(&self) -> std::io::Result<&str> {
        let serve = async || {
            if let Some(Front(backend)) = &self.front {
                // Whoever asks a test for it has no key of this run.
                return workers::open(0, Arc::clone(backend), Access::Signed).await;
            }
            let local = self.local.get().cloned().unwrap_or_default();
            workers::serve(local, Arc::clone(&self.token)).await
        };
        self.api.get_or_try_init(serve).await.map(String::as_str)
    }

    /// Finds the interpreters that the app needs while nobody waits for them.
    pub(super) fn look_for_interpreters(self: &Arc<Self>) {
        let has = |language| self.app.catalog.entries.iter().any(|entry| entry.language == language);
        for (needed, finder) in [
            (has(Language::Python), (|hosts: &Self| &hosts.python) as fn(&Self) -> &Finder),
            (has(Language::JavaScript), |hosts| &hosts.node),
        ] {
            let hosts = Arc::clone(self);
            if needed {
                self.handle.spawn(async move {
                    // Whoever calls a worker gets the error; here nobody does.
                    let _ = finder(&hosts).get(&hosts.app.scratch).await;
                });
            }
        }
    }

    /// Takes responsibility for a started host; refuses when the program is ending.
    fn adopt(&self, group: Group) -> bool {
        self.reaper.watch(group);
        let adopted = self.groups.lock().is_ok_and(|mut groups| {
            groups.as_mut().is_some_and(|groups| {
                groups.push(group);
                true
            })
        });
        if !adopted {
            self.reaper.end(group);
        }
        adopted
    }

    /// Ends one host and whatever it started.
    fn kill(&self, group: Group) {
        let known = self.groups.lock().is_ok_and(|mut groups| {
            let before = groups.as_ref().map_or(0, Vec::len);
            groups.as_mut().is_some_and(|groups| {
                groups.retain(|other| *other != group);
                groups.len() < before
            })
        });
        // Killing a group twice could hit a stranger that got its number in between.
        if known {
            self.reaper.end(group);
        }
    }

    /// Ends all hosts, at the end of the program.
    pub(super) fn end(&self) {
        let groups = self.groups.lock().ok().and_then(|mut groups| groups.take()).unwrap_or_default();
        for group in groups {
            self.reaper.end(group);
        }
        self.reaper.finish();
    }
}
