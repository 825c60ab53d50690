//! The style sheet: the light colours, and the differences of the dark ones.

use super::super::palette::{CYCLE, Colors, EDGE, NodeStyle};

/// The arrowheads of lines. They have colours of their own, because some viewers do not apply the colour of the line.
pub(super) const TIPS: &str = "\
<defs>
<marker id=\"bedrock-tip\" viewBox=\"0 0 10 10\" refX=\"9.5\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip\" d=\"M0.5 0.8L9.5 5L0.5 9.2L2.5 5z\"/></marker>
<marker id=\"bedrock-tip-cycle\" viewBox=\"0 0 10 10\" refX=\"9.5\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip-cycle\" d=\"M0.5 0.8L9.5 5L0.5 9.2L2.5 5z\"/></marker>
</defs>
";

/// Fonts that systems usually have. No font is loaded.
const SANS: &str = "-apple-system,\"Segoe UI\",\"Noto Sans\",Helvetica,Arial,sans-serif";
const MONO: &str =
    "ui-monospace,SFMono-Regular,\"SF Mono\",Menlo,Consolas,\"Liberation Mono\",\"DejaVu Sans Mono\",monospace";

pub(super) fn sheet() -> String {
    let mut css = format!(
        ".title{{font:600 18px {SANS};fill:#1f2328}}\n.note{{font:12px {SANS};fill:#656d76}}\n\
         .name{{font:600 13px {MONO};text-anchor:middle}}\n.caption{{font:10.5px {SANS};text-anchor:middle;opacity:.75}}\n\
         .ground{{fill:#fff;stroke:#d8dee4}}\n.line{{fill:none;stroke:{EDGE};stroke-width:1.5}}\n\
         .dashed{{stroke-dasharray:6 4}}\n.cycle{{stroke:{CYCLE};stroke-width:1.8}}\n.tip{{fill:{EDGE}}}\n\
         .tip-cycle{{fill:{CYCLE}}}\n.other rect{{stroke-dasharray:5 4}}\n"
    );
    css.extend(NodeStyle::ALL.map(|look| boxes(look, look.light())));
    css += "@media (prefers-color-scheme:dark){\n.title{fill:#e6edf3}\n.note{fill:#8b949e}\n\
            .ground{fill:#0d1117;stroke:#30363d}\n.line{stroke:#6e7781}\n.cycle{stroke:#ff7b72}\n.tip{fill:#6e7781}\n\
            .tip-cycle{fill:#ff7b72}\n";
    css.extend(NodeStyle::ALL.map(|look| boxes(look, look.dark())));
    format!("<style>\n{css}}}\n</style>\n")
}

fn boxes(look: NodeStyle, Colors { fill, line, text }: Colors) -> String {
    let class = look.class();
    format!(".{class} rect{{fill:{fill};stroke:{line};stroke-width:1.5}}.{class} text{{fill:{text}}}\n")
}
