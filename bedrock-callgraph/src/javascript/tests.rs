//! Tables of JavaScript files and the calls in them: `1:resizer` is a named call in line 1, `2:?` one whose name is
//! computed.

use super::scan;

/// Returns the calls, sorted by line. Calls with a computed name follow those with a literal name.
fn calls_in(path: &str, text: &str) -> String {
    all_calls(path, text, false)
}

fn all_calls(path: &str, text: &str, is_durable: bool) -> String {
    let calls = scan(path, text, is_durable);
    let named = calls.named.iter().map(|named| (named.line, named.name.clone()));
    let computed = calls.computed.iter().map(|line| (*line, "?".to_owned()));
    let mut all: Vec<_> = named.chain(computed).collect();
    all.sort_by_key(|(line, name)| (*line, name == "?"));
    let all: Vec<String> = all.into_iter().map(|(line, name)| format!("{line}:{name}")).collect();
    assert_eq!(calls.unreadable, None, "{text}");
    all.join(" ")
}

fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(calls_in("main.js", text), *expected, "{text}");
    }
}

/// Like [`check`], for texts that follow a `require` of `invoke` in line 1.
fn check_required(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let text = format!("const {{ Worker, invoke }} = require('./worker');\n{text}");
        assert_eq!(calls_in("main.js", &text), *expected, "{text}");
    }
}

#[test]
fn every_form_of_require_is_found() {
    check(&[
        ("const { invoke } = require('./worker');\ninvoke('a', {});", "2:a"),
        ("const { invoke: call } = require('./worker');\ncall('a', {}); invoke('b', {});", "2:a"),
        ("const { 'invoke': call, invoke: other = 1 } = require(\"./worker.js\");\ncall('a'); other('b');", "2:a 2:b"),
        ("const { Worker, ...rest } = require('./worker.cjs');\nrest.invoke('a', {});", "2:a"),
        ("const worker = require('./worker');\nworker.invoke('a', {});", "2:a"),
        ("const worker = require('./worker');\nworker?.invoke?.('a', {}); worker['invoke']('b', {});", "2:a 2:b"),
        ("const worker = require('./worker');\nconst { invoke } = worker;\ninvoke('a', {});", "3:a"),
        ("require('./worker').invoke('a', {});", "1:a"),
        ("(require('./worker')).invoke('a', {});", "1:a"),
        ("const invoke = require('./worker').invoke;\ninvoke('a', {});", "2:a"),
        ("var w, { invoke } = w = require('./worker');\nw.invoke('a');", "2:a"),
        ("let w;\nw = require('./worker');\nw.invoke('a', {});", "3:a"),
        ("let invoke;\n({ invoke } = require('./worker'));\ninvoke('a', {});", "3:a"),
        (
            "const require = createRequire(import.meta.url);\nconst { invoke } = require('./worker');\ninvoke('a');",
            "3:a",
        ),
    ]);
}

#[test]
fn every_form_of_import_is_found() {
    check(&[
        ("import { invoke } from './worker.js';\ninvoke('a', {});", "2:a"),
        ("import { Worker, invoke as call } from './worker.js';\ncall('a', {}); invoke('b', {});", "2:a"),
        ("import { 'invoke' as call } from './worker.js';\ncall('a', {});", "2:a"),
        ("import * as w from './worker.js';\nw.invoke('a', {}); w.default.invoke('b', {});", "2:a 2:b"),
        ("import worker from './worker.cjs';\nworker.invoke('a', {});", "2:a"),
        ("import worker, { invoke } from './worker.js';\nworker.invoke('a', {}); invoke('b', {});", "2:a 2:b"),
        ("import { default as w } from './worker.js';\nw.invoke('a', {});", "2:a"),
        ("const { invoke } = await import('./worker.js');\ninvoke('a', {});", "2:a"),
        ("const { default: { invoke } } = await import('./worker.js');\ninvoke('a', {});", "2:a"),
        ("(await import('./worker.js')).invoke('a', {});", "1:a"),
    ]);
}

