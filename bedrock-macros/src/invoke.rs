//! `invoke!`: who is called, with what, and whether an answer is wanted.

use bedrock_build::{Language, WorkerName};
use heck::ToSnakeCase;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitBool, LitStr, Token};

use crate::{catalog, edge};

const KEY: &str = "require_response";

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
        return Err(input.error("the third argument has a name: `require_response = true`"));
    }
    let key: Ident = input.parse()?;
    if key != KEY {
        return Err(syn::Error::new(
            key.span(),
            format!("unknown argument `{key}`\nhelp: the one argument known here is `{KEY}`"),
        ));
    }
    input.parse::<Token![=]>()?;
    let value: LitBool = input.parse().map_err(|error| {
        // The answer's type depends on it, so it cannot wait until run time.
        syn::Error::new(error.span(), "`require_response` is `true` or `false`, known when the program is compiled")
    })?;
    Ok(value.value)
}

impl Target {
    fn from_expr(expr: Expr) -> syn::Result<Self> {
        match expr {
            // What a `macro_rules!` of the user passes on is wrapped in an invisible group.
            Expr::Group(group) => Self::from_expr(*group.expr),
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(Self::Name(name)),
            Expr::Path(path) if names_a_type(&path) => Ok(Self::Type(path)),
            other => Err(syn::Error::new_spanned(
                other,
                "the worker is a string literal or the type of a Rust worker\n\
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

/// A path whose last part looks like a type. A variable (`name`) or a constant (`NAME`) is no type.
fn names_a_type(path: &ExprPath) -> bool {
    path.path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        let constant = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        name.starts_with(|c: char| c.is_uppercase()) && !constant
    })
}

pub(crate) fn expand(call: &Call) -> syn::Result<TokenStream> {
    let payload = &call.payload;
    match &call.target {
        Target::Type(path) => {
            let name = path.path.segments.last().map(|s| worker_of(&s.ident.to_string())).unwrap_or_default();
            let edge = edge::expand(&name);
            let function = typed_function(call.require_response);
            // The trace is named after the type, so the type must be the worker of that name and no alias of it.
            let check = quote_spanned! {call.target.span()=>
                const _: () = ::bedrock::__private::v1::assert_name(<#path as ::bedrock::Registered>::NAME, #name);
            };
            Ok(quote!({ #edge #check ::bedrock::__private::v1::#function::<#path>(#payload) }))
        }
        Target::Name(literal) => {
            let entry = catalog::find(&literal.value(), literal.span())?;
            let edge = edge::expand(&entry.name);
            if let (Language::Rust, Some(krate)) = (entry.language, &entry.krate) {
                let path = type_path(&entry.name, krate, literal.span())?;
                let function = typed_function(call.require_response);
                return Ok(quote!({ #edge ::bedrock::__private::v1::#function::<#path>(#payload) }));
            }
            let name = &entry.name;
            let function = if call.require_response { "json" } else { "json_event" };
            let function = Ident::new(function, Span::call_site());
            Ok(quote!({ #edge ::bedrock::__private::v1::#function(#name, #payload) }))
        }
    }
}

/// The worker whose struct is called `class`: by the catalog where there is one, else by the usual spelling.
fn worker_of(class: &str) -> String {
    let catalog = catalog::load(Span::call_site()).unwrap_or_default();
    let is_it = |name: &str| WorkerName::parse(name).is_ok_and(|name| name.class_name() == class);
    let entry = catalog.entries.iter().find(|entry| entry.language == Language::Rust && is_it(&entry.name));
    entry.map_or_else(|| class.to_snake_case(), |entry| entry.name.clone())
}

fn typed_function(require_response: bool) -> Ident {
    Ident::new(if require_response { "typed" } else { "typed_event" }, Span::call_site())
}

/// `::resizer::Resizer`, with the span of the literal so that rustc's errors point there.
pub(crate) fn type_path(worker: &str, krate: &str, span: Span) -> syn::Result<TokenStream> {
    let name = WorkerName::parse(worker).map_err(|problem| catalog::error(span, &problem))?;
    let class = Ident::new(&name.class_name(), span);
    let krate = Ident::new(krate, span);
    Ok(quote_spanned!(span=> ::#krate::#class))
}
