// Asks the API of `cargo bedrock dev`. Knows its errors and its token; what the answers mean is for others.

import { parseExact } from '../text/exact';

const BASE = '/_bedrock/v1';

/** It answered, but not with what was asked for. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** It did not answer. */
export class Unreachable extends Error {
  constructor() {
    super('`cargo bedrock dev` does not answer');
  }
}

let token: string | undefined;

/** The token of this run, which tells runs apart, too. Asked for anew after `forgetToken`. */
export async function currentToken(): Promise<string> {
  token ??= (await get<{ token: string }>('/token')).token;
  return token;
}

export function forgetToken(): void {
  token = undefined;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return parseExact(await text(await answer(path, { signal: signal ?? null }))) as T;
}

/** The body as it is. */
export async function getText(path: string): Promise<string> {
  return text(await answer(path, {}));
}

/** Changes something; with a new token once more if the one at hand is of another run. Gives the body as it is. */
export async function post(path: string, body?: string): Promise<string> {
  const send = async (): Promise<string> => {
    const headers: Record<string, string> = { 'X-Bedrock-Token': await currentToken() };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    return text(await answer(path, { method: 'POST', headers, body: body ?? null }));
  };
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 403) throw error;
    forgetToken();
    return send();
  }
}

async function answer(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + path, { cache: 'no-store', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable();
  }
  if (response.ok) return response;
  throw new Refused(response.status, (await said(response)) ?? `\`${path}\` was answered with status ${response.status}`);
}

async function text(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    throw new Unreachable();
  }
}

async function said(response: Response): Promise<string | undefined> {
  try {
    const body = (await response.json()) as { error?: { message?: string } };
    return body.error?.message;
  } catch {
    return undefined;
  }
}

/** The address of the stream. */
export function streamAddress(after: number): string {
  return `${BASE}/events?after=${after}`;
}
