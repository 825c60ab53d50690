//! `deploy`, `status`, `rollback` and `destroy` against an emulator of AWS that somebody else wrote, and through a proxy
//! that fails where a test wants it to.

// A test ends by a panic, and says on its standard output when it is skipped.
#![allow(clippy::expect_used, clippy::print_stdout)]

mod calls;
mod changes;
mod cloud;
mod ends;
mod faults;
mod large;
mod others;
mod proxy;
mod secrets;
mod shop;
mod terminal;
mod triggers;
mod turns;
mod whole;
