//! Random graphs: every form can be rendered, and in the picture nothing overlaps.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::layout::{Arrow, Layout, Rect, Size, lay_out};
use super::super::{Format, render};
use crate::depth_first::depth_first;
use crate::fixtures::{app, call_targets, name, with_invokes};
use crate::model::Graph;
use crate::node::NodeName;

const MAX_NODES: usize = 60;

/// Generates a number of nodes, and edges between them.
fn edges() -> impl Strategy<Value = (usize, BTreeSet<(usize, usize)>)> {
    (1..=MAX_NODES)
        .prop_flat_map(|nodes| (Just(nodes), vec((0..nodes, 0..nodes), 0..2 * MAX_NODES)))
        .prop_map(|(nodes, edges)| (nodes, edges.into_iter().collect()))
}

fn settings() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

fn laid_out(sizes: &[Size], edges: &BTreeSet<(usize, usize)>) -> Layout {
    let edges: Vec<(usize, usize)> = edges.iter().copied().collect();
    let back_edges = depth_first(sizes.len(), &edges).back_edges;
    let arrow = |(number, (from, to)): (usize, &(usize, usize))| Arrow {
        from: *from,
        to: *to,
        is_back: back_edges.contains(&number),
    };
    lay_out(sizes, &edges.iter().enumerate().map(arrow).collect::<Vec<_>>())
}

/// Returns whether the distance between two boxes is less than `distance`.
fn is_near(a: &Rect, b: &Rect, distance: f64) -> bool {
    let apart = |a: f64, a_end: f64, b: f64, b_end: f64| a_end + distance <= b || b_end + distance <= a;
    !apart(a.x, a.right(), b.x, b.right()) && !apart(a.y, a.bottom(), b.y, b.bottom())
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn boxes_do_not_touch_and_are_inside_the_picture((nodes, edges) in edges(), widths in vec(20.0..300.0_f64, MAX_NODES)) {
        let sizes: Vec<Size> = widths[..nodes].iter().map(|width| Size { width: *width, height: 48.0 }).collect();
        let layout = laid_out(&sizes, &edges);
        let picture = Rect { x: -0.01, y: -0.01, width: layout.size.width + 0.02, height: layout.size.height + 0.02 };
        for (at, shape) in layout.boxes.iter().enumerate() {
            prop_assert!(shape.width > sizes[at].width - 0.01 && shape.height > sizes[at].height - 0.01, "{shape:?}");
            prop_assert!(shape.x >= picture.x && shape.right() <= picture.right(), "{shape:?}");
            prop_assert!(shape.y >= picture.y && shape.bottom() <= picture.bottom(), "{shape:?}");
            for other in &layout.boxes[..at] {
                prop_assert!(!is_near(shape, other, 20.0), "{shape:?} {other:?}");
            }
        }
    }

    #[test]
    fn lines_join_their_boxes_and_avoid_all_others((nodes, edges) in edges()) {
        let layout = laid_out(&vec![Size { width: 120.0, height: 48.0 }; nodes], &edges);
        for ((from, to), (start, curves)) in edges.iter().zip(&layout.lines) {
            let end = curves.last().expect("a piece").end;
            for (point, own) in [(start, from), (&end, to)] {
                let Rect { x, y, .. } = layout.boxes[*own];
                prop_assert!(point.y >= y - 0.01 && point.y <= layout.boxes[*own].bottom(), "{point:?}");
                prop_assert!(point.x >= x - 0.01 && point.x <= layout.boxes[*own].right() + 0.01, "{point:?}");
            }
            // Lines are straight inside a column, so it is enough to check the ends of their pieces.
            for point in curves[..curves.len() - 1].iter().map(|curve| curve.end) {
                let dot = Rect { x: point.x, y: point.y, width: 0.0, height: 0.0 };
                prop_assert!(layout.boxes.iter().all(|shape| !is_near(shape, &dot, 10.0)), "{point:?}");
            }
        }
    }

    #[test]
    fn forms_exist_for_every_graph((nodes, edges) in edges(), other in ".{0,80}", listed in any::<bool>()) {
        let files: Vec<String> = (0..nodes).map(|at| format!("w{at}.{}", ["py", "js", "rs"][at % 3])).collect();
        let mut app = app("random", &files.iter().map(String::as_str).collect::<Vec<_>>());
        if listed {
            app = with_invokes(app, "w0", &["w0"]);
        }
        let callees = |from: usize| edges.iter().filter(move |edge| edge.0 == from).map(|(_, to)| format!(" w{to}"));
        let calls: Vec<String> = (0..nodes).map(|from| format!("w{from}:{}", callees(from).collect::<String>())).collect();
        let mut call_targets = call_targets(&app, &calls.iter().map(String::as_str).collect::<Vec<_>>());
        call_targets.entry(NodeName::Worker(name("w0"))).or_default().others.insert(other, Vec::new());
        let graph = Graph::new(&app, &call_targets);
        for format in [Format::Text, Format::Json, Format::Mermaid, Format::Dot, Format::Svg] {
            let text = render(&graph, format).expect("rendered");
            prop_assert!(text.ends_with('\n') && !text.contains("NaN") && !text.contains("inf "), "{text}");
            prop_assert_eq!(render(&graph, format).expect("rendered"), text);
        }
    }
}
