//! A terminal whose keys are read one by one, without being shown. Its mode is given back whenever somebody else may have
//! the terminal: at the end, however that comes, and while the program is suspended. In the background nothing is touched:
//! the system would stop the program for it. What keys mean is left to `keys`.

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

/// How often a program in the background looks whether it has become the one in front: some shells do not tell.
const LOOK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// More bytes at a time are no keys, but a text that was pasted.
const PASTED: usize = 8;
/// Begins what arrow and function keys send.
const ESCAPE: u8 = 0x1b;

/// The keys of the terminal, until this is dropped.
pub(super) struct Keyboard {
    keys: UnboundedReceiver<u8>,
    mode: Arc<Mode>,
    signals: Handle,
    wake: PipeWriter,
    reading: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// Nothing if the program does not talk to a terminal in both directions, or its keys cannot be had.
    pub(super) fn open() -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let (woken, wake) = io::pipe().ok()?;
        let mut signals = Signals::new([SIGTSTP, SIGCONT]).ok()?;
        let (mode, handle) = (Arc::<Mode>::default(), signals.handle());
        let (suspended, mut resumed) = (Arc::clone(&mode), wake.try_clone().ok()?);
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        named("suspend").spawn(move || suspend(&mut signals, &suspended, &mut resumed)).ok()?;
        let (pressed, keys) = unbounded_channel();
        let read_in = Arc::clone(&mode);
        let reading = named("keys").spawn(move || read(&read_in, woken, &pressed)).ok()?;
        Some(Self { keys, mode, signals: handle, wake, reading: Some(reading) })
    }

    /// The next one; none comes any more once the terminal is gone.
    pub(super) async fn next(&mut self) -> Option<u8> {
        self.keys.recv().await
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.mode.finish();
        self.signals.close();
        let _ = self.wake.write_all(&[0]);
        let _ = self.reading.take().map(JoinHandle::join);
    }
}

/// How the terminal was, while it is otherwise.
#[derive(Default)]
struct Mode(Mutex<State>);

#[derive(Default)]
struct State {
    before: Option<Termios>,
    is_over: bool,
}

impl Mode {
    /// Has keys come one by one, if the program has the terminal; whether it has.
    fn enter(&self) -> bool {
        let mut state = self.state();
        if state.is_over || !is_in_front() {
            return false;
        }
        let Ok(now) = tcgetattr(stdin()) else { return false };
        let wanted = by_key(now.clone());
        if now.local_modes == wanted.local_modes {
            return true;
        }
        state.before.get_or_insert(now);
        tcsetattr(stdin(), OptionalActions::Now, &wanted).is_ok()
    }

    /// Makes the terminal as it was.
    fn leave(&self) {
        let mut state = self.state();
        if let Some(before) = state.before.take()
            && is_in_front()
        {
            // A terminal that is gone needs no mode.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        }
    }

    /// The same for good.
    fn finish(&self) {
        self.state().is_over = true;
        self.leave();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without lines and echo. Ctrl-C and Ctrl-Z stay signals, and lines that are written go on ending as they do.
fn by_key(mut mode: Termios) -> Termios {
    mode.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    mode.special_codes[SpecialCodeIndex::VMIN] = 0;
    mode.special_codes[SpecialCodeIndex::VTIME] = 0;
    mode
}

/// Whether the terminal is the program's to use. One that is not the terminal of its session knows no background.
fn is_in_front() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) || tcgetpgrp(stdin()) == Err(rustix::io::Errno::NOTTY)
}

/// Gives the terminal back before the program is suspended, and has the keyboard looked at when it goes on.
fn suspend(signals: &mut Signals, mode: &Mode, resumed: &mut PipeWriter) {
    for signal in signals {
        if signal == SIGTSTP {
            mode.leave();
            // The program stands still in here.
            let _ = emulate_default_handler(SIGTSTP);
        }
        if resumed.write_all(&[0]).is_err() {
            return;
        }
    }
}

fn read(mode: &Mode, mut woken: PipeReader, pressed: &UnboundedSender<u8>) {
    while !mode.state().is_over && !pressed.is_closed() {
        let has_terminal = mode.enter();
        let (terminal, mut bytes) = (stdin(), [0; 64]);
        let mut both = [PollFd::new(&woken, PollFlags::IN), PollFd::new(&terminal, PollFlags::IN)];
        let watched = if has_terminal { &mut both[..] } else { &mut both[..1] };
        // A signal is no reason to end.
        let _ = poll(watched, if has_terminal { None } else { Some(&LOOK) });
        let [news, typed] = both.map(|one| one.revents());
        if !news.is_empty() {
            let _ = woken.read(&mut bytes);
            continue;
        }
        if !has_terminal || typed.is_empty() || !is_in_front() {
            continue;
        }
        match rustix::io::read(terminal.as_fd(), &mut bytes) {
            // Nothing is there, which is not the case after a poll, unless the terminal is gone.
            Ok(0) | Err(_) if typed.intersects(PollFlags::HUP | PollFlags::ERR) => return,
            // Nobody takes them at the very end.
            Ok(count) => keys(&bytes[..count]).for_each(|key| pressed.send(key).unwrap_or_default()),
            Err(_) => {}
        }
    }
}

/// Those that somebody pressed. Arrows and texts are none.
fn keys(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let is_typed = bytes.len() <= PASTED && !bytes.contains(&ESCAPE);
    bytes.iter().copied().filter(move |_| is_typed)
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn arrows_and_pasted_texts_are_no_keys() {
        let pressed = |bytes: &[u8]| keys(bytes).collect::<Vec<_>>();
        assert_eq!(pressed(b"rg"), b"rg");
        assert_eq!(pressed(b"\x1b[C"), b"");
        assert_eq!(pressed(b"cargo bedrock"), b"");
    }
}
