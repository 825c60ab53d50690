//! Collects the steps of one function.

use crate::step::Step;

/// The steps of one function so far, and the reasons, without duplicates: several steps may have the same reason.
#[derive(Debug, Default)]
pub(super) struct StepList {
    pub(super) steps: Vec<Step>,
    pub(super) reasons: Vec<String>,
    /// What users should know of the steps, also if the function is created.
    pub(super) notes: Vec<String>,
}

impl StepList {
    pub(super) fn add(&mut self, step: Step, reason: impl Into<String>) {
        self.steps.push(step);
        self.add_reasons([reason.into()]);
    }

    pub(super) fn add_reasons(&mut self, reasons: impl IntoIterator<Item = String>) {
        for reason in reasons {
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }
}
