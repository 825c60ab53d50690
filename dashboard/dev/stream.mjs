// The stream of a made-up `dev`, and invocations put together of it, as the real one does.

export class Stream {
  constructor(most = 20_000) {
    Object.assign(this, { kept: [], next: Date.now() * 1000, most, readers: new Set() });
  }

  publish(kind, keys) {
    const happening = { version: 1, id: (this.next += 1), at: new Date().toISOString(), kind, ...keys };
    this.kept.push(happening);
    if (this.kept.length > this.most) this.kept.shift();
    for (const reader of this.readers) reader(happening);
    return happening;
  }

  last() {
    return this.next;
  }
}

/** The newest first. */
export function invocations(kept) {
  const byId = new Map();
  for (const one of kept) {
    if (one.kind === 'invocation_started') {
      const { request_id, worker, caller, parent_request_id, trace, mode, event } = one;
      const known = byId.get(request_id) ?? { request_id, worker, caller, parent_request_id, trace, mode, attempts: [], event, stack: [], logs: [], calls: [] };
      known.attempts.push({ started_at: one.at });
      delete known.outcome;
      byId.set(request_id, known);
      byId.get(parent_request_id)?.calls.push(request_id);
    } else if (one.kind === 'invocation_ended') {
      const known = byId.get(one.request_id);
      if (!known) continue;
      const { outcome, error_type, message, duration_ms, init_ms, max_memory_mb } = one;
      Object.assign(known.attempts.at(-1), { outcome, error_type, message, duration_ms, init_ms, max_memory_mb });
      Object.assign(known, { outcome, response: one.response, stack: one.stack ?? [] });
    } else if (one.kind === 'log') {
      byId.get(one.request_id)?.logs.push({ id: one.id, at: one.at, level: one.level, line: one.line });
    }
  }
  return [...byId.values()].reverse();
}
