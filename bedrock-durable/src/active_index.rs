//! What the engine knows of the executions that have not ended without reading them: when each is due, which ones are
//! children of another, and which code they keep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::arn::ExecutionArn;
use crate::store::ActiveExecution;
use crate::time::Timestamp;

/// The executions that have not ended.
#[derive(Debug, Default)]
pub(crate) struct ActiveIndex {
    executions: HashMap<ExecutionArn, ActiveExecution>,
    /// When they are due, the earliest first.
    due: BTreeSet<(Timestamp, ExecutionArn)>,
    /// The executions that an execution has started, by its ARN.
    children: HashMap<ExecutionArn, BTreeSet<ExecutionArn>>,
    /// The number of executions of each worker that keep each code.
    codes: BTreeMap<(String, String), usize>,
    has_released_code: bool,
}

impl ActiveIndex {
    /// Adds an execution, or replaces what is known of it.
    pub(crate) fn insert(&mut self, execution: ActiveExecution) {
        let arn = execution.arn.clone();
        if let Some(code) = &execution.code {
            *self.codes.entry((execution.worker.clone(), code.clone())).or_default() += 1;
        }
        // What replaces it has been counted before, so that its code is not released in between.
        self.remove(&arn);
        if let Some(due) = execution.due {
            self.due.insert((due, arn.clone()));
        }
        if let Some(parent) = &execution.parent {
            self.children.entry(parent.clone()).or_default().insert(arn.clone());
        }
        self.executions.insert(arn, execution);
    }

    /// Removes an execution that has ended.
    pub(crate) fn remove(&mut self, arn: &ExecutionArn) {
        let Some(old) = self.executions.remove(arn) else { return };
        if let Some(due) = old.due {
            self.due.remove(&(due, old.arn.clone()));
        }
        if let Some(parent) = old.parent
            && let Some(children) = self.children.get_mut(&parent)
        {
            children.remove(arn);
            if children.is_empty() {
                self.children.remove(&parent);
            }
        }
        if let Some(code) = old.code {
            let key = (old.worker, code);
            let count = self.codes.get(&key).copied().unwrap_or_default();
            if count > 1 {
                self.codes.insert(key, count - 1);
            } else {
                self.codes.remove(&key);
                self.has_released_code = true;
            }
        }
    }

    pub(crate) fn contains(&self, arn: &ExecutionArn) -> bool {
        self.executions.contains_key(arn)
    }

    /// Returns when the first execution is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Returns the executions that are due, the earliest first.
    pub(crate) fn due_at(&self, now: Timestamp) -> Vec<ExecutionArn> {
        self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, arn)| arn.clone()).collect()
    }

    /// Returns the children of an execution that were not invoked yet, and are due later.
    pub(crate) fn waiting_children(&self, parent: &ExecutionArn, now: Timestamp) -> Vec<ExecutionArn> {
        let children = self.children.get(parent).into_iter().flatten().filter_map(|arn| self.executions.get(arn));
        let waiting = children.filter(|child| child.is_new && child.due.is_some_and(|due| due > now));
        waiting.map(|child| child.arn.clone()).collect()
    }

    /// Returns the codes that executions keep.
    pub(crate) fn codes(&self) -> BTreeSet<(String, String)> {
        self.codes.keys().cloned().collect()
    }

    /// Returns whether the last execution of a code was removed since the last call.
    pub(crate) fn take_released_code(&mut self) -> bool {
        std::mem::take(&mut self.has_released_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(id: &str, due: u64, code: &str) -> ActiveExecution {
        ActiveExecution {
            arn: ExecutionArn::new("arn:aws:lambda:us-east-1:000000000000:function:a", "$LATEST", id, id),
            worker: "a".to_owned(),
            parent: None,
            due: Some(Timestamp(due)),
            is_running: false,
            is_new: true,
            code: Some(code.to_owned()),
        }
    }

    #[test]
    fn index_knows_what_is_due() {
        let mut index = ActiveIndex::default();
        index.insert(execution("one", 30, "x"));
        index.insert(execution("two", 20, "x"));
        assert_eq!((index.next_due(), index.due_at(Timestamp(29)).len()), (Some(Timestamp(20)), 1));
        // It replaces what was known.
        index.insert(execution("two", 40, "x"));
        assert_eq!((index.next_due(), index.due_at(Timestamp(40)).len()), (Some(Timestamp(30)), 2));
        index.remove(&execution("one", 0, "").arn);
        assert_eq!((index.next_due(), index.due_at(Timestamp(39)).len()), (Some(Timestamp(40)), 0));
    }

    #[test]
    fn code_is_released_by_its_last_execution() {
        let mut index = ActiveIndex::default();
        index.insert(execution("one", 1, "x"));
        index.insert(execution("two", 1, "x"));
        index.insert(execution("two", 2, "x"));
        index.remove(&execution("one", 0, "").arn);
        assert!(!index.take_released_code());
        index.insert(execution("two", 3, "y"));
        assert!(index.take_released_code() && !index.take_released_code());
        assert_eq!(index.codes().into_iter().collect::<Vec<_>>(), [("a".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn children_wait_until_they_are_due() {
        let mut index = ActiveIndex::default();
        let parent = execution("parent", 1, "x").arn;
        let mut child = execution("child", 5, "x");
        child.parent = Some(parent.clone());
        index.insert(child.clone());
        assert_eq!(index.waiting_children(&parent, Timestamp(4)), std::slice::from_ref(&child.arn));
        assert!(index.waiting_children(&parent, Timestamp(5)).is_empty());
        index.insert(ActiveExecution { is_new: false, ..child });
        assert!(index.waiting_children(&parent, Timestamp(4)).is_empty());
    }
}
