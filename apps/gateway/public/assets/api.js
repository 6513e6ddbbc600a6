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
export async function complete(prompt, { fresh = false } = {}) {
  const startedAt = performance.now();
  const response = await ask('/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(fresh ? { 'cache-control': 'no-cache' } : {}) },
    body: JSON.stringify({ prompt }),
  });
  const body = await response.json();
  const timing = /^([\w-]+);dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '');
  return {
    ...body,
    source: timing?.[1] ?? 'factory',
    serverMs: Number(timing?.[2] ?? Number.NaN),
    roundTripMs: performance.now() - startedAt,
    cacheStatus: response.headers.get('cache-status') ?? '',
    ageSeconds: Number(response.headers.get('age') ?? Number.NaN),
  };
}
