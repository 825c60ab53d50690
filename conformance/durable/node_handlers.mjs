// Handlers of AWS's conformance requirements for durable functions, in JavaScript. The name of an execution begins with
// the number of its requirement, `3-1`. The validator sends `{"Input": …}`.
import { NestingType } from '@aws/durable-execution-sdk-js';
import { Worker } from './worker.js';

const { ECHO, FAILING } = process.env;
const NO_RETRY = { retryStrategy: () => ({ shouldRetry: false }) };
const ALL = ['completionReason', 'status', 'successCount', 'failureCount', 'totalCount'];
const COUNTS = ['completionReason', 'successCount', 'failureCount', 'totalCount'];
const COUNTED = ['completionReason', 'successCount', 'totalCount'];

const seconds = (number) => ({ seconds: number });

/** Retries after `delay` seconds, at most `attempts` times in all. */
const after = (delay, attempts = 9) => ({
  retryStrategy: (_, made) => (made < attempts ? { shouldRetry: true, delay: seconds(delay) } : { shouldRetry: false }),
});

const returns = (value) => async () => value;
const steps = (value) => (context) => context.step(returns(value));

async function fail() {
  throw new Error('no');
}

const failsUntil = (attempt, value) => async (step) => {
  if (step.attempt < attempt) throw new Error('not yet');
  return value;
};

const upper = {
  serialize: async (value) => value?.toUpperCase(),
  deserialize: async (data) => data,
};

const caught = (handler, value) => async (ctx, event) => {
  try {
    return await handler(ctx, event);
  } catch {
    return value;
  }
};

const stepThenWait = (value, wait = 1) => async (ctx) => {
  const result = await ctx.step(returns(value));
  await ctx.wait(seconds(wait));
  return result;
};

const childWithWait = (ctx, event) =>
  ctx.runInChildContext('child', async (context) => {
    const result = await context.step(returns(event));
    await context.wait(seconds(1));
    return result;
  });

const waitFor =
  (config = {}, { step = false, wait = 0 } = {}) =>
  async (ctx, event) => {
    const [result] = await ctx.createCallback(event ?? 'approval', config);
    if (step) await ctx.step(returns('done'));
    if (wait > 0) await ctx.wait(seconds(wait));
    return result;
  };

// With a name, although there is none: the SDK takes a text as second argument for the function.
const echo = (ctx, payload, config) => ctx.invoke(undefined, ECHO, payload, config);

const poll =
  (until, { start = 0, delay = 1, step = 1, name } = {}) =>
  (ctx, event) => {
    const target = until ?? event;
    return ctx.waitForCondition(name, async (state) => state + step, {
      initialState: start,
      waitStrategy: (state) =>
        state >= target ? { shouldContinue: false } : { shouldContinue: true, delay: seconds(delay) },
    });
  };

const submitted = (name, config) => (ctx, event) => ctx.waitForCallback(name ?? event, async () => {}, config);

const oneByOne = (options = {}) => ({ maxConcurrency: 1, ...options });

const parallel =
  (branches, options) =>
  async (ctx) =>
    ctx.parallel('parallel', branches, oneByOne(options));

const parallelResults = (branches, options) => async (ctx) => (await parallel(branches, options)(ctx)).getResults();

const projection = (result, keys) => Object.fromEntries(keys.map((key) => [key, result[key]]));

const branches = (list, completionConfig, keys) => async (ctx) =>
  projection(await parallel(list, { completionConfig })(ctx), keys);

const mapResults = (items, map, options) => async (ctx, event) =>
  (await ctx.map(items ?? event, map, oneByOne(options))).getResults();

const batch = (items, map, completionConfig, keys) => async (ctx) =>
  projection(await ctx.map(items, map, oneByOne({ completionConfig })), keys);

const failsAt =
  (...numbers) =>
  async (_, item, index) => {
    if (numbers.includes(index)) throw new Error(`item ${index}`);
    return `r${index}`;
  };

const okUnlessAt = (number) => async (_, item, index) => {
  if (index === number) throw new Error(`item ${index}`);
  return 'ok';
};

