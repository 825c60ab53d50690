//! Requirement files in the syntax of pip, and the errors about requirements that cannot be installed.

use std::fs;

use tempfile::TempDir;

use super::{Requirements, logical_lines, read};
use bedrock_diagnostics::Error;

fn app(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        fs::write(dir.path().join(path), text).expect(path);
    }
    dir
}

fn found(files: &[(&str, &str)]) -> Requirements {
    let app = app(files);
    read(&app.path().join("requirements.txt"), app.path(), app.path()).expect("requirements")
}

fn rejections(text: &str) -> Vec<(String, Vec<String>)> {
    let app = app(&[("requirements.txt", text)]);
    let list = app.path().join("requirements.txt");
    let Error { reports, .. } = read(&list, app.path(), app.path()).expect_err("refused");
    reports.into_iter().map(|report| (report.message, report.causes)).collect()
}

#[test]
fn comments_and_continued_lines_are_parsed_like_pip() {
    let text = "# a comment\nrequests==2.28.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\nidna # why\n";
    assert_eq!(
        logical_lines(text),
        [(2, "requests==2.28.2 --hash=sha256:aa --hash=sha256:bb".to_owned()), (6, "idna".to_owned())]
    );
    assert!(found(&[("requirements.txt", text)]).hashed);
}

#[test]
fn bundled_module_is_left_out_and_includes_are_expanded() {
    let found = found(&[
        ("requirements.txt", "requests==2.28.2\nlambda-bedrock==0.5.0\n-r more.txt\n-c limits.txt\n--pre\n"),
        ("more.txt", "idna>=3; python_version >= '3.9'\n-r requirements.txt\n"),
        ("limits.txt", "certifi<2030\n"),
    ]);
    assert_eq!(found.lines, ["requests==2.28.2", "idna>=3 ; python_version >= '3.9'", "--pre"]);
    assert_eq!(found.constraints, ["certifi<2030"]);
    assert!(!found.hashed);
}

#[test]
fn wheels_may_be_named_by_url_or_path() {
    let found = found(&[(
        "requirements.txt",
        "https://example.com/a-1.0-py3-none-any.whl\nb @ https://example.com/b-1.0-py3-none-any.whl#sha256=00\n./c-1.0-py3-none-any.whl\n",
    )]);
    assert_eq!((found.lines.len(), found.wheels.len()), (3, 1));
}

#[test]
fn folders_are_packages_of_the_app() {
    let found = found(&[("requirements.txt", "../lib[a] ; os_name == 'posix'\n-e ./other\n-e plain\n")]);
    let dirs: Vec<_> = found.packages.iter().map(|package| package.dir.file_name().expect("a name")).collect();
    assert_eq!(dirs, ["lib", "other", "plain"]);
    assert!(found.lines.is_empty() && !found.is_empty());
}

#[test]
fn source_requirements_are_rejected_with_a_reason() {
    let rejections = rejections(
        "-e lib.whl\ngit+https://user:secret@example.com/a.git\nb @ git+ssh://example.com/b\nhttps://example.com/c-1.0.tar.gz\n./d.zip\n--no-binary :all:\n",
    );
    let messages: Vec<&str> = rejections.iter().map(|(message, _)| message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "requirements.txt:1: `-e lib.whl` cannot be installed for Lambda",
            "requirements.txt:2: `git+https://…@example.com/a.git` cannot be installed for Lambda",
            "requirements.txt:3: `b @ git+ssh://example.com/b` cannot be installed for Lambda",
            "requirements.txt:4: `https://example.com/c-1.0.tar.gz` cannot be installed for Lambda",
            "requirements.txt:5: `./d.zip` cannot be installed for Lambda",
            "requirements.txt:6: `--no-binary :all:` cannot be installed for Lambda",
        ]
    );
    assert_eq!(rejections[0].1, ["only a folder can be editable"]);
    assert_eq!(rejections[1].1, ["a repository is built from source, and the result runs only on this machine"]);
    assert_eq!(rejections[3].1, ["only wheels are installed, and this is not a wheel"]);
}

#[test]
fn typing_errors_are_reported_with_their_line() {
    let rejections = rejections("idna\nrequests=2.28.2\n");
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0].0, "requirements.txt:2: `requests=2.28.2` cannot be installed for Lambda");
}

#[test]
fn missing_included_file_is_named() {
    assert_eq!(
        rejections("-r nowhere.txt\n"),
        [("failed to read `nowhere.txt`".to_owned(), vec!["no such file or directory".to_owned()])]
    );
}

#[test]
fn comments_follow_any_white_space() {
    let text = "a\t# why\nb\u{a0}# why\nc#d\n# e \\\nf \\\n  # g\nh\rI\u{85}j\n";
    let lines: Vec<String> = logical_lines(text).into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines, ["a", "b", "c#d", "f", "h", "I", "j"]);
}

#[test]
fn lists_of_every_encoding_and_line_ending_are_read() {
    let app = app(&[("more.txt", "\u{feff}-r utf16.txt\r\nidna\r\n")]);
    let text: Vec<u16> = "requests\r\n".encode_utf16().collect();
    let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.iter().flat_map(|unit| unit.to_le_bytes())).collect();
    fs::write(app.path().join("utf16.txt"), bytes).expect("written");
    let found = read(&app.path().join("more.txt"), app.path(), app.path()).expect("requirements");
    assert_eq!(found.lines, ["requests", "idna"]);
}

#[test]
fn wheels_are_found_in_the_worker_or_next_to_the_list() {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("requirements.txt", "-r lists/more.txt\n--find-links wheels\nwheels/a-1-py3-none-any.whl\n"),
        ("lists/more.txt", "./b-1-py3-none-any.whl --hash=sha256:1\nwheels/a-1-py3-none-any.whl\n"),
        ("wheels/a-1-py3-none-any.whl", ""),
        ("wheels/c-1-py3-none-any.whl", ""),
        ("lists/b-1-py3-none-any.whl", ""),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    let found = read(&dir.path().join("requirements.txt"), dir.path(), dir.path()).expect("requirements");
    let shown = |text: &str| text.replace(&dir.path().display().to_string(), "DIR");
    let lines: Vec<String> = found.lines.iter().map(|line| shown(line)).collect();
    assert_eq!(
        lines,
        [
            "b @ file://DIR/lists/./b-1-py3-none-any.whl --hash=sha256:1",
            "a @ file://DIR/wheels/a-1-py3-none-any.whl",
            "--find-links DIR/wheels",
            "a @ file://DIR/wheels/a-1-py3-none-any.whl",
        ]
    );
    assert_eq!(found.wheels.len(), 5, "the archives count too");
    assert!(found.hashed);
}

#[test]
fn device_in_the_place_of_a_list_is_not_opened() {
    let rejections = rejections("-r /dev/zero\n");
    assert_eq!(rejections, [("failed to read `/dev/zero`".to_owned(), vec!["it is not a file".to_owned()])]);
}
