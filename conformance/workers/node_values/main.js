// Returns or throws what the event names. `tests/values/table.json` has what callers get.
const { Worker } = require('./worker');

const tick = () => new Promise((done) => setImmediate(done));
const later = () => new Promise((done) => setTimeout(done, 60000));

class Own extends Error {
  name = 'OwnError';
  code = 'E_OWN';
}

class Point {
  x = 1;
  #hidden = 2;
  get y() {
    return this.#hidden;
  }
}

function ring() {
  const items = [];
  items.push(items);
  return items;
}

function thrown(value) {
  throw value;
}

const cases = {
  undefined: () => undefined,
  null: () => null,
  number: () => [NaN, Infinity, -0, 1e21],
  bigint: () => 1n,
  function: () => () => 1,
  symbol: () => Symbol('s'),
  functions_inside: () => ({ f: () => 1, s: Symbol('s'), u: undefined, list: [() => 1, undefined] }),
  circle: ring,
  map: () => ({ map: new Map([[1, 2]]), set: new Set([1]) }),
  date: () => new Date(0),
  invalid_date: () => [new Date(NaN)],
  buffer: () => Buffer.from('ab'),
  typed_array: () => new Uint8Array([1, 2]),
  error_as_response: () => Object.assign(new Error('x'), { code: 1 }),
  instance: () => new Point(),
  to_json: () => ({ toJSON: () => 'own' }),
  broken_to_json: () => ({ toJSON: () => thrown(new Error('no')) }),
  response: () => ({ statusCode: '200', headers: null }),
  error: () => thrown(new TypeError('no width')),
  own_error: () => thrown(new Own('mine')),
  throw_undefined: () => thrown(undefined),
  throw_null: () => thrown(null),
  throw_text: () => thrown('text'),
  throw_number: () => thrown(42),
  throw_object: () => thrown({ code: 1 }),
  throw_function: () => thrown(() => 1),
  rejected: () => Promise.reject(new RangeError('later')),
  rejected_without: () => Promise.reject(),
  never: () => new Promise(() => {}),
  timer_throws: () => {
    setTimeout(() => thrown(new RangeError('in a timer')), 1);
    return later();
  },
  emitter_throws: () => {
    setImmediate(() => new (require('events'))().emit('error', new Error('no listener')));
    return later();
  },
  rejection_in_background: () => {
    Promise.reject(new TypeError('forgotten'));
    return later();
  },
  rejection_of_undefined: () => {
    Promise.reject();
    return later();
  },
  handled_rejection: async () => {
    const rejected = Promise.reject(new Error('handled'));
    return rejected.catch((error) => error.message);
  },
  late_throw: () => {
    setImmediate(() => thrown(new Error('late')));
    return 'answered';
  },
  exit: () => process.exit(4),
  exit_0: () => process.exit(0),
  abort_signal: async () => {
    await tick();
    return AbortSignal.abort().throwIfAborted();
  },
};

class NodeValues extends Worker {
  async execute(event, context) {
    if (event === 'context_keys') return Object.keys(context);
    return cases[event]();
  }
}
