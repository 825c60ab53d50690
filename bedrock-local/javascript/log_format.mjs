// Lines of `console` in the text format of AWS's runtime for Node.js (`patchConsole` and `formatTextMessage` of npm's
// aws-lambda-ric 4.0.2, with which a test compares them): time, request id, level and text, separated by tabs.
import { format } from 'node:util';

const LEVELS = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', log: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
const ORDER = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/**
 * Replaces the methods of `console` that AWS's runtime replaces. `requestId` returns the id of the current invocation, or
 * undefined. Lines below the level of AWS_LAMBDA_LOG_LEVEL are left out.
 */
export function formatConsole(requestId) {
  const lowest = Math.max(ORDER.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()), 0);
  for (const [method, level] of Object.entries(LEVELS)) {
    const write = (message, ...values) => {
      // `join` writes no request id as an empty text, as in the lines of the init phase.
      const line = [new Date().toISOString(), requestId(), level, format(message, ...values)].join('\t');
      process.stdout.write(`${line}\n`);
    };
    console[method] = ORDER.indexOf(level) < lowest ? () => {} : write;
  }
}
