//! How services are started.

use crate::ui::Printer;
use bedrock_package::tools::ToolRunner;

#[derive(Clone, Copy)]
pub(in crate::dev) struct ServiceOptions<'a> {
    /// Install ministack if it is missing.
    pub(in crate::dev) should_install: bool,
    pub(in crate::dev) tools: &'a ToolRunner,
    pub(in crate::dev) print: Printer,
}
