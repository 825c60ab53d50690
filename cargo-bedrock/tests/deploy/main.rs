//! `deploy`, `status`, `rollback` and `destroy` against a third-party emulator of AWS, and through a proxy that injects
//! failures.

// Tests end with a panic, and print on standard output when they are skipped.
#![allow(clippy::expect_used, clippy::print_stdout)]

mod access_table;
mod alarms;
mod alias;
mod aws_rules;
mod broken_access;
mod bucket_names;
mod canary;
mod changed_tags;
mod changes;
mod contracts;
mod converge;
mod doctor;
mod durable;
mod emulated_aws;
mod end_to_end;
mod error_table;
mod event_sources;
mod faults;
mod http_api;
mod interrupted;
mod kept_state;
mod lambda_settings;
mod large;
mod least_privilege;
mod lock;
mod login;
mod messages;
mod orders;
mod permissions;
mod proxy;
mod role_settings;
mod rollback_and_status;
mod secrets;
mod streams;
mod terminal;
mod test_app;
mod triggers;
mod unchanged;
mod unmanaged;
mod uses;
