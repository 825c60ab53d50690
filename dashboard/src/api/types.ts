// What the API of `cargo bedrock dev` answers, as docs/schema/dev-api.v1.json has it. Keys that other versions may lack are optional.

export type Outcome = 'ok' | 'error' | 'timeout' | 'throttled' | 'denied';
export type Mode = 'sync' | 'event';
export type Language = 'rust' | 'python' | 'javascript';
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

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
}

export interface Worker {
  name: string;
  language: Language;
  folder: string;
  settings: Settings;
  triggers?: Trigger[];
}

export interface Edge {
  from: string;
  to: string;
}

/** What calls a worker by itself. Whatever keys there are beyond these are shown as they are. */
export interface Trigger {
  kind: string;
  source: string;
  [key: string]: unknown;
}

export interface App {
  name: string;
  url: string;
  endpoint: Settings;
  workers: Worker[];
  edges: Edge[] | null;
}

export interface AttemptSeen {
  started_at: string;
  outcome?: Outcome;
  error_type?: string;
  message?: string;
  duration_ms?: number;
  init_ms?: number;
  max_memory_mb?: number;
}

export interface Invocation {
  request_id: string;
  worker: string;
  caller?: string;
  parent_request_id?: string;
  trace: string;
  mode: Mode;
  outcome?: Outcome;
  attempts: AttemptSeen[];
}

export interface Line {
  id: number;
  at: string;
  level?: Level;
  line: string;
}

export interface InvocationAlone extends Invocation {
  event: Payload;
  response?: Payload;
  stack: string[];
  logs: Line[];
  calls: string[];
}

export interface QueueEvent {
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

export interface Called {
  request_id: string;
  outcome?: Outcome;
  response?: unknown;
  error_type?: string;
  message?: string;
}

interface Happened<K extends string> {
  id: number;
  at: string;
  kind: K;
}

export interface Started extends Happened<'invocation_started'> {
  request_id: string;
  worker: string;
  caller?: string;
  parent_request_id?: string;
  trace: string;
  mode: Mode;
  attempt?: number;
}

export interface Ended extends Happened<'invocation_ended'> {
  request_id: string;
  worker: string;
  outcome: Outcome;
  duration_ms: number;
  error_type?: string;
  message?: string;
  init_ms?: number;
  max_memory_mb?: number;
}

export interface Logged extends Happened<'log'> {
  worker: string;
  request_id?: string;
  level?: Level;
  line: string;
}

export interface Build extends Happened<'build'> {
  state: 'started' | 'finished' | 'failed';
  workers: string[];
  duration_ms?: number;
  messages: string[];
}

export interface Reloaded extends Happened<'reloaded'> {
  worker: string;
  files: string[];
  duration_ms: number;
}

export interface Queued extends Happened<'queue'> {
  event_id: string;
  worker: string;
  state: 'accepted' | 'waiting' | 'delivered' | 'failed' | 'dropped' | 'retried';
  attempts: number;
  next_at?: string;
}

export interface Place extends Happened<'app_started' | 'app_stopped'> {
  name: string;
  url: string;
}

export interface Triggered extends Happened<'trigger'> {
  worker: string;
  trigger: string;
  source: string;
  state: string;
  items: number;
  request_id?: string;
}

export type Happening = Started | Ended | Logged | Build | Reloaded | Queued | Place | Triggered;

/** Kinds that the stream is listened to for; it sends each under its own name. */
export const KINDS = [
  'invocation_started', 'invocation_ended', 'log', 'build', 'reloaded', 'queue', 'app_started', 'app_stopped', 'trigger',
] as const;
