//! The digests of wheels that a list of requirements or a `uv.lock` has. A list often has those of all wheels of a version,
//! without names, so that a digest is only known if there is one.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, TableLike};

/// Name and version of a distribution. The name is normalized.
type Version = (String, String);

/// The digests, SHA-256 in hexadecimal digits.
#[derive(Debug, Default)]
pub(super) struct LockedArchives {
    listed: BTreeMap<Version, Vec<String>>,
    /// Names of wheels, with their digests.
    wheels: BTreeMap<Version, Vec<(String, String)>>,
}

impl LockedArchives {
    /// Reads lines of requirements with hashes, and the text of a `uv.lock`.
    pub(super) fn of(lines: &[String], uv_lock: Option<&str>) -> Self {
        let mut archives = Self::default();
        for line in lines {
            archives.add_line(line);
        }
        // uv has read it before.
        if let Some(document) = uv_lock.and_then(|text| text.parse::<DocumentMut>().ok()) {
            archives.add_uv_lock(&document);
        }
        archives
    }

    fn add_line(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let Some((name, version)) = words.next().and_then(|word| word.split_once("==")) else { return };
        let name = name.split('[').next().unwrap_or(name);
        let version = version.trim_end_matches([';', '\\']);
        let hashes = words.filter_map(|word| word.strip_prefix("--hash=sha256:")).map(str::to_owned);
        self.listed.entry((normalized(name), version.to_owned())).or_default().extend(hashes);
    }

    fn add_uv_lock(&mut self, document: &DocumentMut) {
        let packages = document.get("package").and_then(|packages| packages.as_array_of_tables());
        for package in packages.into_iter().flatten() {
            let text = |key: &str| package.get(key).and_then(|value| value.as_str()).unwrap_or_default();
            let wheels = package.get("wheels").and_then(|wheels| wheels.as_array());
            let tables = wheels.into_iter().flatten().filter_map(|wheel| wheel.as_inline_table());
            let wheels = tables.filter_map(|table| wheel(table));
            self.wheels.entry((normalized(text("name")), text("version").to_owned())).or_default().extend(wheels);
        }
    }

    /// Returns the digest of the wheel of a distribution that has these tags, `cp313-cp313-linux_x86_64`. `None` if it is not
    /// listed, or could be one of several.
    pub(super) fn sha256(&self, name: &str, version: &str, tags: &[&str]) -> Option<&str> {
        let key = (normalized(name), version.to_owned());
        let fitting = self.wheels.get(&key).into_iter().flatten().filter(|(file, _)| has_tag(file, tags));
        let fitting: Vec<&str> = fitting.map(|(_, sha256)| sha256.as_str()).collect();
        let listed: Vec<&str> = self.listed.get(&key).into_iter().flatten().map(String::as_str).collect();
        match (&fitting[..], &listed[..]) {
            ([only], _) | ([], [only]) => Some(only),
            _ => None,
        }
    }
}

/// Returns name and digest of a wheel in a `uv.lock`.
fn wheel(table: &dyn TableLike) -> Option<(String, String)> {
    let text = |key: &str| table.get(key).and_then(|value| value.as_str());
    let place = text("filename").or_else(|| text("url")).or_else(|| text("path"))?;
    let name = place.split(['?', '#']).next()?.rsplit('/').next()?;
    Some((name.to_owned(), text("hash")?.strip_prefix("sha256:")?.to_owned()))
}

/// Returns whether the name of a wheel, `a-1.0-cp312.cp313-abi3-linux_x86_64.whl`, has one of `tags`.
fn has_tag(file: &str, tags: &[&str]) -> bool {
    let stem = file.strip_suffix(".whl").unwrap_or(file);
    let mut parts = stem.rsplitn(4, '-');
    let (Some(platforms), Some(abis), Some(pythons)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let has = |set: &str, one: &str| set.split('.').any(|item| item == one);
    tags.iter().any(|tag| match tag.splitn(3, '-').collect::<Vec<_>>()[..] {
        [python, abi, platform] => has(pythons, python) && has(abis, abi) && has(platforms, platform),
        _ => false,
    })
}

/// Returns a name as package indexes compare it.
fn normalized(name: &str) -> String {
    let mut result = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        match letter {
            '-' | '_' | '.' if result.ends_with('-') => {}
            '-' | '_' | '.' => result.push('-'),
            _ => result.push(letter),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_known_if_the_list_has_one() {
        let lines = [
            "Six.Plus[extra]==1.17.0 ; python_version > '3' --hash=sha256:aa",
            "numpy==2.0 --hash=sha256:bb --hash=sha256:cc",
            "-r other.txt",
            "tabulate",
        ];
        let archives = LockedArchives::of(&lines.map(str::to_owned), None);
        assert_eq!(archives.sha256("six_plus", "1.17.0", &[]), Some("aa"));
        assert_eq!(archives.sha256("six_plus", "1.16.0", &[]), None);
        assert_eq!((archives.sha256("numpy", "2.0", &[]), archives.sha256("tabulate", "1", &[])), (None, None));
    }

    #[test]
    fn wheel_of_a_lock_is_found_by_its_tags() {
        let lock = r#"
            [[package]]
            name = "numpy"
            version = "2.0"
            wheels = [
                { url = "https://example.com/a/numpy-2.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", hash = "sha256:aa" },
                { url = "https://example.com/a/numpy-2.0-cp313-cp313-musllinux_1_2_x86_64.whl#x", hash = "sha256:bb" },
            ]
        "#;
        let archives = LockedArchives::of(&["numpy==2.0 --hash=sha256:aa --hash=sha256:bb".to_owned()], Some(lock));
        let sha256 = |tag| archives.sha256("NumPy", "2.0", &[tag]);
        assert_eq!(sha256("cp313-cp313-manylinux2014_x86_64"), Some("aa"));
        assert_eq!(sha256("cp313-cp313-musllinux_1_2_x86_64"), Some("bb"));
        assert_eq!(sha256("cp312-cp312-musllinux_1_2_x86_64"), None);
    }
}
