//! What contracts cost: the check of an event in this program, and calls of workers with a contract compared with calls of the
//! same workers without one.

use std::path::Path;
use std::time::Instant;

use bedrock::invoke;
use bedrock_build::contract::{self, Root};
use serde_json::{Value, json};

use crate::samples::Samples;

const CALLS: usize = 20_000;

/// The costs of contracts.
#[derive(Debug)]
pub struct Costs {
    /// The median time of the check of an event of 1 KB, in microseconds.
    pub check_us: f64,
    /// The median time of a call with checks of event and response, divided by that of a call without them.
    pub python: f64,
    pub node: f64,
}

/// Measures calls of both kinds in turns, so that other work on the machine affects both.
pub async fn measure() -> bedrock::Result<Costs> {
    let order = |number: u32| {
        json!({
            "count": number, "id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "name": "tall ship", "note": null,
            "price": "12.50", "tags": ["large", "blue"],
        })
    };
    let event = json!({ "orders": (0..7).map(order).collect::<Vec<Value>>() });
    // `invoke!` accepts only literals, so this is a macro.
    macro_rules! ratio {
        ($typed:ident, $typed_name:literal, $untyped:literal) => {{
            let typed: crate::workers::$typed::Event = serde_json::from_value(event.clone())?;
            let mut with = Samples::default();
            let mut without = Samples::default();
            for _ in 0..CALLS {
                let event = typed.clone();
                let start = Instant::now();
                invoke!($typed_name, event, require_response = true).await?;
                with.add(start);
                let event = typed.clone();
                let start = Instant::now();
                let _: crate::workers::$typed::Event = invoke!($untyped, event, require_response = true).await?;
                without.add(start);
            }
            with.summary().0 / without.summary().0
        }};
    }
    Ok(Costs {
        check_us: check(&event.to_string())?,
        python: ratio!(typed_python, "typed_python", "echo_python"),
        node: ratio!(typed_node, "typed_node", "echo_node"),
    })
}

/// Returns the median time of the check that the runtime makes before a call.
fn check(event: &str) -> bedrock::Result<f64> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workers/typed_python");
    let contract = contract::read_file(Path::new(folder), contract::FILE_NAME).ok().flatten();
    let contract = contract.ok_or_else(|| std::io::Error::other("the contract of `typed_python` cannot be read"))?;
    let mut samples = Samples::default();
    for _ in 0..CALLS {
        let start = Instant::now();
        let violations = contract::validate_text(&contract, Root::Event, std::hint::black_box(event.as_bytes()));
        samples.add(start);
        assert!(violations.is_empty(), "{violations:?}");
    }
    Ok(samples.summary().0)
}
