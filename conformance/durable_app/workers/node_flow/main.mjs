// The cases of the tests in JavaScript. `case` of the event names one.
import { Worker } from './worker.js';

const cases = {
  async thirty_days(context, event) {
    const payment = await context.step('charge', async () => ({ paid: event.amount }));
    await context.wait('grace period', { days: 30 });
    const mail = await context.invoke('mail', 'mailer', payment);
    return { payment, mail };
  },

  async retried(context) {
    const attempt = async (step) => {
      if (step.attempt < 3) throw new Error(`attempt ${step.attempt}`);
      return step.attempt;
    };
    const retryStrategy = (_, made) =>
      made < 5 ? { shouldRetry: true, delay: { hours: 1 } } : { shouldRetry: false };
    return context.step('flaky', attempt, { retryStrategy });
  },

  async approval(context, event) {
    const config = {};
    if (event.timeout !== undefined) config.timeout = { seconds: event.timeout };
    if (event.heartbeat !== undefined) config.heartbeatTimeout = { seconds: event.heartbeat };
    const [answer] = await context.createCallback('approval', config);
    return { approval: await answer };
  },

  async waited_for(context) {
    return context.waitForCallback('approval', async () => {}, { timeout: { days: 1 } });
  },
};

export class NodeFlow extends Worker {
  async execute(event, context) {
    return cases[event.case](context, event);
  }
}
