//! Tables of Python files and the calls in them: `1:resizer` is a named call in line 1, `2:?` one whose name is computed.

use super::scan;

/// Returns the calls, sorted by line. Calls with a computed name follow those with a literal name.
fn calls(text: &str) -> String {
    calls_in(text, false)
}

fn calls_in(text: &str, is_durable: bool) -> String {
    let calls = scan(text, is_durable);
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
        assert_eq!(calls(text), *expected, "{text}");
    }
}

/// Like [`check`], for texts that follow an import of `invoke` in line 1.
fn check_imported(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(calls(&format!("from bedrock.workers.invoker import invoke\n{text}")), *expected, "{text}");
    }
}

#[test]
fn every_form_of_import_is_found() {
    check(&[
        ("from bedrock.workers.invoker import invoke\ninvoke('a', {})", "2:a"),
        ("from bedrock.workers.invoker import (InvocationError, invoke)\ninvoke('a', {})", "2:a"),
        ("from bedrock.workers.invoker import invoke as call\ncall('a', {})\ninvoke('b', {})", "2:a"),
        ("from bedrock.workers.invoker import *\ninvoke('a', {})", "2:a"),
        ("from bedrock.workers import invoker\ninvoker.invoke('a', {})", "2:a"),
        ("from bedrock.workers import invoker as i\ni.invoke('a', {})", "2:a"),
        ("from bedrock import workers\nworkers.invoker.invoke('a', {})", "2:a"),
        ("import bedrock.workers.invoker\nbedrock.workers.invoker.invoke('a', {})", "2:a"),
        ("import os, bedrock.workers.invoker as i\ni.invoke('a', {})", "2:a"),
        ("import bedrock.workers as w\nw.invoker.invoke('a', {})", "2:a"),
        ("import bedrock\nbedrock.workers.invoker.invoke('a', {})", "2:a"),
    ]);
}

#[test]
fn imports_are_resolved_in_their_scope() {
    check(&[
        ("def f():\n    from bedrock.workers.invoker import invoke\n    return invoke('a', {})", "3:a"),
        ("def f():\n    from bedrock.workers.invoker import invoke\n\ndef g():\n    invoke('a', {})", ""),
        ("def f():\n    import bedrock.workers.invoker as i\n    def g(): i.invoke('a', {})", "3:a"),
        ("class A:\n    from bedrock.workers.invoker import invoke\n    def f(self): invoke('a', {})", ""),
        ("class A:\n    from bedrock.workers.invoker import invoke\n    x = invoke('a', {})", "3:a"),
        ("def f():\n    global invoke\n    from bedrock.workers.invoker import invoke\ninvoke('a', {})", "4:a"),
        (
            "try:\n    from bedrock.workers.invoker import invoke\nexcept ImportError:\n    invoke = None\ninvoke('a', {})",
            "5:a",
        ),
        ("if True:\n    from bedrock.workers.invoker import invoke\ninvoke('a', {})", "3:a"),
    ]);
}

#[test]
fn functions_of_other_modules_are_ignored() {
    check(&[
        ("invoke('a', {})", ""),
        ("def invoke(name, event): pass\ninvoke('a', {})", ""),
        ("from tasks import invoke\ninvoke('a', {})", ""),
        ("from .invoker import invoke\ninvoke('a', {})", ""),
        ("from . import invoker\ninvoker.invoke('a', {})", ""),
        ("from bedrock.workers.worker import Worker\nclass A(Worker): pass", ""),
        ("import bedrock.workers.worker\nclass A(bedrock.workers.worker.Worker): pass", ""),
        ("import boto3\nboto3.client('lambda').invoke(FunctionName='a')", ""),
        ("import bedrock.workers.invoker\ntry: pass\nexcept bedrock.workers.invoker.InvocationError: pass", ""),
    ]);
    check_imported(&[
        ("def f(invoke): invoke('a', {})", ""),
        ("def f(self, *, invoke=None): invoke('a', {})", ""),
        ("f = lambda invoke: invoke('a', {})", ""),
        ("[invoke('a') for invoke in ()]", ""),
        ("def f():\n    for invoke in ():\n        invoke('a')", ""),
        ("def f():\n    with open('x') as invoke:\n        invoke('a')", ""),
        ("def f(x):\n    match x:\n        case [invoke]: invoke('a')", ""),
        ("def f():\n    invoke = print\n    invoke('a')", ""),
        ("self.invoke('a')", ""),
        ("x.invoke('a')\nf(invoke='a')", ""),
        ("# invoke('a', {})\n'''invoke('a', {})'''", ""),
    ]);
}