#[test]
fn calls_in_typescript_are_found() {
    let imported = |text: &str| format!("import {{ Worker, invoke, type Context }} from './worker.cjs';\n{text}");
    for (text, expected) in [
        ("invoke('a', {});", "2:a"),
        ("const all = await invoke<string[]>('a', {}, true);", "2:a"),
        ("(invoke as any)('a', {}); invoke!('b', {}); (<any>invoke)('c', {});", "2:a 2:b 2:c"),
        ("const NAME = 'a' as const;\ninvoke(NAME, {});\ninvoke(NAME satisfies string, {});", "3:a 4:a"),
        (
            "class P extends Worker<In, Out> {\n  private readonly x: string = 'y';\n  override async execute(event: In, { awsRequestId }: Context): Promise<Out> {\n    return (await invoke('a', event, true)) as Out;\n  }\n}",
            "5:a",
        ),
        ("function send(this: void, name: string, call: typeof invoke = invoke): void { call(name, {}); }", "2:?"),
        ("function of(invoke: (name: string) => void, x?: number) { invoke('a'); }", ""),
        ("enum Kind { A = 1 }\nnamespace N { export const y = invoke('a', {}); }", "3:a"),
        (
            "interface I { invoke: typeof invoke }\ntype T = typeof invoke;\ndeclare function f(i: typeof invoke): void;",
            "",
        ),
        ("abstract class A<T> implements I { abstract go(a: T): void; run() { invoke('a', {}); } }", "2:a"),
        ("function isIt(x: unknown): x is string { return true; }\nexport type { T } from './worker.cjs';", ""),
        ("@decorated class D { @field() value = invoke('a', {}); }", "2:a"),
    ] {
        assert_eq!(calls_in("main.ts", &imported(text)), expected, "{text}");
    }
    for (path, text, expected) in [
        ("main.cts", "import worker = require('./worker.cjs');\nworker.invoke('a', {});", "2:a"),
        ("main.cts", "import other = require('./other.cjs');\nother.invoke('a', {});", ""),
        ("lib/page.tsx", "import { invoke } from '../worker.cjs';\nconst x = <p>{invoke('a', {})}</p>;", "2:a"),
    ] {
        assert_eq!(calls_in(path, text), expected, "{text}");
    }
}

#[test]
fn import_paths_resolve_to_the_workers_own_file() {
    let text = |path: &str| format!("require('{path}').invoke('a', {{}});");
    for (file, path) in [
        ("main.js", "./worker"),
        ("main.js", "./lib/../worker.js"),
        ("lib/send.js", "../worker"),
        ("lib/deep/send.mjs", "../../worker.cjs"),
        ("lib/deep/send.mjs", "./../../worker"),
    ] {
        assert_eq!(calls_in(file, &text(path)), "1:a", "{file}: {path}");
    }
    for (file, path) in [
        ("main.js", "worker"),
        ("main.js", "../worker"),
        ("main.js", "../main/worker"),
        ("main.js", "./workers"),
        ("main.js", "./worker.json"),
        ("main.js", "./worker/index.js"),
        ("main.js", "/worker"),
        ("lib/send.js", "./worker"),
        ("lib/send.js", "../../worker"),
        ("lib/send.js", "../lib/worker"),
    ] {
        assert_eq!(calls_in(file, &text(path)), "", "{file}: {path}");
    }
}

#[test]
fn names_are_resolved_in_their_scope() {
    check(&[
        ("function f() { const { invoke } = require('./worker'); return invoke('a'); }\ninvoke('b');", "1:a"),
        ("{ const { invoke } = require('./worker'); }\ninvoke('a');", ""),
        ("{ var { invoke } = require('./worker'); }\ninvoke('a');", "2:a"),
        ("if (x) { var w = require('./worker'); }\n(() => w.invoke('a'))();", "2:a"),
        ("let invoke;\ntry { ({ invoke } = require('./worker')); } catch { invoke = null; }\ninvoke('a');", "3:a"),
        ("f(() => invoke('a'));\nconst { invoke } = require('./worker');", "1:a"),
    ]);
}

#[test]
fn functions_of_other_modules_are_ignored() {
    check(&[
        ("invoke('a', {});", ""),
        ("function invoke(name) {}\ninvoke('a', {});", ""),
        ("const { invoke } = require('./tasks');\ninvoke('a', {});", ""),
        ("import { invoke } from 'tasks';\ninvoke('a', {});", ""),
        ("const { Worker } = require('./worker');\nclass A extends Worker {}\nmodule.exports = { A };", ""),
        ("const worker = require('./worker');\nclass A extends worker.Worker {}", ""),
        ("import * as w from './worker.js';\nexport class A extends w.Worker {}", ""),
        ("new LambdaClient().invoke({ FunctionName: 'a' });", ""),
        ("require('./worker');\nimport './worker.js';", ""),
        (
            "const { InvocationError } = require('./worker');\ntry {} catch (e) { if (e instanceof InvocationError) {} }",
            "",
        ),
    ]);
    check_required(&[
        ("function f(invoke) { invoke('a'); }", ""),
        ("const f = (invoke) => invoke('a'); const g = invoke => invoke('a');", ""),
        ("const f = ({ invoke }, [b]) => invoke('a');", ""),
        ("function f(...invoke) { invoke('a'); }", ""),
        ("{ const invoke = () => {}; invoke('a'); }", ""),
        ("{ function invoke() {} invoke('a'); }", ""),
        ("for (const invoke of x) { invoke('a'); }", ""),
        ("try {} catch (invoke) { invoke('a'); }", ""),
        ("(function invoke() { invoke('a'); })();", ""),
        ("{ class invoke { m() { invoke('a'); } } }", ""),
        ("this.invoke('a'); x.invoke('a');", ""),
        ("const o = { invoke: 1, invoke() {} };", ""),
        ("invoke: for (;;) break invoke;", ""),
        ("// invoke('a')\n/* invoke('a') */ 'invoke(\"a\")';", ""),
    ]);
}

