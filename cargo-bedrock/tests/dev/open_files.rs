//! The limit of open files: raised at the start, and reported when it is reached.

use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, prlimit};

use crate::dev_process::DevProcess;

/// Opens so many connections that the server cannot accept all of them.
fn exhaust_files(dev: &DevProcess) -> Vec<TcpStream> {
    let process = dev.process();
    let files = || std::fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())).expect("descriptors").count();
    let lowered = u64::try_from(files() + 8).expect("a number");
    let limits = Rlimit { current: Some(lowered), maximum: Some(lowered) };
    let previous = prlimit(Some(process), Resource::Nofile, limits).expect("the limits of a child");
    assert!(previous.current.is_none_or(|current| current > 256), "{previous:?}");
    (0..32).map(|_| TcpStream::connect(("127.0.0.1", dev.port())).expect("open")).collect()
}

#[test]
fn server_continues_if_its_standard_error_is_closed() {
    let mut dev = DevProcess::start_with_soft_file_limit(256);
    dev.close_stderr();
    // The server has a message for each of them, and cannot print it.
    drop(exhaust_files(&dev));
    assert_eq!(dev.get("127.0.0.1", "/_bedrock/v1/app").0, 200);
}

#[test]
fn open_file_limit_is_raised_and_reported_when_reached() {
    let mut dev = DevProcess::start_with_soft_file_limit(256);
    let connections = exhaust_files(&dev);
    let message = dev.wait_for_stderr("failed to accept a connection");
    assert!(message.starts_with("error: "), "{message}");
    drop(connections);
    assert_eq!(dev.get("127.0.0.1", "/_bedrock/v1/app").0, 200);
}
