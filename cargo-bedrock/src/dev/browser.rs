//! The user's browser: `BROWSER`, or what the system opens addresses with. It is started and not waited for.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::tool::on_path;

/// What opens addresses where no browser is named.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens a page; gives the program that does it, or what to tell the user.
pub(super) fn open(url: &str) -> Result<String, String> {
    let named = std::env::var("BROWSER").ok();
    for line in candidates(named.as_deref(), url) {
        let Some((program, arguments)) = line.split_first() else { continue };
        let is_there = program.contains('/') || on_path(program).is_some();
        if is_there && start(OsStr::new(program), arguments) {
            return Ok(program.clone());
        }
    }
    Err(format!("no program opens a browser here, set `BROWSER` to one; the page is {url}"))
}

/// Command lines, in the order in which they are tried. `BROWSER` is a list with `:` between its parts, and `%s` in a part
/// stands for the address.
fn candidates(named: Option<&str>, url: &str) -> Vec<Vec<String>> {
    let named = named.unwrap_or_default().split(':').filter(|part| !part.trim().is_empty());
    let lines = named.map(|part| {
        let mut words: Vec<String> = part.split_whitespace().map(|word| word.replace("%s", url)).collect();
        if !part.contains("%s") {
            words.push(url.to_owned());
        }
        words
    });
    lines.chain([vec![OPENER.to_owned(), url.to_owned()]]).collect()
}

/// In a process group of its own: Ctrl-C is not for it. What it prints is nobody's business.
fn start(program: &OsStr, arguments: &[String]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let Ok(mut child) = command.spawn() else { return false };
    std::thread::spawn(move || child.wait());
    true
}

#[cfg(test)]
mod tests {
    use super::{OPENER, candidates};

    #[test]
    fn the_browser_of_the_environment_goes_before_the_one_of_the_system() {
        let shown = |named| candidates(named, "http://a").iter().map(|line| line.join(" ")).collect::<Vec<_>>();
        let system = format!("{OPENER} http://a");
        assert_eq!(shown(None), std::slice::from_ref(&system));
        assert_eq!(shown(Some("")), std::slice::from_ref(&system));
        assert_eq!(
            shown(Some("firefox:w3m -T %s")),
            ["firefox http://a".to_owned(), "w3m -T http://a".to_owned(), system]
        );
    }
}
