// The event log of the mock `dev`, and the invocations built from its events, as the real `dev` does.

export class EventLog {
  constructor(capacity = 20_000) {
    Object.assign(this, { events: [], lastId: Date.now() * 1000, capacity, subscribers: new Set() });
  }

  publish(kind, keys) {
    const event = { version: 1, id: (this.lastId += 1), at: new Date().toISOString(), kind, ...keys };
    this.events.push(event);
    if (this.events.length > this.capacity) this.events.shift();
    for (const subscriber of this.subscribers) subscriber(event);
    return event;
  }
}

/** Returns the invocations of the events, newest first. */
export function invocations(events) {
  const byId = new Map();
  for (const entry of events) {
    if (entry.kind === 'invocation_started') {
      const { request_id, worker, caller, parent_request_id, trace, mode, event } = entry;
      const known = byId.get(request_id) ?? { request_id, worker, caller, parent_request_id, trace, mode, attempts: [], event, stack: [], logs: [], calls: [] };
      known.attempts.push({ started_at: entry.at });
      delete known.outcome;
      byId.set(request_id, known);
      byId.get(parent_request_id)?.calls.push(request_id);
    } else if (entry.kind === 'invocation_ended') {
      const known = byId.get(entry.request_id);
      if (!known) continue;
      const { outcome, error_type, message, duration_ms, init_ms, max_memory_mb } = entry;
      Object.assign(known.attempts.at(-1), { outcome, error_type, message, duration_ms, init_ms, max_memory_mb });
      Object.assign(known, { outcome, response: entry.response, stack: entry.stack ?? [] });
    } else if (entry.kind === 'log') {
      byId.get(entry.request_id)?.logs.push({ id: entry.id, at: entry.at, level: entry.level, line: entry.line });
    }
  }
  return [...byId.values()].reverse();
}
