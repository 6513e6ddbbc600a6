import { ask } from './api.js';

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
        await read(response.body, { onSnapshot, onBeat });
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

async function read(body, { onSnapshot, onBeat }) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) onBeat();
      else onSnapshot(JSON.parse(data));
    }
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
