import { readEvents } from './events.js';

const KEY = 'gateway-key';

/** The key that the user entered; kept in this tab only. */
export const key = {
  read: () => sessionStorage.getItem(KEY),
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** An error response, with the gateway's message. */
export class ApiError extends Error {
  constructor(status, message, retryAfterSeconds) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Sends a request to the gateway, with the key if there is one. Rejects with `ApiError` unless it gets a 2xx. */
export async function ask(path, { headers = {}, ...init } = {}) {
  const current = key.read();
  const response = await fetch(path, {
    ...init,
    headers: current ? { ...headers, authorization: `Bearer ${current}` } : headers,
  });
  if (response.ok) return response;
  throw await errorOf(response);
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail ?? problem.title ?? `The gateway returned ${response.status}.`;
  return new ApiError(response.status, message, Number(response.headers.get('retry-after')) || undefined);
}

/** Sends a prompt. Returns the response, its source, and the durations measured here and by the gateway. */
export async function complete(prompt, options) {
  const startedAt = performance.now();
  const response = await post({ prompt }, options);
  const body = await response.json();
  return { ...body, ...originOf(response), roundTripMs: performance.now() - startedAt };
}

/**
 * Sends a prompt and reads the answer while it is computed: calls `onOrigin` when its source is known, and `onText` with
 * each part of its text. Returns what `complete` returns; rejects with `ApiError` if the answer breaks off.
 */
export async function stream(prompt, { onOrigin, onText, ...options }) {
  const startedAt = performance.now();
  const response = await post({ prompt, stream: true }, options);
  const origin = originOf(response);
  onOrigin(origin);
  let end = { status: 502, detail: 'The answer broke off.' };
  await readEvents(response.body, {
    onEvent: (name, data) => (name === 'delta' ? onText(data.text) : (end = data)),
  });
  if (end.completion === undefined) throw new ApiError(end.status, end.detail);
  return { ...end, ...origin, roundTripMs: performance.now() - startedAt };
}

function post(body, { fresh = false } = {}) {
  const headers = { 'content-type': 'application/json', ...(fresh ? { 'cache-control': 'no-cache' } : {}) };
  return ask('/v1/completions', { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Where the answer comes from, and the time until its first part. */
function originOf({ headers }) {
  const timing = /^([\w-]+);dur=([\d.]+)/.exec(headers.get('server-timing') ?? '');
  return {
    source: timing?.[1] ?? 'factory',
    serverMs: Number(timing?.[2] ?? Number.NaN),
    cacheStatus: headers.get('cache-status') ?? '',
    ageSeconds: Number(headers.get('age') ?? Number.NaN),
  };
}