#[test]
fn calls_are_found_in_every_position() {
    check_required(&[
        ("class A extends Worker {\n  async execute(event) {\n    return invoke('a', {}, true);\n  }\n}", "4:a"),
        ("const x = await Promise.all(y.map((i) => invoke('a', i)));", "2:a"),
        ("const x = `${invoke('a')}`;", "2:a"),
        ("invoke('a').then(() => invoke('b'))\n  .catch(() => invoke('c'));", "2:a 2:b 3:c"),
        ("function f(x = invoke('a')) {}", "2:a"),
        ("const { x = invoke('a') } = y; let [z = invoke('b')] = y;", "2:a 2:b"),
        (
            "class A { static x = invoke('a'); static { invoke('b'); } get y() { return invoke('c'); } [invoke('d')]() {} }",
            "2:a 2:b 2:c 2:d",
        ),
        ("for (const x of await invoke('a')) invoke('b', x);", "2:a 2:b"),
        ("switch (invoke('a')) { case invoke('b'): invoke('c'); }", "2:a 2:b 2:c"),
        ("export const x = invoke('a');\nexport default invoke('b');", "2:a 3:b"),
        ("(async () => { await invoke('a'); })();", "2:a"),
        ("x.y[invoke('a')] = invoke('b'); x += invoke('c');", "2:a 2:b 2:c"),
        ("invoke(\n  'a',\n  {},\n);", "2:a"),
        ("const x = <A b={invoke('a')}>{invoke('b')}</A>;", "2:a 2:b"),
    ]);
    check(&[("const worker = require('./worker');\nworker\n  .invoke('a', {});", "3:a")]);
}

#[test]
fn literal_names_are_resolved() {
    check_required(&[
        ("invoke(\"a\"); invoke('b'); invoke(`c`);", "2:a 2:b 2:c"),
        ("invoke(/* why */ ('a'), {});", "2:a"),
        ("invoke(x ? 'a' : 'b');", "2:a 2:b"),
        ("invoke(x ? 'a' : (y ? `b` : NAME)); const NAME = 'c';", "2:a 2:b 2:c"),
        ("const NAME = 'a';\nfunction f() { invoke(NAME); }", "3:a"),
        ("let name;\nname = 'a';\ninvoke(name);", "4:a"),
        ("var A = 'a', B = A;\ninvoke(B);", "3:a"),
        ("const NAME = 'a';\n{ const NAME = 'b'; invoke(NAME); }\ninvoke(NAME);", "3:b 4:a"),
        ("const NAME = x ? 'a' : 'b';\ninvoke(NAME);", "3:a 3:b"),
        ("invoke('123456789012:function:f:live');", "2:123456789012:function:f:live"),
        ("invoke('');", "2:"),
    ]);
}

#[test]
fn names_that_need_evaluation_are_computed() {
    check_required(&[
        ("invoke(name);", "2:?"),
        ("invoke(event.worker);", "2:?"),
        ("invoke('a' + x);", "2:?"),
        ("invoke(`a${x}`);", "2:?"),
        ("invoke('\\x61');", "2:?"),
        ("invoke(x ? 'a' : y);", "2:a 2:?"),
        ("invoke(x || 'a');", "2:?"),
        ("invoke();\ninvoke(...args);", "2:? 3:?"),
        ("const f = (name) => invoke(name);", "2:?"),
        ("const f = (name = 'a') => invoke(name);", "2:?"),
        ("for (const name of ['a', 'b']) invoke(name);", "2:?"),
        ("let name = 'a';\nif (x) name = 'b';\ninvoke(name);", "4:?"),
        ("let name = 'a';\nname += 'b';\ninvoke(name);", "4:?"),
        ("let name = 'a';\nfunction f() { name = 'b'; }\ninvoke(name);", "4:?"),
        ("let name = 'a';\nfor (name of x) {}\ninvoke(name);", "4:?"),
        ("const { NAME } = require('./names');\ninvoke(NAME);", "3:?"),
        ("import { NAME } from './names.js';\ninvoke(NAME);", "3:?"),
        ("const [A] = ['a'];\ninvoke(A);", "3:?"),
        ("const A = B, B = A;\ninvoke(A);", "3:?"),
        ("invoke`a`;", "2:?"),
    ]);
}

