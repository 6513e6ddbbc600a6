import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError } from '@test/fixtures/redis-cache/controlled-backend.js';
import { type Deferred, deferred } from '@test/fixtures/redis-cache/deferred.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { resolveOptions } from '../options/redis-cache-options.schema.js';
import { assemble } from '../create-redis-cache.js';
import { ValueTooLargeError } from '../errors/errors.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const DEADLINE_MS = 400;
const MAX_REQUEST_BYTES = 100;
const POLL_MS = 1_000;

describe('the request queue', () => {
  let shifts: Deferred<string[]>[];
  let backend: ControlledBackend;
  let logger: RecordingLogger;
  let service: RedisCacheService;

  beforeEach(() => {
    logger = new RecordingLogger();
    use(new ControlledBackend());
  });

  afterEach(async () => {
    await service.close();
    jest.useRealTimers();
  });

  function use(next: ControlledBackend): void {
    backend = next;
    const queue = { maxLength: 3, maxRequestBytes: MAX_REQUEST_BYTES };
    service = assemble(resolveOptions({ commandTimeoutMs: DEADLINE_MS, queue }), backend, logger);
    backend.up();
  }

  /** From now on the test resolves each `shift` of the store. */
  function controlShifts(): void {
    jest.useFakeTimers();
    shifts = [];
    use(new ControlledBackend({ queue: { shift: () => (shifts[shifts.length] = deferred()).promise } }));
  }

  const queueRaw = (text: string): Promise<number> => backend.queue.push('requests', [text], 100);

  const freezeOneDequeue = async (): Promise<void> => {
    const taken = service.dequeueRequest();
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(await taken).toBeNull();
  };

  const recover = async (): Promise<void> => {
    await jest.advanceTimersByTimeAsync(100);
    backend.pings.at(-1)!.resolve('PONG');
    await jest.advanceTimersByTimeAsync(0);
  };

  it('returns requests in the order of arrival, and then null', async () => {
    for (const request of [{ a: 1 }, 'two', 3]) expect(await service.queueRequest(request)).toBe(true);
    expect(await service.getQueueLength()).toBe(3);
    const taken = [
      await service.dequeueRequest(),
      await service.dequeueRequest(),
      await service.dequeueRequest(),
    ];
    expect(taken).toEqual([{ a: 1 }, 'two', 3]);
    expect(await service.dequeueRequest()).toBeNull();
    expect(service.getCounters()).toMatchObject({ queued: 3, dequeued: 3, corrupt: 0 });
  });

  it('returns false at maxLength, logs nothing and does not count the request as queued', async () => {
    for (let request = 0; request < 3; request += 1) await service.queueRequest(request);
    expect(await service.queueRequest('one too many')).toBe(false);
    expect(service.getCounters().queued).toBe(3);
    expect(logger.lines).toEqual([]);
  });

  describe('with more requests than one command carries', () => {
    const many = Array.from({ length: 2_500 }, (_, index) => index);
    let chunks: number[];

    /** A store with room for these numbers of requests of each chunk. */
    const useRoom = (...rooms: number[]): void => {
      chunks = [];
      const push = async (_queue: string, requests: readonly string[]): Promise<number> => {
        chunks.push(requests.length);
        return Math.min(requests.length, rooms[chunks.length - 1]!);
      };
      use(new ControlledBackend({ queue: { push } }));
    };

    it('sends them in chunks, one after the other', async () => {
      useRoom(1_000, 1_000, 1_000);
      expect(await service.queue().queueRequests(many)).toEqual(many.map(() => true));
      expect(chunks).toEqual([1_000, 1_000, 500]);
    });

    it('sends no chunk after one that did not fit as a whole', async () => {
      useRoom(1_000, 10, 1_000);
      expect(await service.queue().queueRequests(many)).toEqual(many.map((index) => index < 1_010));
      expect(chunks).toEqual([1_000, 1_000]);
      expect(service.getCounters().queued).toBe(1_010);
    });

    it('also splits by length', async () => {
      useRoom(1_000, 1_000, 1_000);
      service = assemble(resolveOptions({ commandTimeoutMs: DEADLINE_MS }), backend, logger);
      backend.up();
      const long = Array.from({ length: 9 }, () => 'x'.repeat(1_000_000));
      expect(await service.queue().queueRequests(long)).toEqual(long.map(() => true));
      expect(chunks).toEqual([4, 4, 1]);
    });
  });

  it.each([undefined, () => 1, Symbol('s'), 1n, { deep: [1n] }])(
    'returns false for %p, which JSON cannot carry, and logs it',
    async (request) => {
      expect(await service.queueRequest(request)).toBe(false);
      expect(logger.matching(/^A request was not queued: /)).toHaveLength(1);
      expect(await service.getQueueLength()).toBe(0);
    },
  );

  it('throws for a request whose texts alone exceed maxRequestBytes, without writing it as JSON', async () => {
    const request = ['x'.repeat(MAX_REQUEST_BYTES + 1), 1n];
    const message = `request takes at least ${MAX_REQUEST_BYTES + 1} bytes as JSON`;
    await expect(service.queueRequest(request)).rejects.toThrow(message);
  });

  it('throws for a request above maxRequestBytes, in bytes rather than characters', async () => {
    const fits = 'ü'.repeat((MAX_REQUEST_BYTES - 2) / 2);
    expect(await service.queueRequest(fits)).toBe(true);
    const tooLarge = service.queueRequest(`${fits}ü`);
    await expect(tooLarge).rejects.toBeInstanceOf(ValueTooLargeError);
    await expect(tooLarge).rejects.toMatchObject({
      field: 'request',
      bytes: MAX_REQUEST_BYTES + 2,
      limit: MAX_REQUEST_BYTES,
      code: 'ERR_CACHE_VALUE_TOO_LARGE',
      message: 'request takes 102 bytes as JSON; the limit is 100',
    });
  });

  it.each(['', '{"half', 'NaN', 'undefined'])('skips %j, which is not valid JSON', async (text) => {
    await queueRaw(text);
    await service.queueRequest('readable');
    expect(await service.dequeueRequest()).toBe('readable');
    expect(service.getCounters()).toMatchObject({ corrupt: 1, dequeued: 1 });
    expect(logger.matching(/^Skipped a queued request/)).toHaveLength(1);
  });

  it('returns null after skipping unreadable requests when no other waits', async () => {
    await queueRaw('{');
    await queueRaw('{');
    expect(await service.dequeueRequest()).toBeNull();
    expect(service.getCounters().corrupt).toBe(2);
  });

  it.each([false, 0, ''])('returns %j like any other request', async (request) => {
    await service.queueRequest(request);
    expect(await service.dequeueRequest()).toBe(request);
  });

  it('is empty after clearing', async () => {
    await service.queueRequest(1);
    expect(await service.clearQueue()).toBe(true);
    expect(await service.getQueueLength()).toBe(0);
    expect(await service.dequeueRequest()).toBeNull();
  });

  it('clears and dequeues only its own requests', async () => {
    await backend.queue.push('other', ['"of another"'], 10);
    await service.clearQueue();
    expect(await service.dequeueRequest()).toBeNull();
    expect(await backend.queue.length('other')).toBe(1);
  });

  describe('when a reply comes late', () => {
    beforeEach(controlShifts);

    it('returns the late request first, without a call to the store', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve(['"late"']);
      await recover();
      expect(await service.dequeueRequest()).toBe('late');
      expect(shifts).toHaveLength(1);
      expect(service.getCounters().dequeued).toBe(1);
    });

    it('returns it once', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve(['"late"']);
      await recover();
      await service.dequeueRequest();
      const next = service.dequeueRequest();
      shifts[1]!.resolve([]);
      expect(await next).toBeNull();
    });

    it('keeps the order of several late requests', async () => {
      const taken = [service.dequeueRequest(), service.dequeueRequest(), service.dequeueRequest()];
      await jest.advanceTimersByTimeAsync(DEADLINE_MS);
      expect(await Promise.all(taken)).toEqual([null, null, null]);
      shifts.forEach((shift, index) => shift.resolve([String(index)]));
      await recover();
      expect([await service.dequeueRequest(), await service.dequeueRequest()]).toEqual([0, 1]);
      expect(await service.dequeueRequest()).toBe(2);
    });

    it('counts it as waiting, and clears it with the others', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve(['"late"']);
      await recover();
      expect(await service.getQueueLength()).toBe(1);
      expect(await service.clearQueue()).toBe(true);
      expect(await service.getQueueLength()).toBe(0);
    });

    it('gives it to a waiting call, although Redis no longer has it', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve(['"late"']);
      const waiting = service.queue().waitForRequest({ timeoutMs: 60_000 });
      await recover();
      await jest.advanceTimersByTimeAsync(POLL_MS);
      expect(await waiting).toBe('late');
    });

    it('skips a late request that is unreadable', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve(['{']);
      await recover();
      const next = service.dequeueRequest();
      await jest.advanceTimersByTimeAsync(0);
      shifts[1]!.resolve(['"readable"']);
      expect(await next).toBe('readable');
    });

    it('keeps nothing when the late reply is empty', async () => {
      await freezeOneDequeue();
      shifts[0]!.resolve([]);
      await recover();
      expect(await service.getQueueLength()).toBe(0);
    });
  });

  describe('while Redis is unavailable', () => {
    beforeEach(() => backend.down());

    it('returns every fallback at once', async () => {
      expect(await service.queueRequest(1)).toBe(false);
      expect(await service.dequeueRequest()).toBeNull();
      expect(await service.getQueueLength()).toBe(0);
      expect(await service.clearQueue()).toBe(false);
    });

    it('still throws for a request above maxRequestBytes', async () => {
      await expect(service.queueRequest('x'.repeat(101))).rejects.toBeInstanceOf(ValueTooLargeError);
    });
  });

  it('does not count a full queue as a write that the server accepted', async () => {
    const answers = [replyError('OOM x'), 0];
    const push = async (): Promise<number> => {
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    use(new ControlledBackend({ queue: { push } }));
    await service.queueRequest('refused');
    await service.queueRequest('full');
    expect(service.getStatus().writable).toBe(false);
    expect(logger.lines).toHaveLength(1);
  });
});
