//! `invoke!`: parses the worker, the payload and whether a response is required, and expands to the call.

use bedrock_build::contract::{Contract, Root, validate};
use bedrock_build::{Language, WorkerName};
use heck::ToSnakeCase;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitBool, LitStr, Token};

use crate::json_literal::JsonLiteral;
use crate::worker_index::WorkerContract;
use crate::{call_site, worker_index};

const RESPONSE_OPTION: &str = "require_response";

/// `invoke!(TARGET, PAYLOAD [, require_response = BOOL])`
pub(crate) struct Call {
    target: Target,
    payload: Expr,
    require_response: bool,
}

enum Target {
    /// `"system_fetcher"`
    Name(LitStr),
    /// `Resizer`, `resizer::Resizer`
    Type(ExprPath),
}

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            let message = "`invoke!` takes a worker and a payload: `invoke!(\"worker\", payload)`";
            return Err(syn::Error::new(Span::call_site(), message));
        }
        let target = Target::from_expr(input.parse()?)?;
        if input.is_empty() || (input.peek(Token![,]) && input.peek2(syn::parse::End)) {
            return Err(syn::Error::new(
                target.span(),
                "`invoke!` takes a payload after the worker\nhelp: for an empty one write `serde_json::json!({})`",
            ));
        }
        input.parse::<Token![,]>()?;
        let payload = input.parse()?;
        let mut require_response = false;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if !input.is_empty() {
            require_response = parse_option(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
        if !input.is_empty() {
            return Err(input.error("`invoke!` takes nothing after `require_response`"));
        }
        Ok(Self { target, payload, require_response })
    }
}

fn parse_option(input: ParseStream<'_>) -> syn::Result<bool> {
    if !(input.peek(Ident) && input.peek2(Token![=])) {
        return Err(input.error("the third argument must be an option: `require_response = true`"));
    }
    let key: Ident = input.parse()?;
    if key != RESPONSE_OPTION {
        return Err(syn::Error::new(
            key.span(),
            format!("unknown option `{key}`\nhelp: the only option is `{RESPONSE_OPTION}`"),
        ));
    }
    input.parse::<Token![=]>()?;
    let value: LitBool = input.parse().map_err(|error| {
        // The type of the response depends on it, so it must be known at compile time.
        syn::Error::new(error.span(), "`require_response` must be the literal `true` or `false`")
    })?;
    Ok(value.value)
}

impl Target {
    fn from_expr(expr: Expr) -> syn::Result<Self> {
        match expr {
            // Tokens that come from a `macro_rules!` of the user are in an invisible group.
            Expr::Group(group) => Self::from_expr(*group.expr),
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(Self::Name(name)),
            Expr::Path(path) if is_type_path(&path) => Ok(Self::Type(path)),
            other => Err(syn::Error::new_spanned(
                other,
                "the worker must be a string literal or the type of a Rust worker\n\
                 help: for a name that is known only at run time use `bedrock::invoke_arn(name, payload)`",
            )),
        }
    }

    fn span(&self) -> Span {
        match self {
            Self::Name(name) => name.span(),
            Self::Type(path) => path.path.segments.last().map_or_else(Span::call_site, |s| s.ident.span()),
        }
    }
}

/// Returns whether the last segment of a path is named like a type, unlike a variable (`name`) or a constant (`NAME`).
fn is_type_path(path: &ExprPath) -> bool {
    path.path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        let is_constant =
            name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        name.starts_with(|c: char| c.is_uppercase()) && !is_constant
    })
}

pub(crate) fn expand(call: &Call) -> syn::Result<TokenStream> {
    let payload = &call.payload;
    match &call.target {
        Target::Type(path) => {
            let name = path.path.segments.last().map(|s| worker_name(&s.ident.to_string())).unwrap_or_default();
            let call_site = call_site::expand(&name);
            let function = typed_function(call.require_response);
            // The call site is named after the type, so the type must be the worker itself, not an alias.
            let check = quote_spanned! {call.target.span()=>
                const _: () = ::bedrock::__private::v1::assert_name(<#path as ::bedrock::Registered>::NAME, #name);
            };
            Ok(quote!({ #call_site #check ::bedrock::__private::v1::#function::<#path>(#payload) }))
        }
        Target::Name(literal) => {
            let entry = worker_index::find(&literal.value(), literal.span())?;
            let call_site = call_site::expand(&entry.name);
            if let (Language::Rust, Some(krate)) = (entry.language, &entry.krate) {
                let path = type_path(&entry.name, krate, literal.span())?;
                let function = typed_function(call.require_response);
                return Ok(quote!({ #call_site ::bedrock::__private::v1::#function::<#path>(#payload) }));
            }
            if let Some(contract) = worker_index::contract(&entry, literal.span())? {
                return Ok(expand_contract(call, &entry.name, &contract, literal.span()));
            }
            let name = &entry.name;
            let function = if call.require_response { "json" } else { "json_event" };
            let function = Ident::new(function, Span::call_site());
            Ok(quote!({ #call_site ::bedrock::__private::v1::#function(#name, #payload) }))
        }
    }
}

/// Expands a call of a worker with a contract: the event is of the type in `crate::workers`, or a literal of `json!`,
/// which is checked here.
fn expand_contract(call: &Call, name: &str, contract: &WorkerContract, span: Span) -> TokenStream {
    let payload = &call.payload;
    let call_site = call_site::expand(name);
    let watch = contract.watch();
    let module = Ident::new(name, span);
    let mut errors = TokenStream::new();
    let event = if let Some(literal) = JsonLiteral::of(payload) {
        errors.extend(literal_errors(&literal, &contract.contract));
        quote!(_)
    } else {
        quote_spanned!(span=> crate::workers::#module::Event)
    };
    let function = if call.require_response {
        quote_spanned!(span=> json::<#event, crate::workers::#module::Response>)
    } else {
        quote!(json_event::<#event>)
    };
    // The call is kept, so that its types do not cause further errors.
    quote!({ #errors #call_site #watch ::bedrock::__private::v1::#function(#name, #payload) })
}

/// Returns an error for each violation of a literal, at its token. The errors are statements.
fn literal_errors(literal: &JsonLiteral, contract: &Contract) -> TokenStream {
    let violations = validate(contract, Root::Event, &literal.node);
    violations
        .iter()
        .map(|violation| syn::Error::new(literal.span(violation.line), violation).into_compile_error())
        .collect()
}

/// Returns the worker whose struct is named `class`: from the worker index if there is one, otherwise in snake case.
fn worker_name(class: &str) -> String {
    let index = worker_index::load(Span::call_site()).unwrap_or_default();
    let has_class = |name: &str| WorkerName::parse(name).is_ok_and(|name| name.class_name() == class);
    let entry = index.entries.iter().find(|entry| entry.language == Language::Rust && has_class(&entry.name));
    entry.map_or_else(|| class.to_snake_case(), |entry| entry.name.clone())
}

fn typed_function(require_response: bool) -> Ident {
    Ident::new(if require_response { "typed" } else { "typed_event" }, Span::call_site())
}

/// Returns the path of a worker's struct, `::resizer::Resizer`. Its span makes rustc's errors point to the literal.
pub(crate) fn type_path(worker: &str, krate: &str, span: Span) -> syn::Result<TokenStream> {
    let name = WorkerName::parse(worker).map_err(|problem| worker_index::problem_error(span, &problem))?;
    let class = Ident::new(&name.class_name(), span);
    let krate = Ident::new(krate, span);
    Ok(quote_spanned!(span=> ::#krate::#class))
}