const HANDLERS = {
  '1-1': (ctx, event) => ctx.step(returns(`Hello, ${event}!`)),
  '1-2': (ctx, event) => ctx.step('custom_step_name', returns(`Hello, ${event}!`)),
  '1-3': async (ctx) => {
    const first = await ctx.step(returns('first'));
    return ctx.step(returns(`${first}_second`));
  },
  '1-4': (ctx, { name, tags }) => ctx.step(returns({ user: { name, tags }, count: tags.length })),
  '1-6': (ctx, event) => ctx.step(returns(event), { serdes: upper }),
  '1-8': stepThenWait('computed', 2),
  '1-9': stepThenWait('cached_value'),
  '1-10': async (ctx) => {
    await caught((context) => context.step(fail, NO_RETRY))(ctx);
    await ctx.wait(seconds(1));
  },
  '1-11': (ctx) => ctx.step(failsUntil(2, 'Operation succeeded'), after(1)),
  '1-12': (ctx) => ctx.step(fail, after(1, 4)),
  '1-19': (ctx) => ctx.step(fail, NO_RETRY),
  '1-20': async (ctx) => {
    await caught((context) => context.step(fail, NO_RETRY))(ctx);
    return ctx.step(returns('fallback_result'));
  },
  '2-1': (ctx) => ctx.wait(seconds(2)),
  '2-2': (ctx) => ctx.wait('custom_wait_name', seconds(2)),
  '2-3': async (ctx) => {
    await ctx.wait('wait-1', seconds(2));
    await ctx.wait('wait-2', seconds(2));
    return { completedWaits: 2 };
  },
  '2-4': (ctx) => ctx.wait({ minutes: 1 }),
  '2-5': (ctx) => ctx.wait({ hours: 1 }),
  '3-1': (ctx, event) => ctx.runInChildContext('child', steps(event)),
  '3-2': (ctx, { name, value }) => ctx.runInChildContext(name, steps(value)),
  '3-4': (ctx) => ctx.runInChildContext('child', (context) => context.step(fail, NO_RETRY)),
  '3-5': async (ctx, event) => {
    await caught((outer) => outer.runInChildContext('child', (context) => context.step(fail, NO_RETRY)))(ctx);
    return ctx.step(returns(event));
  },
  '3-6': (ctx, event) =>
    ctx.runInChildContext('outer', async (context) => {
      await context.step(returns(event));
      return context.runInChildContext('inner', steps(event));
    }),
  '3-7': (ctx, event) =>
    ctx.runInChildContext('child', (context) => context.step(failsUntil(2, event), after(1))),
  '3-8': (ctx) => ctx.runInChildContext('child', (context) => context.step(fail, after(1, 2))),
  '3-9': async (ctx, event) => {
    const result = await ctx.runInChildContext('child', steps(event));
    await ctx.wait(seconds(1));
    return result;
  },
  '3-10': childWithWait,
  '3-13': async (ctx, event) => {
    const result = await ctx.runInChildContext('child', async (context) => {
      await context.wait(seconds(1));
      return event;
    });
    return ctx.step(returns(result));
  },
  '3-14': (ctx, event) => ctx.runInChildContext('child', steps(event), { serdes: upper }),
  '3-15': (ctx) => ctx.runInChildContext('child', fail),
  '3-18': async (ctx, event) => {
    const result = await childWithWait(ctx, event);
    await ctx.step(returns(result));
    await ctx.wait(seconds(1));
    return result;
  },
  '4-1': waitFor(),
  '4-2': waitFor(),
  '4-3': waitFor({ timeout: seconds(5) }),
  '4-4': waitFor({ heartbeatTimeout: seconds(5) }),
  '4-5': waitFor({ heartbeatTimeout: seconds(10) }),
  '4-6': waitFor(),
  '4-7': waitFor({}, { step: true }),
  '4-8': waitFor({ timeout: seconds(5) }, { step: true }),
  '4-9': waitFor({}, { wait: 5 }),
  '4-10': waitFor({}, { wait: 5 }),
  '4-12': async (ctx, event) => {
    const result = await waitFor()(ctx, event);
    await ctx.wait(seconds(2));
    return result;
  },
  '4-13': async (ctx, event) => {
    const result = await caught(waitFor(), 'failed')(ctx, event);
    await ctx.wait(seconds(2));
    return result;
  },
  '4-17': async (ctx, [first, second]) => [await waitFor()(ctx, first), await waitFor()(ctx, second)],
  '5-1': (ctx, event) => echo(ctx, event),
  '5-2': (ctx, { name, payload }) => ctx.invoke(name, ECHO, payload),
  '5-3': (ctx, event) => echo(ctx, event),
  '5-5': (ctx) => ctx.invoke(FAILING, {}),
  '5-6': caught((ctx) => ctx.invoke(FAILING, {}), 'fallback'),
  '5-8': (ctx, { tenantId, payload }) => echo(ctx, payload, { tenantId }),
  '5-9': async (ctx) => {
    await echo(ctx, 'x');
    await ctx.wait(seconds(1));
  },
  '5-11': async (ctx) => echo(ctx, await ctx.step(returns('stepped'))),
  '5-13': (ctx) => ctx.runInChildContext('child', (context) => echo(context, 'x')),
  '5-14': async (ctx) => [await echo(ctx, 'first'), await echo(ctx, 'second')],
  '6-1': poll(),
  '6-2': poll(undefined, { start: 5, step: 0 }),
  '6-3': poll(2, { name: 'poll-status' }),
  '6-4': poll(undefined, { start: 5 }),
  '6-5': poll(undefined, { delay: 2 }),
  '7-1': submitted(),
  '7-2': submitted('approval'),
  '7-4': submitted(),
  '7-5': submitted(undefined, { timeout: seconds(3) }),
  '7-6': caught(submitted(), 'recovered'),
  '7-8': (ctx, event) => ctx.runInChildContext('wrapper', (context) => submitted()(context, event)),
  '7-9': async (ctx) => [await submitted('first')(ctx), await submitted('second')(ctx)],
  '7-12': submitted(undefined, { heartbeatTimeout: seconds(5) }),
  '7-13': submitted(undefined, { heartbeatTimeout: seconds(10) }),
  '8-1': parallelResults([steps('task-1'), steps('task-2')]),
  '8-2': parallelResults([returns('alpha'), returns('beta')]),
  '8-3': parallelResults([
    { name: 'first', func: returns('one') },
    { name: 'second', func: returns('two') },
  ]),
  '8-4': parallelResults([returns('hello'), returns(42), returns({ k: 'v' })]),
  '8-5': parallelResults([]),
  '8-6': branches([returns('ok'), fail, returns('ok')], { toleratedFailureCount: 0 }, ALL),
  '8-8': branches(Array(4).fill(returns('ok')), { minSuccessful: 2 }, COUNTED),
  '8-9': branches([returns('ok'), fail, returns('ok')], { toleratedFailureCount: 1 }, ALL),
  '8-10': branches([fail, fail, returns('ok')], { toleratedFailureCount: 1 }, COUNTS),
  '8-11': parallelResults([returns('r0'), returns('r1'), returns('r2')], { maxConcurrency: 2 }),
  '8-12': parallelResults([steps('fa'), steps('fb')], { nesting: NestingType.FLAT }),
  '9-2': mapResults(undefined, async (_, item) => item * 2),
  '9-3': mapResults(undefined, async (_, item, index) => item + index),
  '9-4': mapResults([], async () => null),
  '9-5': batch([0, 1, 2], okUnlessAt(1), { toleratedFailureCount: 0 }, ALL),
  '9-7': batch([0, 1, 2, 3], failsAt(), { minSuccessful: 2 }, COUNTED),
  '9-8': batch([0, 1, 2], failsAt(1), { toleratedFailureCount: 1 }, ALL),
  '9-9': batch([0, 1, 2], failsAt(0, 1), { toleratedFailureCount: 1 }, COUNTS),
  '9-10': batch([0, 1, 2, 3], failsAt(0, 1), { toleratedFailurePercentage: 25 }, COUNTS),
  '9-15': mapResults([0, 1], async (context, _, index) => {
    if (index === 1) await context.wait(seconds(1));
    return context.step(returns(`r${index}`));
  }),
  '9-17': async (ctx) => {
    const results = await mapResults(['a', 'b'], async (_, item) => item.toUpperCase())(ctx);
    await ctx.wait(seconds(1));
    return results;
  },
};

export class Handlers extends Worker {
  async execute(event, context) {
    const name = context.executionContext.durableExecutionArn.split('/').at(-2);
    return HANDLERS[name.split('-').slice(0, 2).join('-')](context, event.Input);
  }
}
