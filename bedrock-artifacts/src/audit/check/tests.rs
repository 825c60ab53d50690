//! Binaries that do not run on Lambda are reported. Binaries that run, or that are for another platform, are not.

use super::*;
use crate::audit::fixture::{self, AARCH64, ARM, library, macos, windows};
use crate::test_render::{render_error, render_report};
use bedrock_build::Architecture;

fn target() -> Target {
    Target {
        artifact: "worker `resizer`".to_owned(),
        architecture: Architecture::X86_64,
        base_image: LambdaBaseImage::AmazonLinux2023,
        allow: Vec::new(),
        settings: "[package.metadata.bedrock.workers.resizer]".to_owned(),
    }
}

fn rendered_for(target: &Target, files: &[(&str, Vec<u8>)]) -> String {
    let entries: Vec<Entry> = files.iter().map(|(path, bytes)| Entry::bytes(*path, bytes.clone())).collect();
    let findings = audit(&entries, target, Path::new("/app")).expect("readable");
    findings.iter().map(|finding| render_report(finding.report(target))).collect()
}

fn rendered(files: &[(&str, Vec<u8>)]) -> String {
    rendered_for(&target(), files)
}

fn metadata(package: &'static str) -> (&'static str, Vec<u8>) {
    (package, Vec::new())
}

#[test]
fn working_binaries_have_no_findings() {
    let own = fixture::Elf { needed: vec!["libc.so.6", "libfoo-1a2b.so.1", "libbar.so.2", "libz.so.1"], ..library() };
    let newest = fixture::Elf { versions: vec![("GLIBC_2.34", false), ("GLIBC_PRIVATE", false)], ..library() };
    let bar = fixture::Elf { soname: Some("libbar.so.2"), ..library() };
    let files = [
        ("bootstrap", newest.bytes()),
        ("python/x/own.so", own.bytes()),
        ("python/x.libs/libfoo-1a2b.so.1", library().bytes()),
        ("lib/libbar.so.2.0.1", bar.bytes()),
        ("main.py", b"print('hello')".to_vec()),
        ("empty", Vec::new()),
        ("x.so", b"GROUP ( libx.so.1 )".to_vec()),
    ];
    assert_eq!(rendered(&files), "");
}

