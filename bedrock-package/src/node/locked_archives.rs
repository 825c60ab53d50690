//! What the locks of Yarn, pnpm and Bun say about packages of a registry: name, version and digest.

use super::package_manager::PackageManager;

/// A package of a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LockedArchive {
    pub(super) name: String,
    pub(super) version: String,
    /// As npm writes it, `sha512-…`. Empty if the lock has only a digest of something else: Yarn 2 and newer have one of their
    /// own archives.
    pub(super) integrity: String,
}

/// Returns the packages in a lock. npm has a record of its own in `node_modules`.
pub(super) fn read(manager: PackageManager, text: &str) -> Vec<LockedArchive> {
    match manager {
        PackageManager::Npm => Vec::new(),
        PackageManager::YarnClassic => yarn_classic(text),
        PackageManager::Yarn => text.lines().filter_map(yarn).collect(),
        PackageManager::Pnpm => pnpm(text),
        PackageManager::Bun => text.lines().filter_map(bun).collect(),
    }
}

/// Reads blocks: `name@range, name@range:`, then `version "1.0.0"` and `integrity sha512-…`.
fn yarn_classic(text: &str) -> Vec<LockedArchive> {
    let mut found = Vec::new();
    let mut name = "";
    let mut version = "";
    for line in text.lines() {
        let value = |key: &str| {
            line.strip_prefix("  ")?.strip_prefix(key)?.strip_prefix(' ').map(|text| text.trim_matches('"'))
        };
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let pattern = line.trim_end_matches(':').split(", ").next().unwrap_or_default().trim_matches('"');
            // Another name for a package: `alias@npm:name@1.0.0`.
            let pattern = pattern.split_once("@npm:").map_or(pattern, |(_, real)| real);
            name = split(pattern).map_or(pattern, |(name, _)| name);
        } else if let Some(text) = value("version") {
            version = text;
        } else if let Some(integrity) = value("integrity") {
            found.push(archive(name, version, integrity));
        }
    }
    found
}

/// Reads `  resolution: "name@npm:1.0.0"`.
fn yarn(line: &str) -> Option<LockedArchive> {
    let resolution = line.strip_prefix("  resolution: ")?.trim_matches('"');
    let (name, version) = resolution.split_once("@npm:")?;
    // A registry that is not the default one is written after the version.
    let version = version.split("::").next().unwrap_or(version);
    Some(archive(name, version, ""))
}

/// Reads `  name@1.0.0:`, then `    resolution: {integrity: sha512-…}`.
fn pnpm(text: &str) -> Vec<LockedArchive> {
    let mut found = Vec::new();
    let mut package = None;
    for line in text.lines() {
        if let Some(resolution) = line.strip_prefix("    resolution: {integrity: ") {
            let integrity = resolution.split([',', '}']).next().unwrap_or_default();
            found.extend(package.take().map(|(name, version)| archive(name, version, integrity)));
        } else if let Some(key) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) {
            // Locks before version 9 have a slash first.
            let key = key.trim_end_matches(':').trim_matches('\'').trim_start_matches('/');
            package = split(key);
        }
    }
    found
}

/// Reads `    "key": ["name@1.0.0", "", {…}, "sha512-…"],`.
fn bun(line: &str) -> Option<LockedArchive> {
    let (_, list) = line.split_once("\": [\"")?;
    let (name, version) = split(list.split('"').next()?)?;
    let integrity = list.rsplit('"').nth(1).filter(|digest| digest.starts_with("sha"))?;
    Some(archive(name, version, integrity))
}

/// Splits `@scope/name@1.0.0`.
fn split(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('@').filter(|(name, _)| !name.is_empty())
}

fn archive(name: &str, version: &str, integrity: &str) -> LockedArchive {
    LockedArchive { name: name.to_owned(), version: version.to_owned(), integrity: integrity.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_locks_name_their_packages() {
        let classic = "# yarn lockfile v1\n\n\n\"@a/b@^1.0.0\", \"@a/b@^1.1.0\":\n  version \"1.2.0\"\n  resolved \"https://example.com/b.tgz#1\"\n  integrity sha512-AA==\n  dependencies:\n    version \"^9\"\n\n\
                       other@npm:real@2.0.0:\n  version \"2.0.0\"\n  integrity sha512-BB==\n\nlocal@../x:\n  version \"1.0.0\"\n";
        let yarn = "__metadata:\n  version: 10\n\n\"@a/b@npm:^1.0.0\":\n  version: 1.2.0\n  resolution: \"@a/b@npm:1.2.0\"\n  checksum: 10c0/aa\n\n\
                    \"other@npm:real@2.0.0\":\n  resolution: \"real@npm:2.0.0::__archiveUrl=x\"\n\n\"w@workspace:.\":\n  resolution: \"w@workspace:.\"\n";
        let pnpm = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      '@a/b':\n        version: 1.2.0\n\npackages:\n\n  '@a/b@1.2.0':\n    resolution: {integrity: sha512-AA==}\n    engines: {node: '>=4'}\n\n  real@2.0.0:\n    resolution: {integrity: sha512-BB==, tarball: x}\n\n\
                    snapshots:\n\n  '@a/b@1.2.0': {}\n";
        let bun = "{\n  \"workspaces\": {\n    \"\": { \"name\": \"w\" },\n  },\n  \"packages\": {\n    \"@a/b\": [\"@a/b@1.2.0\", \"\", { \"bin\": \"x.js\" }, \"sha512-AA==\"],\n\n    \
                   \"other\": [\"real@2.0.0\", \"\", {}, \"sha512-BB==\"],\n    \"lib\": [\"lib@workspace:packages/lib\"],\n  }\n}\n";
        let both = [archive("@a/b", "1.2.0", "sha512-AA=="), archive("real", "2.0.0", "sha512-BB==")];
        assert_eq!(read(PackageManager::YarnClassic, classic), both);
        assert_eq!(read(PackageManager::Pnpm, pnpm), both);
        assert_eq!(read(PackageManager::Bun, bun), both);
        assert_eq!(read(PackageManager::Yarn, yarn), [archive("@a/b", "1.2.0", ""), archive("real", "2.0.0", "")]);
    }
}
