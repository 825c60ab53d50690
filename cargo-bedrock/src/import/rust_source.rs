//! The `main.rs` of a cargo-lambda function as the library of a worker: the same text without `main`, and a worker that calls the
//! handler that `main` passed to the runtime.

use bedrock_build::WorkerName;

/// Returns the library, or the reason why `main.rs` is not understood.
pub(super) fn library(main: &str, name: &WorkerName) -> Result<String, String> {
    let start = main.find("async fn main(").ok_or("its `main.rs` has no `async fn main`")?;
    let body = start + main.get(start..).and_then(|rest| rest.find('{')).ok_or("its `main` has no body")?;
    let end = closing_brace(main, body).ok_or("its `main` has no end")?;
    let text_of_main = main.get(start..end).unwrap_or_default();
    let handler = handler(text_of_main)?;
    // Attributes such as `#[tokio::main]` belong to it.
    let mut from = start;
    while let Some((above, line)) = main.get(..from).and_then(|before| before.trim_end().rsplit_once('\n')) {
        if !line.trim().starts_with("#[") {
            break;
        }
        from = above.len() + 1;
    }
    let before = main.get(..from).unwrap_or_default();
    let after = main.get(end..).unwrap_or_default();
    let class = name.class_name();
    let worker = format!(
        "/// Calls the handler of the function that this worker was.
#[bedrock::worker]
pub struct {class};

impl bedrock::Worker for {class} {{
    type Event = serde_json::Value;
    type Response = serde_json::Value;

    async fn execute(&self, event: Self::Event, context: &bedrock::Context) -> bedrock::Result<Self::Response> {{
        let mut original = lambda_runtime::Context::default();
        original.request_id = context.request_id().to_owned();
        original.invoked_function_arn = context.function_arn().to_owned();
        let deadline = context.deadline().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        original.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        let event = lambda_runtime::LambdaEvent::new(serde_json::from_value(event)?, original);
        let response = {handler}(event).await.map_err(std::io::Error::other)?;
        Ok(serde_json::to_value(response)?)
    }}
}}
"
    );
    // Only `main` used them.
    let allowed = "#![allow(unused_imports)]";
    let parts = [allowed, before.trim(), after.trim(), worker.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(parts.join("\n\n"))
}

/// Returns the function that `main` passes to the runtime.
fn handler(main: &str) -> Result<String, String> {
    let (_, rest) = main.split_once("service_fn(").ok_or("its `main` does not call `service_fn`")?;
    let end = rest.find([')', ',']).unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default().trim();
    let is_path = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    if is_path {
        return Ok(name.to_owned());
    }
    Err("its `main` passes more than a function to `service_fn`, port it by hand".to_owned())
}

/// Returns the end of the block that begins at `open`. Braces in strings and comments do not count.
fn closing_brace(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = open;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{WorkerName, library};

    fn of(main: &str) -> Result<String, String> {
        library(main, &WorkerName::parse("send_mail").expect("a name"))
    }

    #[test]
    fn main_becomes_a_worker_around_the_handler() {
        let main = "use lambda_runtime::{run, service_fn, Error};\nmod event_handler;\n\n#[tokio::main]\nasync fn main() -> Result<(), Error> {\n    println!(\"}\"); // }\n    run(service_fn(event_handler::handle)).await\n}\n\nfn helper() {}\n";
        let text = of(main).expect("a library");
        let start = "#![allow(unused_imports)]\n\nuse lambda_runtime::{run, service_fn, Error};\nmod event_handler;\n\nfn helper() {}\n\n/// Calls the handler";
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains("pub struct SendMail;") && text.contains("= event_handler::handle(event).await"),
            "{text}"
        );
    }

    #[test]
    fn other_mains_have_a_reason() {
        assert_eq!(of("fn main() {}"), Err("its `main.rs` has no `async fn main`".to_owned()));
        assert_eq!(of("async fn main() { go().await }"), Err("its `main` does not call `service_fn`".to_owned()));
        assert_eq!(
            of("async fn main() { run(service_fn(|event| handle(&client, event))).await }"),
            Err("its `main` passes more than a function to `service_fn`, port it by hand".to_owned())
        );
        assert_eq!(of("async fn main() { {"), Err("its `main` has no end".to_owned()));
    }
}
