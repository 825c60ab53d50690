//! Opens a page in the user's browser: the one in `BROWSER`, or the system's default. Why this is not left to a crate
//! is in `docs/adr/0020-open-the-browser-with-own-code.md`.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use bedrock_package::tools::find_on_path;

/// Program of the system that opens URLs.
const SYSTEM_OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens a page and does not wait for the browser. Returns the program that was started, or a message for the user.
pub(super) fn open(url: &str) -> Result<String, String> {
    let browser = std::env::var("BROWSER").ok();
    for command in candidates(browser.as_deref(), url) {
        let Some((program, arguments)) = command.split_first() else { continue };
        let is_installed = program.contains('/') || find_on_path(program).is_some();
        if is_installed && start(OsStr::new(program), arguments) {
            return Ok(program.clone());
        }
    }
    Err(format!("no program found that opens a browser; set `BROWSER` to one, or open {url}"))
}

/// Returns command lines in the order in which they are tried. `browser` is the value of `BROWSER`: a list separated by
/// `:`, in whose entries `%s` is replaced by the URL.
fn candidates(browser: Option<&str>, url: &str) -> Vec<Vec<String>> {
    let entries = browser.unwrap_or_default().split(':').filter(|entry| !entry.trim().is_empty());
    let commands = entries.map(|entry| {
        let mut words: Vec<String> = entry.split_whitespace().map(|word| word.replace("%s", url)).collect();
        if !entry.contains("%s") {
            words.push(url.to_owned());
        }
        words
    });
    commands.chain([vec![SYSTEM_OPENER.to_owned(), url.to_owned()]]).collect()
}

/// Starts a program in a process group of its own, so that Ctrl-C does not end it, and discards its output.
fn start(program: &OsStr, arguments: &[String]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let Ok(mut child) = command.spawn() else { return false };
    std::thread::spawn(move || child.wait());
    true
}

#[cfg(test)]
mod tests {
    use super::{SYSTEM_OPENER, candidates};

    #[test]
    fn browser_variable_has_precedence_over_the_system() {
        let shown = |browser| candidates(browser, "http://a").iter().map(|line| line.join(" ")).collect::<Vec<_>>();
        let system = format!("{SYSTEM_OPENER} http://a");
        assert_eq!(shown(None), std::slice::from_ref(&system));
        assert_eq!(shown(Some("")), std::slice::from_ref(&system));
        assert_eq!(
            shown(Some("firefox:w3m -T %s")),
            ["firefox http://a".to_owned(), "w3m -T http://a".to_owned(), system]
        );
    }
}