#[test]
fn wrong_architecture_is_reported_once_for_each_package() {
    let other = fixture::Elf { machine: AARCH64, ..library() }.bytes();
    insta::assert_snapshot!(rendered(&[
        metadata("python/numpy-2.1.0.dist-info/METADATA"),
        ("python/numpy/core/a.so", other.clone()),
        ("python/numpy/core/b.so", other.clone()),
        ("python/numpy.libs/c.so", other.clone()),
        ("nodejs/node_modules/@img/sharp/a.node", other.clone()),
        ("native/a.so", other.clone()),
        ("bootstrap", other),
    ]), @r#"
    error: `bootstrap` in worker `resizer` does not run on Lambda
      caused by: `bootstrap` is built for aarch64, the worker runs on x86_64
    help: run `cargo bedrock build --x86-64`
    error: `native/a.so` in worker `resizer` does not run on Lambda
      caused by: `native/a.so` is built for aarch64, the worker runs on x86_64
    help: build it for `x86_64-unknown-linux-gnu`
    help: or, if it is not used on Lambda, add `allow = ["native/a.so"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `numpy` in worker `resizer` does not run on Lambda
      caused by: `python/numpy.libs/c.so` and 2 more files are built for aarch64, the worker runs on x86_64
    help: require a version of `numpy` that has a wheel for `manylinux_2_34_x86_64`
    help: or, if it is not used on Lambda, add `allow = ["python/numpy", "python/numpy.libs"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `@img/sharp` in worker `resizer` does not run on Lambda
      caused by: `nodejs/node_modules/@img/sharp/a.node` is built for aarch64, the worker runs on x86_64
    help: run `npm install --os=linux --cpu=x64 --libc=glibc`
    help: or, if it is not used on Lambda, add `allow = ["nodejs/node_modules/@img/sharp/a.node"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
}

#[test]
fn unsupported_processors_are_named() {
    let arm = fixture::Elf { machine: ARM, ..library() }.bytes();
    let found = rendered_for(&Target { architecture: Architecture::Arm64, ..target() }, &[("a.so", arm)]);
    assert!(found.contains("`a.so` is built for arm with 32 bits, the worker runs on aarch64"), "{found}");
}

#[test]
fn newer_glibc_report_has_found_and_allowed_version() {
    let newer =
        fixture::Elf { versions: vec![("GLIBC_2.4", false), ("GLIBC_2.38", false), ("GLIBC_2.9", false)], ..library() };
    insta::assert_snapshot!(rendered(&[
        ("bootstrap", newer.bytes()),
        ("node_modules/a/a.node", newer.bytes()),
        metadata("python/x-1.dist-info/METADATA"),
        ("python/x/x.so", newer.bytes()),
    ]), @r#"
    error: `bootstrap` in worker `resizer` does not run on Lambda
      caused by: `bootstrap` needs glibc 2.38, the newest allowed is 2.34
    help: run `cargo bedrock build --compiler zigbuild`
    error: `x` in worker `resizer` does not run on Lambda
      caused by: `python/x/x.so` needs glibc 2.38, the newest allowed is 2.34
    help: require a version of `x` that has a wheel for `manylinux_2_34_x86_64`
    help: or, if it is not used on Lambda, add `allow = ["python/x/x.so"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `a` in worker `resizer` does not run on Lambda
      caused by: `node_modules/a/a.node` needs glibc 2.38, the newest allowed is 2.34
    help: install a version that is built for glibc 2.34 or older
    help: or, if it is not used on Lambda, add `allow = ["node_modules/a/a.node"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
    let on_old = rendered_for(
        &Target { base_image: LambdaBaseImage::AmazonLinux2, ..target() },
        &[("bootstrap", { fixture::Elf { versions: vec![("GLIBC_2.28", false)], ..library() }.bytes() })],
    );
    assert!(on_old.contains("`bootstrap` needs glibc 2.28, the newest allowed is 2.26"), "{on_old}");
}

#[test]
fn weak_glibc_requirements_are_ignored() {
    let weak = fixture::Elf { versions: vec![("GLIBC_2.38", true)], ..library() };
    assert_eq!(rendered(&[("bootstrap", weak.bytes())]), "");
}

#[test]
fn packed_relocations_need_the_glibc_that_knows_them() {
    let packed = fixture::Elf { versions: vec![("GLIBC_ABI_DT_RELR", false)], ..library() };
    let found = rendered(&[("bootstrap", packed.bytes())]);
    assert!(found.contains("needs glibc 2.36, the newest allowed is 2.34"), "{found}");
}

#[test]
fn missing_libraries_are_named() {
    let cv2 = fixture::Elf { needed: vec!["libGL.so.1", "libc.so.6", "libz.so.1"], ..library() };
    insta::assert_snapshot!(rendered(&[
        ("python/opencv_python-4.10.dist-info/RECORD", b"cv2/cv2.abi3.so,sha256=x,1\n".to_vec()),
        ("python/cv2/cv2.abi3.so", cv2.bytes()),
        ("python/cv2/qt.so", fixture::Elf { needed: vec!["libX11.so.6", "libGL.so.1"], ..library() }.bytes()),
        ("native/a.so", cv2.bytes()),
    ]), @r#"
    error: `native/a.so` in worker `resizer` does not run on Lambda
      caused by: `native/a.so` needs `libGL.so.1`, which is neither on Lambda nor in the artifact
    help: put it into `lib/` of the artifact or of a layer
    help: or, if it is not used on Lambda, add `allow = ["native/a.so"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `opencv_python` in worker `resizer` does not run on Lambda
      caused by: `python/cv2/cv2.abi3.so` and 1 more file need `libGL.so.1`, `libX11.so.6`, which are neither on Lambda nor in the artifact
    help: use a package that brings them, or put them into `lib/` of the artifact or of a layer
    help: or, if it is not used on Lambda, add `allow = ["python/cv2"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
    assert_eq!(rendered(&[("native/a.so", cv2.bytes()), ("lib/libGL.so.1", library().bytes())]), "");
}

#[test]
fn modules_for_other_systems_are_reported() {
    insta::assert_snapshot!(rendered(&[
        ("node_modules/sharp/build/Release/sharp.node", macos()),
        ("node_modules/@scope/tool/tool.node", windows()),
        metadata("python/x-1.dist-info/METADATA"),
        ("python/x/x.cpython-313-darwin.so", macos()),
    ]), @r#"
    error: `x` in worker `resizer` does not run on Lambda
      caused by: `python/x/x.cpython-313-darwin.so` is built for macOS, the worker runs on Linux
    help: require a version of `x` that has a wheel for `manylinux_2_34_x86_64`
    help: or, if it is not used on Lambda, add `allow = ["python/x/x.cpython-313-darwin.so"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `@scope/tool` in worker `resizer` does not run on Lambda
      caused by: `node_modules/@scope/tool/tool.node` is built for Windows, the worker runs on Linux
    help: run `npm install --os=linux --cpu=x64 --libc=glibc`
    help: or, if it is not used on Lambda, add `allow = ["node_modules/@scope/tool/tool.node"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `sharp` in worker `resizer` does not run on Lambda
      caused by: `node_modules/sharp/build/Release/sharp.node` is built for macOS, the worker runs on Linux
    help: run `npm install --os=linux --cpu=x64 --libc=glibc`
    help: or, if it is not used on Lambda, add `allow = ["node_modules/sharp/build/Release/sharp.node"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
}

#[test]
fn musl_binaries_are_reported() {
    let alpine = fixture::Elf { needed: vec!["libc.musl-x86_64.so.1"], versions: Vec::new(), ..library() };
    let musl = fixture::Elf { needed: vec!["libc.so"], versions: Vec::new(), ..library() };
    insta::assert_snapshot!(rendered(&[
        ("node_modules/a/a.node", alpine.bytes()),
        metadata("python/x-1.dist-info/METADATA"),
        ("python/x/x.so", musl.bytes()),
    ]), @r#"
    error: `x` in worker `resizer` does not run on Lambda
      caused by: `python/x/x.so` is built for musl (Alpine Linux), the worker runs with glibc
    help: require a version of `x` that has a wheel for `manylinux_2_34_x86_64`
    help: or, if it is not used on Lambda, add `allow = ["python/x/x.so"]` to `[package.metadata.bedrock.workers.resizer]`
    error: `a` in worker `resizer` does not run on Lambda
      caused by: `node_modules/a/a.node` is built for musl (Alpine Linux), the worker runs with glibc
    help: run `npm install --os=linux --cpu=x64 --libc=glibc`
    help: or, if it is not used on Lambda, add `allow = ["node_modules/a/a.node"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
}

#[test]
fn launchers_of_other_systems_are_ignored() {
    let files = [
        ("python/distlib/t64.exe", windows()),
        ("python/setuptools/cli.exe", windows()),
        ("python/pydevd/attach.dll", windows()),
        ("python/pydevd/attach.dylib", macos()),
        ("native/a.o", fixture::Elf { kind: 1, machine: AARCH64, ..library() }.bytes()),
    ];
    assert_eq!(rendered(&files), "");
}

#[test]
fn packages_with_a_binary_for_each_platform_pass() {
    let here = ("node_modules/a/bin/linux/x64/a.node", library().bytes());
    let others = [
        ("node_modules/a/bin/darwin/arm64/a.node", macos()),
        ("node_modules/a/bin/win32/x64/a.node", windows()),
        ("node_modules/a/bin/linux/arm64/a.node", fixture::Elf { machine: AARCH64, ..library() }.bytes()),
        ("node_modules/a/bin/a.linux-x64-musl.node", {
            fixture::Elf { needed: vec!["libc.musl-x86_64.so.1"], ..library() }.bytes()
        }),
    ];
    let all: Vec<_> = others.iter().cloned().chain([here]).collect();
    assert_eq!(rendered(&all), "");
    assert_eq!(rendered(&others).matches("error: ").count(), 4, "without the one for Lambda");
}

#[test]
fn damaged_libraries_are_reported() {
    let mut damaged = library().bytes();
    damaged.truncate(100);
    insta::assert_snapshot!(rendered(&[("native/a.so", damaged.clone())]), @r#"
    error: `native/a.so` in worker `resizer` does not run on Lambda
      caused by: `native/a.so` cannot be read: invalid ELF section header offset/size/alignment
    help: build it again
    help: or, if it is not used on Lambda, add `allow = ["native/a.so"]` to `[package.metadata.bedrock.workers.resizer]`
    "#);
    assert_eq!(rendered(&[("python/elftools/testdata/broken.elf", damaged)]), "");
}

#[test]
fn allowed_files_are_not_checked_but_provide_libraries() {
    let gl = fixture::Elf { needed: vec!["libX11.so.6"], ..library() };
    let user = fixture::Elf { needed: vec!["libGL.so.1"], ..library() };
    let files = [("lib/libGL.so.1", gl.bytes()), ("native/a.so", user.bytes())];
    assert!(rendered(&files).contains("libX11.so.6"));
    assert_eq!(rendered_for(&Target { allow: vec!["lib".to_owned()], ..target() }, &files), "");
    assert!(rendered_for(&Target { allow: vec!["native/*".to_owned()], ..target() }, &files).contains("libX11.so.6"));
}

#[test]
fn suggested_allow_setting_silences_the_finding() {
    let other = fixture::Elf { machine: AARCH64, ..library() }.bytes();
    let files = [("node_modules/a/[x].node", other.clone()), ("node_modules/a/b/c.node", other)];
    let allow = vec!["node_modules/a".to_owned()];
    assert!(rendered(&files).contains("add `allow = [\"node_modules/a\"]`"), "{}", rendered(&files));
    assert_eq!(rendered_for(&Target { allow, ..target() }, &files), "");
    assert!(
        rendered(&files[..1]).contains("add `allow = [\"node_modules/a/[[]x[]].node\"]`"),
        "{}",
        rendered(&files[..1])
    );
}

#[test]
fn missing_file_is_named() {
    let error = audit(&[Entry::file("a.so", "/app/gone.so")], &target(), Path::new("/app")).expect_err("gone");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to read `gone.so`
      caused by: no such file or directory
    ");
}

/// Reads the executable of the test itself instead of a fixture.
#[test]
#[cfg(target_os = "linux")]
fn program_headers_are_read_from_the_test_binary() {
    let program = std::env::current_exe().expect("program");
    let Some(BinaryFile::Read(Binary::Elf(elf))) =
        inspect_entry(&Entry::file("x", &program), Path::new("/")).expect("readable")
    else {
        panic!("this test is an ELF file");
    };
    let here = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
    assert_eq!(elf.machine, Machine::Known(here));
    assert!(elf.needed.iter().any(|name| name == "libc.so.6"), "{elf:?}");
    assert!(elf.glibc >= crate::audit::binary::Version::parse("2.17"), "{elf:?}");
    let target = Target { architecture: here, ..target() };
    let findings = audit(&[Entry::file("bootstrap", program)], &target, Path::new("/")).expect("readable");
    // A newer system than Lambda's may link it to a newer glibc.
    assert!(findings.iter().all(|finding| matches!(finding.kind, FindingKind::Glibc { .. })), "{findings:?}");
}
