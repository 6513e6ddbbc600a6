const KEY = 'gateway-key';

/** The key that the user typed; kept in this tab only. */
export const key = {
  read: () => sessionStorage.getItem(KEY),
  keep: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** An answer that is an error, with what the gateway says about it. */
export class ApiError extends Error {
  constructor(status, message, retryAfterSeconds) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Asks the gateway, with the key if there is one. Rejects with `ApiError` for anything but a 2xx. */
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
  const message = problem.detail ?? problem.title ?? `The gateway answered ${response.status}.`;
  return new ApiError(response.status, message, Number(response.headers.get('retry-after')) || undefined);
}

/** Sends a prompt. Answers what came back, where from, and how long it took here and there. */
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
