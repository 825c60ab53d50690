//! Every form of a graph with every kind of node and edge. Random graphs are in `random`, the JSON schema in `schema`.

use std::path::Path;

use insta::assert_snapshot;

use super::{Format, render};
use crate::fixtures::{graph_with_resources, large_graph, sample_graph};
use crate::model::CallTypes;

mod random;
mod schema;

fn rendered(format: Format) -> String {
    render(&sample_graph(), format).expect("rendered")
}

#[test]
fn text_form_has_trees_from_the_endpoint_down() {
    assert_snapshot!(rendered(Format::Text), @"
    endpoint
    ├── resizer (rust)
    │   └── thumbnailer (javascript)
    │       ├── resizer (rust), a cycle
    │       └── system_fetcher (python), by settings
    └── system_fetcher (python)

    legacy (javascript), called by no other

    nightly_report (python), called by no other
    ├── nightly_report (python), a cycle
    ├── system_fetcher (python)
    └── arn:aws:lambda:eu-west-1:123456789012:function:billing (another function)

    cycle: nightly_report → nightly_report
    cycle: resizer → thumbnailer → resizer
    ");
}

#[test]
fn text_form_lists_resources_with_access() {
    assert_snapshot!(render(&graph_with_resources(), Format::Text).expect("rendered"), @"
    endpoint
    ├── resizer (rust)
    │   ├── table orders (read, write)
    │   └── bucket uploads (read)
    ├── thumbnailer (javascript)
    │   ├── resizer (rust), see above
    │   ├── invoked by bucket uploads
    │   ├── invoked by bus orders
    │   ├── invoked by schedule rate(1 day)
    │   └── invoked by topic alerts
    └── table orders (read)
    ");
}

#[test]
fn pictures_have_one_box_for_each_resource() {
    let mermaid = render(&graph_with_resources(), Format::Mermaid).expect("rendered");
    assert_eq!(mermaid.matches("table orders").count(), 1, "{mermaid}");
    assert!(mermaid.contains("n3[(\"table orders\")]:::resource"), "{mermaid}");
    assert!(mermaid.contains("n0 --> n3\n") && mermaid.contains("n1 --> n3\n"), "{mermaid}");
    for format in [Format::Svg, Format::Dot] {
        let text = render(&graph_with_resources(), format).expect("rendered");
        assert!(text.contains("table orders") && text.contains("bucket uploads"), "{text}");
    }
    // A bucket that one worker uses and that invokes another is one box.
    assert_eq!(mermaid.matches("bucket uploads").count(), 1, "{mermaid}");
    assert!(mermaid.contains("n1 --> n4\n") && mermaid.contains("n4 --> n2\n"), "{mermaid}");
    assert!(mermaid.contains("[(\"schedule rate(1 day)\")]:::resource"), "{mermaid}");
    let json: serde_json::Value =
        serde_json::from_str(&render(&graph_with_resources(), Format::Json).expect("rendered")).expect("JSON");
    assert_eq!(
        json["resources"][1],
        serde_json::json!({ "from": "resizer", "kind": "table", "name": "orders", "access": ["read", "write"] })
    );
    assert_eq!(
        json["triggers"],
        serde_json::json!([
            { "kind": "bucket", "name": "uploads", "to": "thumbnailer" },
            { "kind": "bus", "name": "orders", "to": "thumbnailer" },
            { "kind": "schedule", "name": "rate(1 day)", "to": "thumbnailer" },
            { "kind": "topic", "name": "alerts", "to": "thumbnailer" }
        ])
    );
}

#[test]
fn text_form_lists_the_calls_of_a_worker_once() {
    assert_snapshot!(render(&large_graph(6), Format::Text).expect("rendered"), @"
    endpoint
    ├── invoice_writer (python)
    │   ├── image_indexer (javascript)
    │   │   ├── search_validator (javascript)
    │   │   │   └── search_validator (javascript), a cycle
    │   │   └── user_cleaner (rust)
    │   │       └── report_notifier (python)
    │   └── search_validator (javascript), see above
    └── order_fetcher (rust)
        ├── image_indexer (javascript), see above
        └── user_cleaner (rust), see above

    cycle: search_validator → search_validator
    ");
}

#[test]
fn mermaid_form_has_coloured_boxes_and_lines() {
    assert_snapshot!(rendered(Format::Mermaid), @r#"
    flowchart LR
        n0(["endpoint"]):::endpoint
        n1("legacy"):::javascript
        n2("nightly_report"):::python
        n3("resizer"):::rust
        n4("system_fetcher"):::python
        n5("thumbnailer"):::javascript
        n6[/"arn:aws:lambda:eu-west-1:123456789012:function:billing"/]:::other
        n0 --> n3
        n0 --> n4
        n2 --> n2
        n2 --> n4
        n2 --> n6
        n3 --> n5
        n5 --> n3
        n5 -.-> n4
        classDef endpoint fill:#1f2937,stroke:#1f2937,color:#ffffff
        classDef rust fill:#fff1e8,stroke:#d9691e,color:#7a3410
        classDef python fill:#e9f2fc,stroke:#3b78b5,color:#1d4675
        classDef javascript fill:#fdf7d8,stroke:#c9a30c,color:#665200
        classDef other fill:#f6f8fa,stroke:#9aa4af,color:#57606a,stroke-dasharray:4 3
        linkStyle 2,6 stroke:#d1242f
    "#);
}

#[test]
fn dot_form_has_coloured_boxes_and_lines() {
    assert_snapshot!(rendered(Format::Dot), @r##"
    digraph "my_app" {
        rankdir=LR
        node [shape=box, style="rounded,filled", fontname="Helvetica"]
        edge [color="#8c959f"]
        n0 [label="endpoint", fillcolor="#1f2937", color="#1f2937", fontcolor="#ffffff"]
        n1 [label="legacy", fillcolor="#fdf7d8", color="#c9a30c", fontcolor="#665200"]
        n2 [label="nightly_report", fillcolor="#e9f2fc", color="#3b78b5", fontcolor="#1d4675"]
        n3 [label="resizer", fillcolor="#fff1e8", color="#d9691e", fontcolor="#7a3410"]
        n4 [label="system_fetcher", fillcolor="#e9f2fc", color="#3b78b5", fontcolor="#1d4675"]
        n5 [label="thumbnailer", fillcolor="#fdf7d8", color="#c9a30c", fontcolor="#665200"]
        n6 [label="arn:aws:lambda:eu-west-1:123456789012:function:billing", fillcolor="#f6f8fa", color="#9aa4af", fontcolor="#57606a", style="rounded,filled,dashed"]
        n0 -> n3
        n0 -> n4
        n2 -> n2 [color="#d1242f"]
        n2 -> n4
        n2 -> n6
        n3 -> n5
        n5 -> n3 [color="#d1242f"]
        n5 -> n4 [style=dashed]
    }
    "##);
}

#[test]
fn function_names_are_escaped_in_every_form() {
    let mut graph = sample_graph();
    "\"]<b>&`\\\n\u{1b}function:f".clone_into(&mut graph.others[0].function);
    let line = |format: Format, of: &str| {
        let text = render(&graph, format).expect("rendered");
        text.lines().find(|line| line.contains(of)).expect("a line").trim().to_owned()
    };
    assert_snapshot!(line(Format::Text, "(another function)"), @r#"└── \"]<b>&`\\\n\u{1b}function:f (another function)"#);
    assert_snapshot!(line(Format::Mermaid, ":::other"), @r##"n6[/"#34;]#60;b#62;#38;#96;#92;  function:f"/]:::other"##);
    assert_snapshot!(line(Format::Dot, "function:f"), @r##"n6 [label="\"]<b>&`\\  function:f", fillcolor="#f6f8fa", color="#9aa4af", fontcolor="#57606a", style="rounded,filled,dashed"]"##);
    assert_snapshot!(line(Format::Json, "function:f"), @r#""function": "\"]<b>&`\\\n\u001bfunction:f","#);
    assert_snapshot!(line(Format::Svg, "class=\"other\""), @r#"<g class="other"><title>&quot;]&lt;b&gt;&amp;`\ function:f (another function)</title><rect x="219.9" y="78" width="124" height="48" rx="10"/><text class="name" x="281.9" y="98">f</text><text class="caption" x="281.9" y="114">another function</text></g>"#);
}

/// Compares a file of the documentation with the output. `OVERWRITE=1 cargo test -p bedrock-callgraph documentation` overwrites it.
fn check_file(path: &str, format: Format) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(path);
    if std::env::var_os("OVERWRITE").is_some() {
        std::fs::write(&path, rendered(format)).expect("written");
    }
    assert_eq!(std::fs::read_to_string(path).expect("the file"), rendered(format));
}

#[test]
fn json_in_the_documentation_is_current() {
    check_file("schema/graph.v1.example.json", Format::Json);
}

#[test]
fn picture_in_the_documentation_is_current() {
    check_file("src/graph.svg", Format::Svg);
}

#[test]
fn calls_of_typed_workers_name_their_types() {
    let mut graph = sample_graph();
    let types = CallTypes { event: "Size".to_owned(), response: "Thumb[] | null".to_owned() };
    graph.edges[0].types = Some(types);
    let text = |format| render(&graph, format).expect("rendered");
    assert!(text(Format::Text).contains("├── resizer (rust): Size → Thumb[] | null\n"), "{}", text(Format::Text));
    assert!(text(Format::Mermaid).contains("n0 -->|\"Size → Thumb[] | null\"| n3\n"), "{}", text(Format::Mermaid));
    assert!(text(Format::Dot).contains("n0 -> n3 [label=\"Size → Thumb[] | null\"]\n"), "{}", text(Format::Dot));
    assert!(text(Format::Svg).contains(", Size → Thumb[] | null</title>"), "{}", text(Format::Svg));
    let json: serde_json::Value = serde_json::from_str(&text(Format::Json)).expect("JSON");
    assert_eq!(json["edges"][0]["types"]["response"], "Thumb[] | null");
    assert!(json["edges"][1].get("types").is_none());
}

#[test]
fn stale_calls_are_marked_in_every_form() {
    let mut graph = sample_graph();
    graph.edges[0].types = Some(CallTypes { event: "Size".to_owned(), response: "any".to_owned() });
    graph.edges[0].is_stale = true;
    let text = |format| render(&graph, format).expect("rendered");
    let expected = "├── resizer (rust): Size → any, built against another contract\n";
    assert!(text(Format::Text).contains(expected), "{}", text(Format::Text));
    assert!(text(Format::Mermaid).contains("|\"Size → any, stale\"|"), "{}", text(Format::Mermaid));
    assert!(text(Format::Dot).contains("label=\"Size → any, stale\""), "{}", text(Format::Dot));
    assert!(text(Format::Svg).contains(", Size → any, stale</title>"), "{}", text(Format::Svg));
    let json: serde_json::Value = serde_json::from_str(&text(Format::Json)).expect("JSON");
    assert_eq!(json["edges"][0]["stale"], true);
    assert!(json["edges"][1].get("stale").is_none());
}
