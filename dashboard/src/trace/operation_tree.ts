// The operations of an execution as rows: each below the child context that it belongs to, with its time.

import type { ExecutionDetails, ExecutionOperation } from '../api/types';
import type { Range } from './time_axis';

export interface OperationRow {
  operation: ExecutionOperation;
  /** The number of child contexts around the operation. */
  depth: number;
  start: number;
  end: number;
}

/** Returns the rows, and the time of the execution. Operations that have not ended last until `now`. */
export function operationRows(execution: ExecutionDetails, now: number): { rows: OperationRow[]; range: Range } {
  const start = Date.parse(execution.started_at);
  // The clock of `dev` may be ahead of this one.
  const times = execution.operations.flatMap((one) => [one.started_at, one.ended_at]).concat(execution.ended_at);
  const known = times.filter((time) => time !== null).map((time) => Date.parse(time));
  const last = Math.max(start, execution.ended_at === null ? now : start, ...known);
  const ids = new Set(execution.operations.map((one) => one.operation_id));
  const children = new Map<string | null, ExecutionOperation[]>();
  for (const operation of execution.operations) {
    const parent = operation.parent_id !== null && ids.has(operation.parent_id) ? operation.parent_id : null;
    children.set(parent, [...(children.get(parent) ?? []), operation]);
  }
  const rows: OperationRow[] = [];
  const add = (parent: string | null, depth: number): void => {
    const siblings = children.get(parent) ?? [];
    // Each operation is added once, whatever the data say.
    children.delete(parent);
    for (const operation of siblings) {
      const end = operation.ended_at === null ? last : Date.parse(operation.ended_at);
      rows.push({ operation, depth, start: Date.parse(operation.started_at), end });
      add(operation.operation_id, depth + 1);
    }
  };
  add(null, 0);
  // Only contexts that contain each other are left.
  for (const parent of [...children.keys()]) add(parent, 0);
  return { rows, range: { start, end: Math.max(last, start + 1) } };
}
