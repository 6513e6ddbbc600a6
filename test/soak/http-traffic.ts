import { setTimeout as sleep } from 'node:timers/promises';
import { jsonPost } from '@test/gateway/start-gateway.js';

/** Few, so that all bodies are known to the gateway after the warm-up. */
const PROMPTS = 25;
const RATE = 15;
const MAX_IN_FLIGHT = 16;
/** Longer than any wait that a fault of Redis may cause: a task that outlasts this hangs. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Statuses that the gateway may return; anything else, 500 above all, is a finding. */
const EXPECTED = new Set([200, 202, 204, 400, 404, 415, 429, 502, 503, 504, 529]);

/** Requests to the gateway, in a random order. */
export class HttpTraffic {
  readonly unexpected: Record<string, number> = {};
  done = 0;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #requests: readonly (() => Promise<unknown>)[];
  #isPaused = false;
  #isEnding = false;

  constructor(
    private readonly url: string,
    private readonly random: () => number,
  ) {
    const completion = (more: object = {}) =>
      this.#post('/v1/completions', { prompt: this.#prompt(), ttl_seconds: 1 + this.#below(3), ...more });
    const task = async (): Promise<void> => {
      const { headers } = await this.#later();
      const location = headers.get('location');
      if (location !== null) await this.#call(location, { method: this.#below(2) ? 'GET' : 'DELETE' });
    };
    const messages = () => ({
      model: 'offline',
      max_tokens: 20,
      messages: [{ role: 'user', content: this.#prompt() }],
    });
    this.#requests = [
      ...Array.from({ length: 6 }, () => () => completion()),
      () => completion({ tags: [`tag${this.#below(5)}`] }),
      () => completion({ stream: true }),
      () => this.#later(),
      task,
      () => this.#post('/v1/messages', messages()),
      () => this.#post('/v1/messages', { ...messages(), stream: true }),
      () => this.#post('/v1/chat/completions', messages()),
      () => this.#post('/v1/queue', { prompt: this.#prompt(), ttl_seconds: 2 }),
      () => this.#call('/v1/queue'),
      () => this.#call(`/v1/cache/tags/tag${this.#below(5)}`, { method: 'DELETE' }),
      () => this.#call('/v1/cache/stats'),
      () => this.#call('/health'),
      () => this.#call('/metrics'),
      () => this.#post('/v1/completions', { prompt: 7 }),
      () => this.#call('/nowhere'),
      () => this.#leaveEarly(),
    ];
  }

  async run(): Promise<void> {
    while (!this.#isEnding) {
      await sleep(1_000 / RATE);
      if (this.#isPaused || this.#inFlight.size >= MAX_IN_FLIGHT) continue;
      const request = this.#requests[this.#below(this.#requests.length)]!;
      const done = request().then(
        () => void (this.done += 1),
        (error: unknown) => this.#note(String(error)),
      );
      this.#inFlight.add(done);
      void done.finally(() => this.#inFlight.delete(done));
    }
  }

  /** Resolves when no request is in flight. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await Promise.all(this.#inFlight);
  }

  resume(): void {
    this.#isPaused = false;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.pause();
  }

  #later(): Promise<Response> {
    const body = { prompt: this.#prompt(), ttl_seconds: 3 };
    return this.#post('/v1/completions', body, { prefer: 'respond-async' });
  }

  #post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    const init = jsonPost(body);
    return this.#call(path, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...headers },
    });
  }

  async #call(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(new URL(path, this.url), {
      ...init,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    if (!EXPECTED.has(response.status)) this.#note(`${init.method ?? 'GET'} ${path} → ${response.status}`);
    return response;
  }

  async #leaveEarly(): Promise<void> {
    const init = { ...jsonPost({ prompt: this.#prompt(), stream: true }), signal: AbortSignal.timeout(5) };
    // Aborted before the head of the response, or within its body.
    await fetch(`${this.url}/v1/completions`, init)
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
  }

  #note(finding: string): void {
    this.unexpected[finding] = (this.unexpected[finding] ?? 0) + 1;
  }

  #prompt(): string {
    return `Redis is fast. A cache keeps answers. This is prompt number ${this.#below(PROMPTS)}. It costs money once.`;
  }

  #below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}