#[test]
fn calls_are_found_in_every_position() {
    check_imported(&[
        ("class A(Worker):\n    def execute(self, event, context):\n        return invoke('a', {}, True)", "4:a"),
        ("x = [invoke('a', i) for i in y]", "2:a"),
        ("print(f'{invoke(\"a\", {})}')", "2:a"),
        ("f = lambda: invoke('a', {})", "2:a"),
        ("@invoke('a', {})\ndef f(x=invoke('b', {})) -> invoke('c', {}): pass", "2:a 3:b 3:c"),
        ("async def f():\n    await loop.run(invoke('a', {}))", "3:a"),
        ("if (x := invoke('a', {})): pass", "2:a"),
        ("invoke('a', invoke('b', {}, True))", "2:a 2:b"),
        ("invoke('a', {})['x'].y()", "2:a"),
        ("with f(invoke('a', {})) as x: pass", "2:a"),
        ("match invoke('a', {}):\n    case {'x': y} if invoke('b', y): pass", "2:a 3:b"),
        ("x: int = invoke('a', {})\nx += invoke('b', {})\ny, z = invoke('c', {})", "2:a 3:b 4:c"),
        ("invoke(\n    'a',\n    {},\n)", "2:a"),
        ("invoke('a', {}); invoke('b', {}); invoke('a', {})", "2:a 2:b"),
        ("type X = int\ndef f[T](x: T): invoke('a', x)", "3:a"),
    ]);
}

#[test]
fn literal_names_are_resolved() {
    check_imported(&[
        ("invoke(\"a\", {})\ninvoke('''b''', {})\ninvoke(r'c', {})\ninvoke(f'd', {})", "2:a 3:b 4:c 5:d"),
        ("invoke(payload={}, name_or_arn='a')", "2:a"),
        ("invoke(name_or_arn='a', **rest)", "2:a"),
        ("invoke('sys' 'tem' \"_fetcher\", {})", "2:system_fetcher"),
        ("invoke(('a'  # why\n), {})", "2:a"),
        ("invoke('a' if x else 'b', {})", "2:a 2:b"),
        ("invoke('a' if x else ('b' if y else 'c'), {})", "2:a 2:b 2:c"),
        ("invoke(x := 'a', {})", "2:a"),
        ("NAME = 'a'\ninvoke(NAME, {})", "3:a"),
        ("NAME: Final[str] = 'a'\ndef f(): invoke(NAME, {})", "3:a"),
        ("def f(): invoke(NAME, {})\nNAME = 'a' if x else 'b'", "2:a 2:b"),
        ("A = B = 'a'\ninvoke(A, {})\ninvoke(B, {})", "3:a 4:a"),
        ("A = 'a'\nB = A\ninvoke(B, {})", "4:a"),
        ("def f():\n    name = 'a'\n    invoke(name, {})", "4:a"),
        ("NAME = 'a'\ndef f():\n    NAME = 'b'\n    invoke(NAME, {})\ninvoke(NAME, {})", "5:b 6:a"),
        ("class A:\n    NAME = 'a'\n    x = invoke(NAME, {})", "4:a"),
        ("name: str\nname = 'a'\ninvoke(name, {})", "4:a"),
        (
            "invoke('arn:aws:lambda:eu-west-1:123456789012:function:f', {})",
            "2:arn:aws:lambda:eu-west-1:123456789012:function:f",
        ),
        ("invoke('', {})", "2:"),
    ]);
}

#[test]
fn names_that_need_evaluation_are_computed() {
    check_imported(&[
        ("invoke(name, {})", "2:?"),
        ("invoke(event['worker'], {})", "2:?"),
        ("invoke('a' + x, {})", "2:?"),
        ("invoke(f'{x}_a', {})", "2:?"),
        ("invoke('a' f'{x}', {})", "2:?"),
        ("invoke('%s' % x, {})", "2:?"),
        ("invoke(b'a', {})", "2:?"),
        ("invoke('\\x61', {})", "2:?"),
        ("invoke('a' if x else y, {})", "2:a 2:?"),
        ("invoke(x or 'a', {})", "2:?"),
        ("invoke(self.NAME, {})", "2:?"),
        ("invoke()\ninvoke(payload={})", "2:? 3:?"),
        ("invoke(*args)\ninvoke(**kwargs)", "2:? 3:?"),
        ("def f(name): invoke(name, {})", "2:?"),
        ("def f(name='a'): invoke(name, {})", "2:?"),
        ("for name in ('a', 'b'): invoke(name, {})", "2:?"),
        ("NAME = 'a'\nNAME = 'b'\ninvoke(NAME, {})", "4:?"),
        ("NAME = 'a'\nNAME += 'b'\ninvoke(NAME, {})", "4:?"),
        ("NAME = 'a'\ndel NAME\ninvoke(NAME, {})", "4:?"),
        ("NAME = 'a'\ndef f():\n    global NAME\n    NAME = 'b'\ninvoke(NAME, {})", "6:?"),
        ("def f():\n    n = 'a'\n    def g():\n        nonlocal n\n        n = 'b'\n    invoke(n, {})", "7:?"),
        ("class A:\n    NAME = 'a'\n    def f(self): invoke(NAME, {})", "4:?"),
        ("from .names import NAME\ninvoke(NAME, {})", "3:?"),
        ("A, B = 'a', 'b'\ninvoke(A, {})", "3:?"),
        ("A = A\ninvoke(A, {})", "3:?"),
        ("A = B\nB = A\ninvoke(A, {})", "4:?"),
    ]);
}

