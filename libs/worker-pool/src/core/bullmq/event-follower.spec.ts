import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import type { CompletionEvent } from '../contract/completion-event.js';
import { completedResult } from '../tasks/task-results.js';
import type { EventReader } from '../tasks/event-log.js';
import { EventFollower } from './event-follower.js';
import { EventText } from './event-writer.js';
import type { EventFacts } from './queue-commands.js';
import { ModelRedis } from './spec-support/model-redis.js';

const taskId = 'task';
const { signal } = new AbortController();
const result = completedResult(taskId, {
  completion: '',
  usage: { input_tokens: 0, output_tokens: 0 },
  cost: 0,
  model: 'm',
  stopReason: 'end_turn',
  content: [],
});

/** A run of the task; it goes on after it has lost its claim, as a frozen worker does. */
class ModelRun {
  readonly text: EventText;
  emitted = 0;

  constructor(readonly run: string) {
    this.text = new EventText({ taskId, run, signal }, 1_000_000, () => {});
  }

  emit(): void {
    const isCounted = !this.text.isFinished;
    this.text.emit({ type: 'event', run: this.run, number: this.emitted });
    this.emitted += Number(isCounted);
  }
}

/** An iteration in some process, and what it has received. */
class ModelReader {
  readonly events: CompletionEvent[] = [];
  end: 'open' | 'end' | string = 'open';
  #isWaiting = false;

  constructor(private readonly reader: EventReader) {}

  async next(): Promise<void> {
    if (this.#isWaiting || this.end !== 'open') return;
    this.#isWaiting = true;
    try {
      const { done, value } = await this.reader.next();
      if (done) this.end = 'end';
      else this.events.push(value);
    } catch (error) {
      this.end = (error as { code: string }).code;
    }
    this.#isWaiting = false;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Any number of workers, and two processes with two iterations each; only the test decides what happens when. */
class Model {
  readonly redis = new ModelRedis();
  readonly runs: ModelRun[] = [];
  readonly followers = [new EventFollower(taskId, 1_000_000), new EventFollower(taskId, 1_000_000)];
  readonly readers = this.followers.flatMap(({ log }) =>
    [1, 2].map(() => new ModelReader(log.read(undefined, () => {}))),
  );
  isCutAfterEnd = false;
  readonly #replies = new Map<EventFollower, { facts: EventFacts; isLast: boolean }>();

  act([action, index, size]: readonly [keyof Model['actions'], number, number]): void {
    this.actions[action](index, size);
  }

  readonly actions = {
    claim: () => {
      if (this.redis.isClaimed || this.redis.isFinished) return;
      this.runs.push(new ModelRun(this.redis.claim(`w${this.runs.length % 2}`)));
    },
    loseClaim: () => this.redis.loseClaim(),
    emit: (index: number) => this.runs[index % this.runs.length]?.emit(),
    write: (index: number, size: number) => this.#write(this.runs[index % this.runs.length], size, true),
    writeWithoutReply: (index: number, size: number) =>
      this.#write(this.runs[index % this.runs.length], size, false),
    cut: (_index: number, size: number) => {
      this.redis.cut(size);
      this.isCutAfterEnd ||= this.redis.isFinished;
    },
    /** The last event is there, but the worker may die before the task has ended. */
    endEvents: (index: number) => void this.runs[index % this.runs.length]?.text.finish(),
    finish: () => this.#finish(),
    read: (index: number, size: number) => this.#read(this.followers[index % 2]!, size),
    /** A read whose reply takes its time; there is one at once for each process. */
    request: (index: number, size: number) => this.#request(this.followers[index % 2]!, size),
    receive: (index: number) => this.#receive(this.followers[index % 2]!),
    next: (index: number) => void this.readers[index % 4]?.next(),
    announceEnd: (index: number) => {
      if (this.redis.isFinished) this.followers[index % 2]!.finish(result);
    },
  };

  /** Everything comes to its end: the last run completes, and everybody reads on. */
  async end(): Promise<void> {
    this.actions.claim();
    this.#finish();
    for (const follower of this.followers) {
      follower.finish(result);
      for (let reads = 0; reads < 1_000 && !follower.isClosed; reads += 1) this.#read(follower, 50);
    }
    for (let reads = 0; reads < 200 && this.readers.some(({ end }) => end === 'open'); reads += 1) {
      this.readers.forEach((reader) => void reader.next());
      await settle();
    }
  }

  #write(run: ModelRun | undefined, size: number, hasReply: boolean): void {
    if (!run) return;
    const length = this.redis.append(run.text.next(size));
    if (hasReply) run.text.written(length);
  }

  /** The run that holds the claim emits its last event, writes everything, and completes the task. */
  #finish(): void {
    const run = this.runs.at(-1);
    if (!run || !this.redis.holds(run.run)) return;
    void run.text.finish();
    while (!run.text.isWritten) this.#write(run, 1_000, true);
    this.redis.finish();
  }

  #read(follower: EventFollower, size: number): void {
    this.#receive(follower);
    this.#request(follower, size);
    this.#receive(follower);
  }

  #request(follower: EventFollower, size: number): void {
    const { position } = follower;
    if (!this.#replies.has(follower)) {
      this.#replies.set(follower, { facts: this.redis.read(position, size), isLast: position.isLast });
    }
  }

  #receive(follower: EventFollower): void {
    const reply = this.#replies.get(follower);
    this.#replies.delete(follower);
    if (reply) follower.take(reply.facts, reply.isLast);
  }
}

/** How often each action happens, relative to the others. */
const WEIGHTS: Record<keyof Model['actions'], number> = {
  claim: 8,
  loseClaim: 4,
  emit: 16,
  write: 20,
  writeWithoutReply: 4,
  cut: 2,
  endEvents: 1,
  finish: 1,
  read: 16,
  request: 8,
  receive: 8,
  next: 12,
  announceEnd: 4,
};

const action = fc.oneof(
  ...Object.entries(WEIGHTS).map(([name, weight]) => ({
    arbitrary: fc.constant(name as keyof Model['actions']),
    weight,
  })),
);

describe('the events of a task, whatever happens to its workers and to Redis', () => {
  it('are never mixed, lost, doubled or reordered, and no reader hangs', async () => {
    const anyStep = fc.tuple(action, fc.nat({ max: 7 }), fc.integer({ min: 1, max: 200 }));
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 120, size: 'max' }), async (steps) => {
        const model = new Model();
        model.actions.claim();
        for (const step of steps) model.act(step);
        await settle();
        await model.end();
        const last = model.runs.at(-1)!;
        for (const { events, end } of model.readers) {
          const run = events[0]?.['run'];
          const expected = events.map((_, number) => ({ type: 'event', run, number }));
          expect(events).toEqual(expected);
          if (end === 'end' && events.length > 0) {
            expect([run, events.length]).toEqual([last.run, last.emitted]);
          } else if (end === 'end') {
            expect(last.emitted === 0 || model.isCutAfterEnd).toBe(true);
          } else {
            expect(end).toBe('ERR_TASK_STREAM_INTERRUPTED');
            expect(events.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
