//! Marks a call site in the binary: one byte in the section `.bedrock.invoke.<worker>`.
//!
//! The call references the byte, so the linker's `--gc-sections` keeps exactly the marks of reachable calls, and
//! `cargo bedrock build` reads the call graph from the names of the sections. In the same way a Lambda build registers
//! before `main` that the program makes calls.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// Returns the statements to insert at the call.
pub(crate) fn expand(worker: &str) -> TokenStream {
    let section = format!(".bedrock.invoke.{worker}");
    // With the span of the macro, `#![forbid(unsafe_code)]` in the caller's crate does not apply to the attribute.
    quote_spanned! {Span::mixed_site()=>
        // The names of sections are needed only in ELF files: apps are not built for Lambda on other systems.
        #[cfg_attr(any(target_os = "linux", target_os = "android"), unsafe(link_section = #section))]
        static CALL_SITE: u8 = 1;
        ::bedrock::__private::v1::edge(&CALL_SITE);
        ::bedrock::__announce!();
    }
}
