const { Worker, invoke } = require('./worker');

// Calls a Rust worker and a Python worker, and combines their responses.
class SystemReport extends Worker {
  async execute(event, context) {
    const [nearest, counts] = await Promise.all([
      invoke('distance_ranker', { most: 3 }, true),
      invoke('system_counter', {}, true),
    ]);
    return { title: event.title ?? 'Planetary systems', nearest, ...counts };
  }
}