#[test]
fn passing_invoke_on_counts_as_a_computed_name() {
    check_required(&[
        ("names.map(invoke);", "2:?"),
        ("const f = invoke;", "2:?"),
        ("let f;\nf = invoke;", "3:?"),
        ("module.exports = { invoke };", "2:?"),
        ("module.exports.send = invoke;", "2:?"),
        ("export { invoke };", "2:?"),
        ("export { invoke as send };", "2:?"),
        ("export default invoke;", "2:?"),
        ("invoke.call(null, 'a');", "2:?"),
        ("const f = invoke.bind(null, 'a');", "2:?"),
        ("class A { send = invoke; }", "2:?"),
        ("const f = () => invoke;", "2:?"),
    ]);
    check(&[
        ("const w = require('./worker');\nsend(w);", "2:?"),
        ("module.exports = require('./worker');", "1:?"),
        ("names.map(require('./worker').invoke);", "1:?"),
        ("import('./worker.js').then((w) => w.invoke('a'));", "1:?"),
        ("export { invoke } from './worker.js';", "1:?"),
        ("export * from './worker.js';", "1:?"),
        ("export { Worker } from './worker.js';", ""),
    ]);
}

#[test]
fn truncated_file_is_read_up_to_the_error() {
    let calls =
        scan("main.js", "const { invoke } = require('./worker');\ninvoke('a');\n\nfunction ( {\ninvoke('b');\n", true);
    assert_eq!(calls.unreadable, Some(4));
    assert!(calls.named.iter().any(|named| named.name == "a"), "{calls:?}");
}

#[test]
fn worker_file_of_the_scaffold_has_no_calls() {
    let text = include_str!("../../../templates/files/worker/javascript/worker.js");
    assert_eq!(calls_in("worker.js", text), "");
}

#[test]
fn scan_accepts_any_text() {
    let deep = format!("x = {}1{};", "(".repeat(20_000), ")".repeat(20_000));
    let chain = format!("x{};", ".a()".repeat(20_000));
    let members = format!("x{};", ".a".repeat(20_000));
    let circle =
        format!("const {{ invoke }} = require('./worker');let n;{}invoke(n.x);", "n = n.x; n = n.y;".repeat(300));
    for text in ["", "\u{feff}x", "#!/usr/bin/env node\nx", "\0", "é = 'ü'", "{", "`", &deep, &chain, &members, &circle]
    {
        scan("main.js", text, true);
    }
}

#[test]
fn calls_of_a_durable_context_are_found() {
    for (text, expected) in [
        ("class A extends Worker {\n  async execute(event, context) { return context.invoke('a', {}); }\n}", "2:a"),
        ("const f = async (event, context: DurableContext) => context.invoke<In, Out>('a', event);", "1:a"),
        ("f((child) => child.invoke('a', {}, { tenantId: 't' }));", "1:a"),
        ("f(child => child.invoke('mail it', 'a', {}));", "1:a"),
        ("f(child => child.invoke('mail it', 'a'));", "1:a"),
        ("f(child => child.invoke('mail it', 'a', 'text'));", "1:a"),
        ("const NAME = 'a';\nf(child => child.invoke('mail it', NAME, { to: 1 }));", "2:a"),
        ("function f(event, context) { return context.invoke('a', event, { serdes }); }", "1:a"),
        ("function f(event, context) { const c = context; return c.invoke(undefined, 'a', event); }", "1:a"),
        ("function f(event, context) { return context.invoke(event.name, event); }", "1:?"),
        ("function f(event, context) { return context.invoke('mail it', event.name, event); }", "1:?"),
        // Clients of SDKs, and objects of other code.
        ("function f(lambda) { return lambda.invoke({ FunctionName: 'a' }); }", ""),
        ("function f(lambda) { return lambda.invoke({ FunctionName: 'a' }, done); }", ""),
        ("const client = new Lambda();\nclient.invoke('a');", ""),
        ("function f(self) { return self.client.invoke('a'); }", ""),
        ("function f({ context }) { return context.invoke('a'); }", ""),
    ] {
        assert_eq!(all_calls("main.ts", text, true), expected, "{text}");
        assert_eq!(all_calls("main.ts", text, false), "", "{text}");
    }
}
