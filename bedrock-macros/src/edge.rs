//! The trace that a call leaves in the binary: one byte in a section of its own, `.bedrock.invoke.<worker>`.
//!
//! The byte is referenced from the call, so the linker's `--gc-sections` keeps exactly the calls that can be reached,
//! and `cargo bedrock build` reads the call graph from the section names. In the same way a Lambda build knows at its
//! start whether it will make calls.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// Statements to put where the call is.
pub(crate) fn expand(worker: &str) -> TokenStream {
    let section = format!(".bedrock.invoke.{worker}");
    // The span of the macro, not of the caller: so `#![forbid(unsafe_code)]` of the caller does not see the attribute.
    quote_spanned! {Span::mixed_site()=>
        // Section names are an ELF matter here; other systems only run apps, they do not build them for Lambda.
        #[cfg_attr(any(target_os = "linux", target_os = "android"), unsafe(link_section = #section))]
        static EDGE: u8 = 1;
        ::bedrock::__private::v1::edge(&EDGE);
        ::bedrock::__announce!();
    }
}
