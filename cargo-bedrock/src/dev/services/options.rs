//! How services are started.

use crate::ui::Printer;
use bedrock_package::tools::ToolRunner;

#[derive(Clone, Copy)]
pub(crate) struct ServiceOptions<'a> {
    /// Install ministack if it is missing.
    pub(crate) should_install: bool,
    pub(crate) tools: &'a ToolRunner,
    pub(crate) print: Printer,
}
