//! The files of the host programs: embedded in this program, and written to disk when their content changes.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

macro_rules! embed {
    ($($path:literal),* $(,)?) => {
        /// Paths below the crate's folder, with contents.
        const FILES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../", $path)))),*];
    };
}

embed![
    "javascript/console.mjs",
    "javascript/contract.mjs",
    "javascript/durable.mjs",
    "javascript/errors.mjs",
    "javascript/framing.mjs",
    "javascript/function_name.mjs",
    "javascript/hooks.mjs",
    "javascript/host.mjs",
    "javascript/lambda.mjs",
    "javascript/load.mjs",
    "javascript/log_format.mjs",
    "javascript/observe_sdk.mjs",
    "javascript/register.mjs",
    "javascript/replay.mjs",
    "javascript/response_stream.mjs",
    "javascript/typescript.mjs",
    "javascript/uncaught.mjs",
    "javascript/validate.mjs",
    "python/bedrock/__init__.py",
    "python/bedrock/bootstrap.py",
    "python/bedrock/testing.py",
    "python/bedrock/workers/__init__.py",
    "python/bedrock/workers/contract.py",
    "python/bedrock/workers/durable.py",
    "python/bedrock/workers/errors.py",
    "python/bedrock/workers/event_loop.py",
    "python/bedrock/workers/identity.py",
    "python/bedrock/workers/invoker.py",
    "python/bedrock/workers/lambda_api.py",
    "python/bedrock/workers/loader.py",
    "python/bedrock/workers/local_api.py",
    "python/bedrock/workers/metrics.py",
    "python/bedrock/workers/resources.py",
    "python/bedrock/workers/retry.py",
    "python/bedrock/workers/runtime_errors.py",
    "python/bedrock/workers/worker.py",
    "python/bedrock_host/__init__.py",
    "python/bedrock_host/__main__.py",
    "python/bedrock_host/codec.py",
    "python/bedrock_host/context.py",
    "python/bedrock_host/contract.py",
    "python/bedrock_host/debug.py",
    "python/bedrock_host/durable.py",
    "python/bedrock_host/error_format.py",
    "python/bedrock_host/framing.py",
    "python/bedrock_host/host.py",
    "python/bedrock_host/import_path.py",
    "python/bedrock_host/logs.py",
    "python/bedrock_host/replay.py",
    "python/bedrock_host/streams.py",
    "python/bedrock_host/thread_pool.py",
    "python/bedrock_host/trace.py",
];

/// Returns a number that changes with the files.
pub(super) fn digest() -> u64 {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    hasher.finish()
}

/// Returns the folder that contains all files, which is written if it does not exist.
pub(super) fn unpack(scratch: &Path) -> io::Result<PathBuf> {
    let hosts = scratch.join("hosts");
    let dir = hosts.join(format!("{:016x}", digest()));
    if dir.is_dir() {
        return Ok(dir);
    }
    // Two apps of one program may get here at the same time.
    let partial = hosts.join(format!("{}.partial", bedrock_model::id::new_uuid()));
    for (path, contents) in FILES {
        let path = partial.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&partial))?;
        fs::write(path, contents)?;
    }
    match fs::rename(&partial, &dir) {
        // Another program has written the same contents in the meantime.
        Err(_) if dir.is_dir() => fs::remove_dir_all(&partial)?,
        result => result?,
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::FILES;
    use std::path::Path;

    fn collect(dir: &Path, root: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).expect("the folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && !["test", "tests", "__pycache__"].contains(&name.as_str()) {
                collect(&path, root, into);
            } else if path.extension().is_some_and(|e| e == "py" || e == "mjs" || e == "cjs" || e == "js") {
                into.push(path.strip_prefix(root).expect("below").to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn all_host_files_are_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut on_disk = Vec::new();
        for folder in ["javascript", "python/bedrock", "python/bedrock_host"] {
            collect(&root.join(folder), root, &mut on_disk);
        }
        on_disk.sort();
        let embedded: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(embedded, on_disk);
    }
}
