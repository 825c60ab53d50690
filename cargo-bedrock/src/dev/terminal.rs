//! Keyboard input: reads the terminal key by key, without echo. The terminal's mode is restored whenever another
//! program may use the terminal: at the end, however the program ends, and while it is suspended. In the background the
//! terminal is not touched, because the system would stop the program for that. What keys mean is left to `keys`. Why
//! this is not left to a crate is in `docs/adr/0035-read-keys-without-raw-mode.md`.

use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Interval at which a background program checks whether it is in the foreground again: some shells send no signal.
const FOREGROUND_POLL_INTERVAL: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Maximum number of bytes of one read that are treated as keys. More bytes are pasted text.
const MAX_TYPED_BYTES: usize = 8;
/// First byte of the sequences that arrow and function keys send.
const ESCAPE: u8 = 0x1b;

/// Reads keys from the terminal until it is dropped.
pub(super) struct Keyboard {
    keys: UnboundedReceiver<u8>,
    mode: Arc<TerminalMode>,
    signals: Handle,
    wake: PipeWriter,
    reader: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// Returns `None` if standard input or output is not a terminal, or if the keys cannot be read.
    pub(super) fn open() -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let (woken, wake) = io::pipe().ok()?;
        let mut signals = Signals::new([SIGTSTP, SIGCONT]).ok()?;
        let mode = Arc::<TerminalMode>::default();
        let signal_handle = signals.handle();
        let suspended_mode = Arc::clone(&mode);
        let mut suspend_wake = wake.try_clone().ok()?;
        let named_thread = |name: &str| thread::Builder::new().name(name.to_owned());
        let suspend_loop = move || handle_suspend_signals(&mut signals, &suspended_mode, &mut suspend_wake);
        named_thread("suspend").spawn(suspend_loop).ok()?;
        let (pressed, keys) = unbounded_channel();
        let reader_mode = Arc::clone(&mode);
        let reader = named_thread("keys").spawn(move || read_keys(&reader_mode, woken, &pressed)).ok()?;
        Some(Self { keys, mode, signals: signal_handle, wake, reader: Some(reader) })
    }

    /// Returns the next key, or `None` when the terminal is closed.
    pub(super) async fn next_key(&mut self) -> Option<u8> {
        self.keys.recv().await
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.mode.finish();
        self.signals.close();
        let _ = self.wake.write_all(&[0]);
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// The terminal's mode, and how to restore it.
#[derive(Default)]
struct TerminalMode(Mutex<ModeState>);

#[derive(Default)]
struct ModeState {
    /// The original mode while the terminal is in key mode.
    original: Option<Termios>,
    is_finished: bool,
}

impl TerminalMode {
    /// Switches the terminal to key mode if the program is in the foreground. Returns whether the terminal is in key
    /// mode.
    fn enter(&self) -> bool {
        let mut state = self.state();
        if state.is_finished || !is_in_foreground() {
            return false;
        }
        let Ok(current) = tcgetattr(stdin()) else { return false };
        let key_mode = key_mode(current.clone());
        if current.local_modes == key_mode.local_modes {
            return true;
        }
        state.original.get_or_insert(current);
        tcsetattr(stdin(), OptionalActions::Now, &key_mode).is_ok()
    }

    /// Restores the original mode.
    fn leave(&self) {
        let mut state = self.state();
        if let Some(original) = state.original.take()
            && is_in_foreground()
        {
            // This fails only if the terminal is closed, and then there is no mode to restore.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &original);
        }
    }

    /// Restores the original mode and does not enter key mode again.
    fn finish(&self) {
        self.state().is_finished = true;
        self.leave();
    }

    fn state(&self) -> MutexGuard<'_, ModeState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `mode` without line buffering and echo. Ctrl-C and Ctrl-Z still send signals, and output is not changed.
fn key_mode(mut mode: Termios) -> Termios {
    mode.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    mode.special_codes[SpecialCodeIndex::VMIN] = 0;
    mode.special_codes[SpecialCodeIndex::VTIME] = 0;
    mode
}

/// Whether the program is in the foreground of its terminal. If the terminal is not the controlling terminal of the
/// session, there is no background (`ENOTTY`).
fn is_in_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) || tcgetpgrp(stdin()) == Err(rustix::io::Errno::NOTTY)
}

/// Restores the terminal before the program is suspended, and wakes the reader when it continues.
fn handle_suspend_signals(signals: &mut Signals, mode: &TerminalMode, wake: &mut PipeWriter) {
    for signal in signals {
        if signal == SIGTSTP {
            mode.leave();
            // Returns after the program has been continued.
            let _ = emulate_default_handler(SIGTSTP);
        }
        if wake.write_all(&[0]).is_err() {
            return;
        }
    }
}

fn read_keys(mode: &TerminalMode, mut woken: PipeReader, pressed: &UnboundedSender<u8>) {
    while !mode.state().is_finished && !pressed.is_closed() {
        let has_terminal = mode.enter();
        let terminal = stdin();
        let mut bytes = [0; 64];
        let mut polled = [PollFd::new(&woken, PollFlags::IN), PollFd::new(&terminal, PollFlags::IN)];
        let active = if has_terminal { &mut polled[..] } else { &mut polled[..1] };
        // A poll that a signal has interrupted is repeated by the loop.
        let _ = poll(active, if has_terminal { None } else { Some(&FOREGROUND_POLL_INTERVAL) });
        let [wake_events, key_events] = polled.map(|entry| entry.revents());
        if !wake_events.is_empty() {
            let _ = woken.read(&mut bytes);
            continue;
        }
        if !has_terminal || key_events.is_empty() || !is_in_foreground() {
            continue;
        }
        match rustix::io::read(terminal.as_fd(), &mut bytes) {
            // After a poll there is always input, unless the terminal is closed.
            Ok(0) | Err(_) if key_events.intersects(PollFlags::HUP | PollFlags::ERR) => return,
            // Sending fails only while the keyboard is being dropped.
            Ok(count) => typed_keys(&bytes[..count]).for_each(|key| pressed.send(key).unwrap_or_default()),
            Err(_) => {}
        }
    }
}

/// Returns the typed keys of one read. Escape sequences and pasted text have none.
fn typed_keys(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let is_typed = bytes.len() <= MAX_TYPED_BYTES && !bytes.contains(&ESCAPE);
    bytes.iter().copied().filter(move |_| is_typed)
}

#[cfg(test)]
mod tests {
    use super::typed_keys;

    #[test]
    fn arrow_keys_and_pasted_text_are_ignored() {
        let pressed = |bytes: &[u8]| typed_keys(bytes).collect::<Vec<_>>();
        assert_eq!(pressed(b"rg"), b"rg");
        assert_eq!(pressed(b"\x1b[C"), b"");
        assert_eq!(pressed(b"cargo bedrock"), b"");
    }
}
