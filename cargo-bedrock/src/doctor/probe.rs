//! Asking a tool for its version. It may be missing, fail, hang, or print a gigabyte of something else: each is an answer,
//! and none of them takes longer than the limit.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::needs::{Ask, Need, Tells};
use crate::tool::{Tools, on_path, shown};

/// More than any tool says of its version.
const LONGEST: u64 = 64 * 1024;
/// How often it is looked whether a tool has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Version(String),
    /// It is there, and has no version of its own.
    There,
    Missing,
    /// `tool --version`, and the seconds that it was given.
    Hung(String, u64),
    /// `tool --version`, and what became of it.
    Failed(String, String),
    /// `tool --version`, and what it printed in place of a version.
    Odd(String, String),
}

/// The first good answer, or else the first that tells more than that the tool is missing.
pub(super) fn ask(need: &Need, dir: &Path, limit: Duration, tools: &Tools) -> Answer {
    let mut bad = Answer::Missing;
    for way in &need.asks {
        match ask_once(way, dir, limit, tools) {
            good @ (Answer::Version(_) | Answer::There) => return good,
            answer if bad == Answer::Missing && is_about_it(way, need, &answer) => bad = answer,
            _ => {}
        }
    }
    bad
}

/// `python3 -m ziglang` fails where the module is not installed: then zig is missing, and nothing failed.
fn is_about_it(way: &Ask, need: &Need, answer: &Answer) -> bool {
    let is_module = need.asks.first() != Some(way);
    !(is_module && matches!(answer, Answer::Failed(..)))
}

fn ask_once(way: &Ask, dir: &Path, limit: Duration, tools: &Tools) -> Answer {
    let named = way.variable.and_then(std::env::var_os).filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(program) = named.or_else(|| on_path(&way.program)) else { return Answer::Missing };
    let mut command = Command::new(program);
    command.args(&way.arguments).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let text = format!("`{}`", shown(&command));
    let Ok(mut child) = tools.start(&mut command) else {
        return Answer::Failed(text, "it cannot be started".to_owned());
    };
    let (printed, said) = (read(child.stdout.take()), read(child.stderr.take()));
    let is_over = has_ended(&mut child, limit);
    // Also what it has started and left behind, which may hold its output open.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let is_good = tools.finish(&mut child, &command).unwrap_or(false);
    if !is_over {
        return Answer::Hung(text, limit.as_secs());
    }
    let printed = printed.recv_timeout(limit).unwrap_or_default();
    let said = said.recv_timeout(limit).unwrap_or_default();
    if !is_good {
        let last = [&said, &printed].into_iter().find_map(|text| text.lines().rfind(|line| !line.trim().is_empty()));
        return Answer::Failed(text, last.map_or_else(|| "it said nothing".to_owned(), excerpt));
    }
    match way.tells {
        Tells::Folder if Path::new(printed.trim()).is_dir() => Answer::There,
        Tells::Folder => Answer::Missing,
        Tells::Version => match version(&printed).or_else(|| version(&said)) {
            Some(version) => Answer::Version(version),
            None => Answer::Odd(text, excerpt(printed.lines().next().unwrap_or_default())),
        },
    }
}

fn has_ended(child: &mut Child, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            Ok(None) => return false,
            // What cannot be waited for is found out by `finish`.
            Ok(Some(_)) | Err(_) => return true,
        }
    }
}

/// The beginning of a stream. What comes behind it is not read, and a tool that goes on ends by that.
fn read(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A tool that is ended while it prints has said what it could.
        let _ = stream.map(|stream| stream.take(LONGEST).read_to_end(&mut bytes));
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// The first thing like `1.2` or `1.2.3` in the first lines of a text.
fn version(text: &str) -> Option<String> {
    let mut words =
        text.lines().take(3).flat_map(|line| line.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')));
    words.find_map(number)
}

/// `v20.1.0-nightly` says `20.1.0`.
fn number(word: &str) -> Option<String> {
    let word = word.trim_start_matches('v');
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let number = word[..end].trim_end_matches('.');
    let is_number = number.contains('.') && number.split('.').all(|part| !part.is_empty() && part.len() < 10);
    is_number.then(|| number.to_owned())
}

/// A line that can be shown in a message.
fn excerpt(line: &str) -> String {
    let plain: String = line.trim().chars().filter(|c| !c.is_control()).take(120).collect();
    if plain.is_empty() { "nothing".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_found_in_what_tools_say() {
        for (text, expected) in [
            ("cargo 1.96.0 (30a34c682 2026-05-25)\n", Some("1.96.0")),
            ("rustc 1.97.0-nightly (abc 2026-06-01)", Some("1.97.0")),
            ("v20.11.1\n", Some("20.11.1")),
            ("Python 3.13.1", Some("3.13.1")),
            ("Terraform v1.11.4\non linux_amd64", Some("1.11.4")),
            ("pip 25.0.1 from /lib/python3.13/site-packages/pip (python 3.13)", Some("25.0.1")),
            ("0.14.0", Some("0.14.0")),
            ("", None),
            ("hello", None),
            ("version 7", None),
            ("1.99999999999999999999", None),
        ] {
            assert_eq!(version(text).as_deref(), expected, "{text}");
        }
    }
}
