import { ask } from './api.js';
import { readEvents } from './events.js';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/**
 * Listens to the gateway's events while the page is open, and reconnects when the connection is lost. The stream is read
 * with `fetch`, because `EventSource` cannot send a key.
 */
export function listen({ onSnapshot, onBeat, onLost, onRefused }) {
  let current = new AbortController();
  let retryMs = FIRST_RETRY_MS;

  async function run(signal) {
    while (!signal.aborted) {
      try {
        const response = await ask('/v1/events', { signal });
        retryMs = FIRST_RETRY_MS;
        await readEvents(response.body, { onEvent: (_name, data) => onSnapshot(data), onComment: onBeat });
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401) return onRefused();
      }
      onLost();
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  void run(current.signal);
  return {
    /** Reconnects, with another key. */
    restart() {
      current.abort();
      current = new AbortController();
      void run(current.signal);
    },
  };
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
