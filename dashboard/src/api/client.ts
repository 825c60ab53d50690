// HTTP client of the API of `cargo bedrock dev`: reads its errors and sends its token. Does not interpret the responses.

import { parseExact } from '../text/exact_json';

const BASE = '/_bedrock/v1';

/** The API answered with an error status. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** The API could not be reached. */
export class ConnectionError extends Error {
  constructor() {
    super('`cargo bedrock dev` does not answer');
  }
}

let token: string | undefined;

/** Returns the token of this run, which also tells runs apart. Requests a new one after `forgetToken`. */
export async function currentToken(): Promise<string> {
  token ??= (await get<{ token: string }>('/token')).token;
  return token;
}

export function forgetToken(): void {
  token = undefined;
}

/** Requests `path` and parses the response as JSON; numbers keep their digits. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return parseExact(await readText(await request(path, { signal: signal ?? null }))) as T;
}

/** Requests `path` and returns the unparsed body. */
export async function getText(path: string): Promise<string> {
  return readText(await request(path, {}));
}

/** Sends a change and returns the unparsed body. If the stored token is rejected, tries once more with the token of the current run. */
export async function post(path: string, body?: string): Promise<string> {
  const send = async (): Promise<string> => {
    const headers: Record<string, string> = { 'X-Bedrock-Token': await currentToken() };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    return readText(await request(path, { method: 'POST', headers, body: body ?? null }));
  };
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    forgetToken();
    return send();
  }
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + path, { cache: 'no-store', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ConnectionError();
  }
  if (response.ok) return response;
  throw new ApiError(response.status, (await errorMessageOf(response)) ?? `\`${path}\` returned status ${response.status}`);
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    throw new ConnectionError();
  }
}

async function errorMessageOf(response: Response): Promise<string | undefined> {
  try {
    const body = (await response.json()) as { error?: { message?: string } };
    return body.error?.message;
  } catch {
    return undefined;
  }
}

/** Returns the URL of the event stream, starting after the event with the id `after`. */
export function eventStreamUrl(after: number): string {
  return `${BASE}/events?after=${after}`;
}
