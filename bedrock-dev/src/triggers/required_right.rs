//! What a request needs to be allowed: an action on a resource.

/// An action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequiredRight {
    /// `dynamodb:GetItem`, or `route53:*` if the request does not say which action of the service it is.
    pub(super) action: String,
    /// The ARN, or `*` for an action that concerns no single resource. `None` if the request does not say it.
    pub(super) resource: Option<String>,
}

impl RequiredRight {
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: Some(resource.into()) }
    }

    pub(super) fn on_unknown_resource(action: impl Into<String>) -> Self {
        Self { action: action.into(), resource: None }
    }

    /// Returns the resource as error messages name it.
    pub(super) fn shown_resource(&self) -> &str {
        self.resource.as_deref().unwrap_or("*")
    }
}
