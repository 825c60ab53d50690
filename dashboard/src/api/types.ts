// Types of the responses of `cargo bedrock dev`'s API, from docs/schema/dev-api.v1.json. Keys that other versions may lack are optional.

export type Outcome = 'ok' | 'error' | 'timeout' | 'throttled' | 'denied';
export type Mode = 'sync' | 'event';
export type Language = 'rust' | 'python' | 'javascript';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface Payload {
  bytes: number;
  json?: unknown;
  text?: string;
  cut?: boolean;
}

export interface Settings {
  memory: number;
  timeout: number;
  concurrency: number | null;
  retries: number;
  event_age: number;
  on_failure: string | null;
  variables: string[];
  /** Only of the endpoint: whether requests of its URL must be signed; null if it has no URL. */
  url_auth?: 'none' | 'iam' | null;
}

export interface Worker {
  name: string;
  language: Language;
  folder: string;
  settings: Settings;
  triggers?: Trigger[];
  durable?: boolean;
  contract?: Contract;
}

/** What a worker takes and returns, as text in the notation of TypeScript. */
export interface Contract {
  event: string;
  response: string;
  /** Both, and the types that they use. */
  types: string;
}

export interface Edge {
  from: string;
  to: string;
}

/** A resource that a function uses. */
export interface ResourceUse {
  from: string;
  kind: string;
  name: string;
  access: string[];
  /** The environment variable with which the function finds it. */
  variable?: string;
  /** The key of a table. */
  key?: string[] | null;
}

/** A schedule, queue or bucket that invokes a worker. Keys beyond these three are displayed unchanged. */
export interface Trigger {
  kind: string;
  source: string;
  /** The `source` of its dev events. */
  local_name?: string;
  [key: string]: unknown;
}

export interface App {
  name: string;
  url: string;
  endpoint: Settings;
  workers: Worker[];
  edges: Edge[] | null;
  resources?: ResourceUse[];
}

export interface AttemptView {
  started_at: string;
  outcome?: Outcome;
  error_type?: string;
  message?: string;
  duration_ms?: number;
  init_ms?: number;
  max_memory_mb?: number;
}

/** The request of a function URL. */
export interface HttpRequest {
  method: string;
  /** Without the query. */
  path: string;
}

export interface Invocation {
  request_id: string;
  worker: string;
  caller?: string;
  parent_request_id?: string;
  trace: string;
  mode: Mode;
  http?: HttpRequest;
  /** The HTTP status that the client got. */
  status?: number;
  outcome?: Outcome;
  attempts: AttemptView[];
}

export interface LogLine {
  id: number;
  at: string;
  level?: LogLevel;
  line: string;
}

export interface InvocationDetails extends Invocation {
  event: Payload;
  response?: Payload;
  stack: string[];
  logs: LogLine[];
  calls: string[];
}

export interface QueuedEvent {
  event_id: string;
  worker: string;
  state: 'waiting' | 'running' | 'failed';
  next_at: string | null;
  reason: string | null;
  accepted_at: string;
  attempts: number;
  last_error: unknown;
  event: Payload;
}

/** A message queue of SQS. */
export interface MessageQueue {
  name: string;
  worker: string | null;
  dead_letter_queue: string | null;
  messages: { waiting: number; in_flight: number; delayed: number };
}

export interface QueueMessage {
  message_id: string;
  state: 'waiting' | 'in_flight' | 'delayed';
  sent_at: string;
  visible_at: string;
  receives: number;
  body: Payload;
}

export type ExecutionStatus = 'RUNNING' | 'PAUSING' | 'PAUSED' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';

/** An execution of a durable worker. */
export interface Execution {
  execution_id: string;
  name: string;
  arn: string;
  worker: string;
  status: ExecutionStatus;
  started_at: string;
  ended_at: string | null;
  /** With which code of its worker it goes on; `null` after its end, and if it keeps no code. */
  code: 'current' | 'old' | null;
}

export interface ExecutionError {
  error_type: string | null;
  message: string | null;
  stack: string[];
}

export interface ExecutionOperation {
  operation_id: string;
  parent_id: string | null;
  name: string | null;
  kind: 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE';
  sub_type: string | null;
  status: 'STARTED' | 'PENDING' | 'READY' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT' | 'STOPPED';
  started_at: string;
  ended_at: string | null;
  attempts: number | null;
  due_at: string | null;
  callback_id: string | null;
  result: Payload | null;
  error: ExecutionError | null;
}

export interface ExecutionDetails extends Execution {
  times_out_at: string | null;
  pause_reason: string | null;
  input: Payload;
  result: Payload | null;
  error: ExecutionError | null;
  invocations: { request_id: string; started_at: string; ended_at: string | null }[];
  operation_count: number;
  operations: ExecutionOperation[];
}

export interface InvokeResponse {
  request_id: string;
  outcome?: Outcome;
  response?: unknown;
  error_type?: string;
  message?: string;
}

interface DevEventBase<K extends string> {
  id: number;
  at: string;
  kind: K;
}

export interface InvocationStarted extends DevEventBase<'invocation_started'> {
  request_id: string;
  worker: string;
  caller?: string;
  parent_request_id?: string;
  trace: string;
  mode: Mode;
  attempt?: number;
  http?: HttpRequest;
}

export interface InvocationEnded extends DevEventBase<'invocation_ended'> {
  request_id: string;
  worker: string;
  outcome: Outcome;
  status?: number;
  duration_ms: number;
  error_type?: string;
  message?: string;
  init_ms?: number;
  max_memory_mb?: number;
}

export interface LogEvent extends DevEventBase<'log'> {
  worker: string;
  request_id?: string;
  level?: LogLevel;
  line: string;
}

export interface BuildEvent extends DevEventBase<'build'> {
  state: 'started' | 'finished' | 'failed';
  workers: string[];
  duration_ms?: number;
  messages: string[];
}

export interface ReloadEvent extends DevEventBase<'reloaded'> {
  worker: string;
  files: string[];
  duration_ms: number;
}

export interface AsyncEventUpdate extends DevEventBase<'queue'> {
  event_id: string;
  worker: string;
  state: 'accepted' | 'waiting' | 'delivered' | 'failed' | 'dropped' | 'retried';
  attempts: number;
  next_at?: string;
}

export interface AppLifecycleEvent extends DevEventBase<'app_started' | 'app_stopped'> {
  name: string;
  url: string;
}

export interface TriggerEvent extends DevEventBase<'trigger'> {
  worker: string;
  trigger: string;
  source: string;
  state: string;
  items: number;
  request_id?: string;
}

export type DevEvent = InvocationStarted | InvocationEnded | LogEvent | BuildEvent | ReloadEvent | AsyncEventUpdate | AppLifecycleEvent | TriggerEvent;

/** Kinds of events to subscribe to: server-sent events carry the kind as their name. */
export const DEV_EVENT_KINDS = [
  'invocation_started', 'invocation_ended', 'log', 'build', 'reloaded', 'queue', 'app_started', 'app_stopped', 'trigger',
] as const;
