//! What `new` makes, compiled with this checkout's crates and run: the whole way of a newcomer.

mod app;
mod compile_errors;
mod invoke;
mod seed;
mod site;
