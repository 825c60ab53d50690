//! The text that Lambda writes when the process of a function ends without a response.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Returns the message of `Runtime.ExitError` for this exit status.
pub fn exit_status_text(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0) | None, None) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ExitStatus, ExitStatusExt, exit_status_text};

    #[test]
    fn exit_status_text_names_code_or_signal() {
        let text = |raw| exit_status_text(ExitStatus::from_raw(raw));
        assert_eq!(text(0), "Runtime exited without providing a reason");
        assert_eq!(text(3 << 8), "Runtime exited with error: exit status 3");
        assert_eq!(text(9), "Runtime exited with error: signal: killed");
        assert_eq!(text(6), "Runtime exited with error: signal: aborted");
        assert_eq!(text(11), "Runtime exited with error: signal: 11");
    }
}
