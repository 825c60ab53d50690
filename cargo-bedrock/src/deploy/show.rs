//! A plan as people read it, and what its steps are called.

use super::plan::{Change, Plan, Step};
use super::stage::Site;

/// The changes, a line for each function and each thing that invokes them, and how many there are.
pub(crate) fn shown(site: &Site, plan: &Plan) -> String {
    let place = &site.place;
    let mut text = format!("{} in {}, account {}\n\n", site.shown(), place.region, place.account);
    for planned in plan.changes() {
        text += &line(planned.change, &planned.function, &planned.reasons);
    }
    for planned in plan.trigger_changes() {
        text += &line(planned.change, &planned.what, &planned.reasons);
    }
    if !plan.is_empty() {
        text += "\n";
    }
    text + &counts(plan) + "\n"
}

fn line(change: Change, what: &str, reasons: &[String]) -> String {
    let change = match change {
        Change::Create => "+ create",
        Change::Update => "~ update",
        Change::Delete => "- delete",
        Change::Keep => "  keep  ",
    };
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{change}  {what}{why}\n")
}

/// `1 to create, 2 to update, 3 stay as they are`
fn counts(plan: &Plan) -> String {
    let many = [(Change::Create, "to create"), (Change::Update, "to update"), (Change::Delete, "to delete")];
    let many = many.map(|(change, what)| (plan.count(change), what.to_owned()));
    let kept = plan.count(Change::Keep);
    let kept = (kept, if kept == 1 { "stays as it is" } else { "stay as they are" }.to_owned());
    let words: Vec<String> = many
        .into_iter()
        .chain([kept])
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if words.is_empty() { "there is nothing".to_owned() } else { words.join(", ") }
}

impl Step {
    /// What it does, as in ``failed to update the code of function `x` ``.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::MakeLogGroup => "make the log group",
            Self::KeepLogs => "set the log retention",
            Self::MakeRole => "make the role",
            Self::TrustLambda => "let Lambda take the role",
            Self::WriteOwnPolicy => "write the rights",
            Self::AddPolicy(..) => "add to the rights",
            Self::RemovePolicy(_) => "take from the rights",
            Self::PublishLayer => "publish the layer",
            Self::MakeFunction => "make the code and the settings",
            Self::UpdateSettings => "update the settings",
            Self::UpdateCode => "update the code",
            Self::ReserveConcurrency => "set the concurrency",
            Self::SetEvents => "set what happens to failed events",
            Self::SetRecursion => "set the recursion",
            Self::Publish => "publish a version",
            Self::MakeUrl => "make the URL",
            Self::SetUrlAuth => "set who may call the URL",
            Self::Allow(_) => "let everybody call the URL",
            Self::Disallow(_) => "let nobody else call the URL",
            Self::DropLayers(_) => "delete old versions of the layer",
            Self::DeleteFunction => "delete the code and the settings",
            Self::DeleteRole => "delete the role",
            Self::DeleteLogGroup => "delete the log group",
        }
    }

    /// For machines.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::MakeLogGroup => "make-log-group",
            Self::KeepLogs => "keep-logs",
            Self::MakeRole => "make-role",
            Self::TrustLambda => "trust-lambda",
            Self::WriteOwnPolicy => "write-own-policy",
            Self::AddPolicy(..) => "add-policy",
            Self::RemovePolicy(_) => "remove-policy",
            Self::PublishLayer => "publish-layer",
            Self::MakeFunction => "make-function",
            Self::UpdateSettings => "update-settings",
            Self::UpdateCode => "update-code",
            Self::ReserveConcurrency => "reserve-concurrency",
            Self::SetEvents => "set-events",
            Self::SetRecursion => "set-recursion",
            Self::Publish => "publish",
            Self::MakeUrl => "make-url",
            Self::SetUrlAuth => "set-url-auth",
            Self::Allow(_) => "allow",
            Self::Disallow(_) => "disallow",
            Self::DropLayers(_) => "drop-layers",
            Self::DeleteFunction => "delete-function",
            Self::DeleteRole => "delete-role",
            Self::DeleteLogGroup => "delete-log-group",
        }
    }
}