#[test]
fn passing_invoke_on_counts_as_a_computed_name() {
    check_imported(&[
        ("map(invoke, names)", "2:?"),
        ("send = invoke", "2:?"),
        ("send = functools.partial(invoke, 'a')", "2:?"),
        ("executor.submit(invoke, 'a', {})", "2:?"),
        ("x = {'f': invoke}", "2:?"),
        ("invoke.__wrapped__('a')", "2:?"),
        ("def f(): return invoke", "2:?"),
        ("(invoke)('a', {})", "2:?"),
    ]);
    check(&[
        ("import bedrock.workers.invoker as i\ngetattr(i, 'invoke')('a', {})", "2:?"),
        ("import bedrock.workers.invoker as i\nmap(i.invoke, names)", "2:?"),
        ("import bedrock\nf(bedrock)", "2:?"),
    ]);
}

#[test]
fn aliases_of_invoke_are_followed() {
    check(&[
        ("import bedrock.workers.invoker as i\nsend = i.invoke\nsend('a', {})", "3:a"),
        ("import bedrock.workers.invoker as i\nj = i\nj.invoke('a', {})", "3:a"),
    ]);
}

#[test]
fn truncated_file_is_read_up_to_the_error() {
    let calls = scan(
        "from bedrock.workers.invoker import invoke\ninvoke('a', {})\n\ndef f(:\n    pass\ninvoke('b', {})\n",
        true,
    );
    assert_eq!(calls.unreadable, Some(4));
    assert!(calls.named.iter().any(|named| named.name == "a"), "{calls:?}");
}

#[test]
fn scan_accepts_any_text() {
    let deep = format!("x = {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let chain = format!("x{}", ".a()".repeat(20_000));
    let circle =
        format!("from bedrock.workers.invoker import invoke\n{}invoke(n.x, {{}})", "n = n.x\nn = n.y\n".repeat(300));
    for text in ["", "\u{feff}x = 1", "\0", "é = 'ü'", "def", "'''", &deep, &chain, &circle] {
        scan(text, true);
    }
}

#[test]
fn long_chains_of_names_are_followed() {
    let chain = (1..20_000).map(|n| format!("n{n} = n{}\n", n - 1)).collect::<Vec<_>>().concat();
    let text = format!("from bedrock.workers.invoker import invoke as n0\n{chain}n19999('resizer', 1)\n");
    assert!(scan(&text, true).named.iter().any(|named| named.name == "resizer"));
    let doubled = (1..200).map(|n| format!("n{n} = n{m}\nn{n} = n{m}.x\nn{n} = n{m}\n", m = n - 1));
    let doubled = doubled.collect::<Vec<_>>().concat();
    let text = format!("import bedrock as n0\n{doubled}n199.workers.invoker.invoke('resizer', 1)\n");
    assert!(scan(&text, true).named.iter().any(|named| named.name == "resizer"));
}

#[test]
fn calls_of_a_durable_context_are_found() {
    for (text, expected) in [
        ("def execute(self, event, context):\n    return context.invoke('a', {})", "2:a"),
        ("def execute(self, event, context: DurableContext): context.invoke('a', {}, name='mail it')", "1:a"),
        ("def f(context): context.invoke(payload={}, function_name='a', config=c)", "1:a"),
        ("def f(context): context.map(x, lambda child, item, at, all: child.invoke('a', item))", "1:a"),
        ("def f(context):\n    def inner(x):\n        return context.invoke('a', x)", "3:a"),
        ("def f(context):\n    c = context\n    c.invoke('a' if x else 'b', {})", "3:a 3:b"),
        ("NAME = 'a'\ndef f(context): context.invoke(NAME, {})", "2:a"),
        ("def f(context, name): context.invoke(name, {})", "1:?"),
        // Clients of SDKs, and objects of other code.
        ("def f(client): client.invoke(FunctionName='a', Payload=b'{}')", ""),
        ("import boto3\nclient = boto3.client('lambda')\nclient.invoke('a')", ""),
        ("def f(self): self.client.invoke('a')", ""),
        ("def f(context): context.step(x)", ""),
        ("def f(context):\n    context = g()\nx = context\nx.invoke('a')", ""),
    ] {
        assert_eq!(calls_in(text, true), expected, "{text}");
        assert_eq!(calls_in(text, false), "", "{text}");
    }
}
