//! SNS's API: the operations with which programs publish messages, in the query protocol with XML responses. Requests need
//! credentials, of any value; the access check of the port has already rejected pages of other origins.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::any;
use tokio::time::timeout;

use super::super::aws_api::{SNS_PATH, escape_xml, has_credentials, new_uuid};
use super::request::{Parameters, SnsError};
use super::topic::{Sns, Topic};

/// Maximum size of a request: ten of the largest messages, URL-encoded.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// How long a client may take for a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Messages in a batch (API reference, `PublishBatch`).
const MAX_BATCH_ENTRIES: usize = 10;
/// Namespace of responses.
const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Returns the routes, all below `/_sns`.
pub(in super::super) fn router(sns: &Arc<Sns>) -> Router {
    Router::new().route(SNS_PATH, any(serve)).route(&format!("{SNS_PATH}/"), any(serve)).with_state(Arc::clone(sns))
}

async fn serve(State(sns): State<Arc<Sns>>, request: Request) -> Response<Body> {
    let id = new_uuid();
    match handle(&sns, request).await {
        Ok((operation, result)) => {
            let metadata = format!("<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>");
            let xml = format!(
                "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result>{metadata}\
                 </{operation}Response>"
            );
            respond(StatusCode::OK, xml, &id)
        }
        Err(SnsError { code, message }) => {
            let status = match code {
                "NotFound" => StatusCode::NOT_FOUND,
                "MissingAuthenticationToken" => StatusCode::FORBIDDEN,
                "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
            let message = escape_xml(&message);
            let xml = format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            );
            respond(status, xml, &id)
        }
    }
}

fn respond(status: StatusCode, xml: String, id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// Returns the name of the operation and its result as XML.
async fn handle(sns: &Sns, request: Request) -> Result<(&'static str, String), SnsError> {
    let (head, body) = request.into_parts();
    if !has_credentials(&head.headers) {
        return Err(SnsError::new("MissingAuthenticationToken", "Request is missing Authentication Token"));
    }
    let invalid = |message: String| SnsError::new("InvalidParameter", message);
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_REQUEST_BYTES))
        .await
        .map_err(|_| invalid(format!("the request was not complete after {BODY_TIMEOUT:?}")))?
        .map_err(|_| invalid(format!("a request may have at most {MAX_REQUEST_BYTES} bytes")))?;
    let params = Parameters::of(&body);
    match params.get("Action").unwrap_or_default() {
        "ListTopics" => Ok(("ListTopics", list_topics(sns))),
        "Publish" => Ok(("Publish", publish(sns, &params).await?)),
        "PublishBatch" => Ok(("PublishBatch", publish_batch(sns, &params).await?)),
        operation => {
            let message = format!(
                "`{operation}` is not an operation of the local SNS, whose topics come from `triggers` and `uses` in the \
                 settings"
            );
            Err(SnsError::new("InvalidAction", message))
        }
    }
}

fn list_topics(sns: &Sns) -> String {
    let member = |topic: &Topic| format!("<member><TopicArn>{}</TopicArn></member>", escape_xml(&topic.arn));
    format!("<Topics>{}</Topics>", sns.topics.iter().map(member).collect::<String>())
}

fn topic<'a>(sns: &'a Sns, params: &Parameters) -> Result<&'a Topic, SnsError> {
    let arn = params.topic_arn().unwrap_or_default();
    sns.find(arn).ok_or_else(|| SnsError::new("NotFound", "Topic does not exist"))
}

async fn publish(sns: &Sns, params: &Parameters) -> Result<String, SnsError> {
    let topic = topic(sns, params)?;
    let message = params.message("")?;
    sns.deliver(topic, &message).await.map_err(|error| SnsError::new("InternalError", error))?;
    Ok(format!("<MessageId>{}</MessageId>", message.id))
}

/// Publishes each message of a batch. An error in one does not affect the others.
async fn publish_batch(sns: &Sns, params: &Parameters) -> Result<String, SnsError> {
    let topic = topic(sns, params)?;
    let members = params.members("PublishBatchRequestEntries.member");
    if members.is_empty() {
        return Err(SnsError::new("EmptyBatchRequest", "The batch request doesn't contain any entries."));
    }
    if members.len() > MAX_BATCH_ENTRIES {
        let message = "The batch request contains more entries than permissible.";
        return Err(SnsError::new("TooManyEntriesInBatchRequest", message));
    }
    let id_of = |member: &String| params.get(&format!("{member}.Id")).unwrap_or_default();
    if members.iter().map(id_of).collect::<BTreeSet<_>>().len() < members.len() {
        let message = "Two or more batch entries in the request have the same Id.";
        return Err(SnsError::new("BatchEntryIdsNotDistinct", message));
    }
    let mut successful = String::new();
    let mut failed = String::new();
    for member in &members {
        let id = escape_xml(id_of(member));
        let message = params.message(&format!("{member}."));
        let delivered = match message {
            Ok(message) => match sns.deliver(topic, &message).await {
                Ok(()) => Ok(message.id),
                Err(error) => Err(SnsError::new("InternalError", error)),
            },
            Err(error) => Err(error),
        };
        let _ = match delivered {
            Ok(message) => {
                write!(successful, "<member><Id>{id}</Id><MessageId>{message}</MessageId></member>")
            }
            Err(SnsError { code, message }) => {
                let message = escape_xml(&message);
                let is_fault_of_sender = code != "InternalError";
                write!(
                    failed,
                    "<member><Id>{id}</Id><Code>{code}</Code><Message>{message}</Message>\
                     <SenderFault>{is_fault_of_sender}</SenderFault></member>"
                )
            }
        };
    }
    Ok(format!("<Successful>{successful}</Successful><Failed>{failed}</Failed>"))
}

#[cfg(test)]
mod tests;
