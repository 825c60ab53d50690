//! Greets a person by name.

use bedrock::{Context, Result, Worker, WorkerError};
use serde::{Deserialize, Serialize};

/// The person to greet.
#[derive(Debug, Serialize, Deserialize)]
pub struct GreetRequest {
    pub name: String,
}

/// The greeting.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GreetResponse {
    pub message: String,
}

#[bedrock::worker]
pub struct Greeter;

impl Worker for Greeter {
    type Event = GreetRequest;
    type Response = GreetResponse;

    async fn execute(&self, event: GreetRequest, _context: &Context) -> Result<GreetResponse> {
        if event.name.is_empty() {
            return Err(WorkerError::new("EmptyName", "the name is empty"));
        }
        Ok(GreetResponse { message: format!("Hello, {}!", event.name) })
    }
}
