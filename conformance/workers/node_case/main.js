// Runs the case that the event names, including failures. The same cases exist in Rust and Python.
const fs = require('fs');
const { Worker, invoke } = require('./worker');

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const cases = {
  echo: (event) => event.value,
  variable: (event) => process.env[event.name] ?? null,
  sleep: async (event) => {
    await sleep(event.ms);
    return 'slept';
  },
  block: (event) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, event.ms);
    return 'blocked';
  },
  context: (event, context) => ({
    id: context.awsRequestId,
    arn: context.invokedFunctionArn,
    name: context.functionName,
    memory: Number(context.memoryLimitInMB),
    version: context.functionVersion,
    remaining: context.getRemainingTimeInMillis(),
    trace: 'Root=',
    caller: context.clientContext?.custom ?? null,
  }),
  raise: () => {
    throw new RangeError('requested failure');
  },
  exit: () => process.exit(3),
  hard_exit: () => process.exit(3),
  abort: () => process.abort(),
  kill: async () => {
    process.kill(process.pid, 'SIGKILL');
    await sleep(60000);
  },
  loop: () => {
    for (;;);
  },
  deadlock: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  never: () => new Promise(() => {}),
  nothing: () => {},
  unwritable: () => 10n,
  length: (event) => event.value.length,
  make: (event) => 'x'.repeat(event.length),
  print: (event) => {
    for (let i = 0; i < (event.times ?? 1); i += 1) process.stdout.write(event.text);
    return 'printed';
  },
  close_stdout: () => {
    process.stdout.end();
    fs.closeSync(1);
    console.log('after close');
    return 'closed';
  },
  nonsense: async () => {
    fs.writeSync(3, 'not a frame, and longer than the header of one');
    await sleep(60000);
  },
  append: async (event) => {
    await sleep(event.ms ?? 0);
    fs.appendFileSync(event.path, 'ran\n');
    if (event.fail) throw new RangeError('requested failure');
    return 'appended';
  },
  call: async (event) => {
    await sleep(event.after ?? 0);
    return invoke(event.worker, event.event, true);
  },
  nest: (event) => {
    let value = [];
    for (let i = 0; i < event.depth; i += 1) value = [value];
    return value;
  },
  sdk: async (event) => {
    // A real worker would have the SDK in its dependencies. Here the test passes its path.
    const { LambdaClient, InvokeCommand } = require('module').createRequire(`${event.sdk}/`)('@aws-sdk/client-lambda');
    const input = { FunctionName: event.worker, Payload: JSON.stringify(event.event) };
    const output = await new LambdaClient().send(new InvokeCommand(input));
    return { failed: output.FunctionError ?? null, payload: output.Payload.transformToString() };
  },
  child: () => {
    require('child_process').spawn('sleep', ['300'], { stdio: 'ignore' });
    return 'started';
  },
};

class NodeCase extends Worker {
  calls = 0;

  async execute(event, context) {
    this.calls += 1;
    if (event.do === 'calls') return this.calls;
    return cases[event.do](event, context);
  }
}
