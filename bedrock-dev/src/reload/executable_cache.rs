//! Copies of Rust programs, which run while cargo overwrites the originals; told apart by what is in them.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Copies of one program that are kept: the one that serves, and the one before, which a call may be about to start.
const KEPT: usize = 2;

/// The copies of this run.
#[derive(Debug)]
pub(crate) struct ExecutableCache {
    folder: PathBuf,
    /// By the function's name.
    kept: Mutex<HashMap<String, Copies>>,
    /// Copies that were begun.
    copied: AtomicUsize,
}

/// Of one program.
#[derive(Debug, Default)]
struct Copies {
    /// Those that have served, oldest first.
    used: Vec<PathBuf>,
    /// Those of builds that failed behind them.
    unused: Vec<PathBuf>,
    /// The copy that was made last, and of which original: cargo leaves a program alone that is still the same.
    newest: Option<(SourceStamp, PathBuf)>,
}

/// When a program was written, and how large it is.
type SourceStamp = (SystemTime, u64);

/// A copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CachedCopy {
    pub(crate) path: PathBuf,
    /// Whether the program is another one than the one that serves.
    pub(crate) is_new: bool,
}

impl ExecutableCache {
    /// Keeps them in this folder, which nobody else uses; what an earlier run left there goes.
    pub(crate) fn in_folder(folder: PathBuf) -> io::Result<Self> {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&folder)?,
        }
        Ok(Self { folder, kept: Mutex::default(), copied: AtomicUsize::new(0) })
    }

    /// Where nothing is: of a function that could not be built yet.
    pub(crate) fn place(&self, function: &str) -> PathBuf {
        self.folder.join(function)
    }

    /// Copies the program of a function unless it is the one that was copied last.
    pub(crate) fn copy(&self, function: &str, program: &Path) -> io::Result<CachedCopy> {
        let about = fs::metadata(program)?;
        let original = (about.modified()?, about.len());
        let known = self.of(function, |copies| copies.newest.clone().filter(|(known, _)| *known == original));
        let path = match known {
            Some((_, path)) => path,
            None => self.copy_bytes(function, &fs::read(program)?)?,
        };
        Ok(self.of(function, |copies| {
            copies.newest = Some((original, path.clone()));
            CachedCopy { is_new: copies.used.last() != Some(&path), path }
        }))
    }

    /// A copy serves from now on; of those that do no longer, the last one stays.
    pub(crate) fn serves(&self, function: &str, path: &Path) {
        let over = self.of(function, |copies| {
            copies.used.retain(|copy| copy != path);
            copies.used.push(path.to_owned());
            let many = copies.used.len().saturating_sub(KEPT);
            let mut over: Vec<PathBuf> = copies.used.drain(..many).collect();
            over.append(&mut copies.unused);
            over.retain(|copy| !copies.used.contains(copy));
            over
        });
        for copy in over {
            // A process that runs it keeps it; a file that stays takes room and nothing else.
            let _ = fs::remove_file(copy);
        }
    }

    fn copy_bytes(&self, function: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.folder.join(format!("{function}-{}", digest(bytes)));
        if !path.exists() {
            // Of a build that failed, a copy may be under way still.
            let number = self.copied.fetch_add(1, Ordering::Relaxed);
            let aside = self.folder.join(format!("{function}.{number}.partial"));
            fs::write(&aside, bytes)?;
            fs::set_permissions(&aside, fs::Permissions::from_mode(0o755))?;
            fs::rename(&aside, &path)?;
            self.of(function, |copies| copies.unused.push(path.clone()));
        }
        Ok(path)
    }

    fn of<T>(&self, function: &str, act: impl FnOnce(&mut Copies) -> T) -> T {
        act(self.kept().entry(function.to_owned()).or_default())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Copies>> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sixteen bytes of it tell programs apart.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::ExecutableCache;
    use std::fs;

    #[test]
    fn a_program_is_copied_when_it_is_another_one_and_two_copies_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let (folder, program) = (dir.path().join("programs"), dir.path().join("program"));
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("left"), "").expect("a file");
        let programs = ExecutableCache::in_folder(folder.clone()).expect("a folder");
        let copy = |text: &str, serves: bool| {
            fs::write(&program, text).expect("a file");
            let kept = programs.copy("a", &program).expect("a copy");
            assert_eq!(fs::read_to_string(&kept.path).expect("a copy"), text);
            if serves {
                programs.serves("a", &kept.path);
            }
            (kept.is_new, fs::read_dir(&folder).expect("a folder").count())
        };
        let seen = ["1", "1", "2", "2", "1", "3", "2"].map(|text| copy(text, true));
        assert_eq!(seen, [(true, 1), (false, 1), (true, 2), (false, 2), (true, 2), (true, 2), (true, 2)]);
        // Of builds that failed: each is another one than the one that serves, until one of them does.
        let seen = ["4", "4", "5", "2", "3"].map(|text| copy(text, false));
        assert_eq!(seen, [(true, 3), (true, 3), (true, 4), (false, 4), (true, 4)]);
        assert_eq!(copy("5", true), (true, 2));
    }

    #[test]
    fn a_program_that_cargo_left_alone_is_not_even_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let (programs, program) = (ExecutableCache::in_folder(dir.path().join("programs")), dir.path().join("program"));
        let programs = programs.expect("a folder");
        fs::write(&program, "1").expect("a file");
        let copy = programs.copy("a", &program).expect("a copy");
        programs.serves("a", &copy.path);
        // Whoever read it would need it as it was.
        let written = fs::metadata(&program).and_then(|about| about.modified()).expect("a time");
        fs::write(&program, "2").expect("a file");
        fs::File::options()
            .append(true)
            .open(&program)
            .and_then(|file| file.set_modified(written))
            .expect("the same time");
        let again = programs.copy("a", &program).expect("a copy");
        assert!(!again.is_new && again.path == copy.path);
    }

    #[test]
    fn functions_with_the_same_program_have_a_copy_each() {
        let dir = tempfile::tempdir().expect("a folder");
        let programs = ExecutableCache::in_folder(dir.path().join("programs")).expect("a folder");
        let program = dir.path().join("program");
        fs::write(&program, "1").expect("a file");
        let [one, other] = ["a", "b"].map(|name| programs.copy(name, &program).expect("a copy"));
        assert!(one.is_new && other.is_new && one.path != other.path);
    }
}
