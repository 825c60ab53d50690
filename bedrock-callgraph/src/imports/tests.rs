//! Which files of a worker its main file imports, in both languages.

use std::fs;

use bedrock_build::Language;

use super::imported_files;

/// Writes the files, and returns the imported ones; those that may be missing have a `?`.
fn imported(language: Language, files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    let found = imported_files(folder.path(), language, files[0].0);
    found.into_iter().map(|file| format!("{}{}", file.path, if file.is_optional { "?" } else { "" })).collect()
}

#[test]
fn python_imports_are_followed_in_every_form() {
    let main = "import order_pb2, os\nimport lib.deep.leaf as leaf\nfrom build import made\nfrom build.more import *\n\
                from tests.helpers import x\nfrom lib import (\n  part,\n)\nimport importlib\nimport native, built\n\
                importlib.import_module('dynamic.one')\n__import__('named')\n\
                def later():\n    from late import x\n";
    let found = imported(
        Language::Python,
        &[
            ("main.py", main),
            ("order_pb2.py", ""),
            ("lib/__init__.py", "from . import sibling\nfrom .deep import other\nfrom ..outside import x\n"),
            ("lib/sibling.py", ""),
            ("lib/part.py", "from .. import top\n"),
            ("lib/unused.py", ""),
            ("lib/deep/leaf.py", "from ...nowhere import x\n"),
            ("lib/deep/other.py", ""),
            ("build/made.py", ""),
            ("build/more.py", ""),
            ("tests/helpers.py", ""),
            ("tests/test_main.py", ""),
            ("dynamic/one.py", ""),
            ("named.py", ""),
            ("late.py", ""),
            ("native.cpython-313-x86_64-linux-gnu.so", ""),
            ("built.so", ""),
            ("unused.py", "import unused_too"),
        ],
    );
    assert_eq!(
        found,
        [
            "build/made.py",
            "build/more.py",
            "built.so",
            "dynamic/one.py",
            "late.py",
            "lib/__init__.py",
            "lib/deep/leaf.py",
            "lib/deep/other.py",
            "lib/part.py",
            "lib/sibling.py",
            "main.py",
            "named.py",
            "native.cpython-313-x86_64-linux-gnu.so",
            "order_pb2.py",
            "tests/helpers.py",
        ]
    );
}

#[test]
fn imports_in_a_try_may_be_missing() {
    let main = "try:\n    from local_settings import x\nexcept ImportError:\n    import fallback\n";
    let files = [("main.py", main), ("local_settings.py", "import more"), ("more.py", ""), ("fallback.py", "")];
    assert_eq!(imported(Language::Python, &files), ["fallback.py?", "local_settings.py?", "main.py", "more.py?"]);
    let required = [("main.py", &*format!("{main}import more\n")), files[1], files[2], files[3]];
    assert_eq!(imported(Language::Python, &required), ["fallback.py?", "local_settings.py?", "main.py", "more.py"]);
    let main = "try { require('./local') } catch {}\n";
    assert_eq!(imported(Language::JavaScript, &[("main.js", main), ("local.js", "")]), ["local.js?", "main.js"]);
}

#[test]
fn javascript_imports_are_followed_in_every_form() {
    let main = "const { Worker } = require('./worker');\nimport x from \"./dist/index.js\";\nimport './side.mjs';\n\
                export * from './again';\nawait import(`./lazy`);\nrequire.resolve('./data.json');\n\
                new URL('./table.wasm', import.meta.url);\nrequire('./folder');\nrequire('./addon.node');\n\
                require('express');\nimport y from '#alias';\nrequire('../outside');\nrequire('./test/fixtures.test.js');\n";
    let found = imported(
        Language::JavaScript,
        &[
            ("main.js", main),
            ("worker.js", ""),
            ("dist/index.js", "require('../from-dist')"),
            ("from-dist.cjs", ""),
            ("side.mjs", ""),
            ("again.js", ""),
            ("lazy.js", ""),
            ("data.json", ""),
            ("table.wasm", ""),
            ("folder/package.json", "{\"main\": \"lib/start\"}"),
            ("folder/lib/start.js", ""),
            ("addon.node", ""),
            ("package.json", "{\"imports\": {\"#alias\": {\"node\": \"./aliased.js\"}, \"#other\": \"./other.js\"}}"),
            ("aliased.js", ""),
            ("other.js", ""),
            ("test/fixtures.test.js", ""),
            ("unused.js", ""),
        ],
    );
    assert_eq!(
        found,
        [
            "addon.node",
            "again.js",
            "aliased.js",
            "data.json",
            "dist/index.js",
            "folder/lib/start.js",
            "folder/package.json",
            "from-dist.cjs",
            "lazy.js",
            "main.js",
            "side.mjs",
            "table.wasm",
            "test/fixtures.test.js",
            "worker.js",
        ]
    );
}

#[test]
fn circles_and_unreadable_files_end() {
    let files = [("main.py", "import a\n"), ("a.py", "import main, b\n"), ("b.py", "((((\nimport a\n")];
    assert_eq!(imported(Language::Python, &files), ["a.py", "b.py", "main.py"]);
}
