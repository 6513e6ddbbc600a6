import { randomUUID } from 'node:crypto';
import type { Backend, LeaseAttempt, LeaseOutcome } from '@redis-cache/core/backend/backend.js';
import { decodeEntry, encodeEntry, HEADER_BYTES } from '@redis-cache/core/entry/entry-envelope.js';
import { type LeaseReply, LeaseReference, type LeaseStep } from './lease-reference.js';

export const LEASE_MS = 600_000;
const ACTIONS = ['renew', 'complete', 'put', 'fail', 'share', 'release'] as const;

/** A key of a backend in which each sequence of steps has the same time and data to itself. */
export interface LeaseSubject {
  readonly backend: Pick<Backend, 'leases' | 'entries'>;
  readonly key: string;
  /** Lets the lease, and what was left with it, expire. */
  expire(): Promise<unknown>;
  /** Loses the data of the key, as a restart does. */
  lose(): Promise<unknown>;
}

/** Carries out the steps on the store and on the reference. Returns what differs, `null` if nothing does. */
export async function compareLeases(
  subject: LeaseSubject,
  steps: readonly LeaseStep[],
): Promise<string | null> {
  const reference = new LeaseReference();
  const run = new LeaseRun(subject);
  for (const [index, step] of steps.entries()) {
    const text = step.does === 'acquire' || step.does === 'adopt' ? randomUUID() : `entry ${index}`;
    // The reference changes what the process knows.
    const process = 'process' in step ? { ...reference.processes[step.process]! } : null;
    const expected = reference.take(step, text);
    const actual = await run.take(step, text, process);
    if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
    const story = steps.slice(0, index + 1).map((one) => JSON.stringify(one));
    return `${story.join(', ')} gave ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
  }
  return null;
}

class LeaseRun {
  /** By what they hold, so that each entry has one form. */
  readonly #entries = new Map<string, Buffer>();

  constructor(private readonly subject: LeaseSubject) {}

  async take(
    step: LeaseStep,
    text: string,
    process: { token: string | null; seen: string | null } | null,
  ): Promise<LeaseReply | null> {
    const { backend, key } = this.subject;
    const { leases, entries } = backend;
    if (process === null) return this.#happen(step.does);
    const token = process.token ?? randomUUID();
    const seen = process.seen === null ? null : this.#entry(process.seen).subarray(0, HEADER_BYTES);
    if (step.does === 'acquire') {
      const { force, hasStale } = step;
      return replyOf(await leases.acquire(key, text, LEASE_MS, { seen, force, hasStale }));
    }
    if (step.does === 'peek') return replyOf(await leases.peek(key, token, seen));
    if (step.does === 'adopt') return [await leases.adopt(key, token, text, LEASE_MS)];
    if (step.does === 'read') {
      const bytes = await entries.get(key);
      return [bytes !== null, bytes && contentOf(bytes)];
    }
    return [await this.#act(step.does as (typeof ACTIONS)[number], token, text)];
  }

  async #happen(what: LeaseStep['does']): Promise<null> {
    if (what === 'expire') await this.subject.expire();
    else if (what === 'lose data') await this.subject.lose();
    else await this.subject.backend.entries.delete([this.subject.key]);
    return null;
  }

  #act(what: (typeof ACTIONS)[number], token: string, text: string): Promise<boolean> {
    const { key, backend } = this.subject;
    const { leases } = backend;
    if (what === 'complete' || what === 'put') return leases[what](key, token, this.#entry(text), LEASE_MS);
    if (what === 'fail' || what === 'share') return leases[what](key, token, token, LEASE_MS);
    return what === 'renew' ? leases.renew(key, token, LEASE_MS) : leases.release(key, token);
  }

  #entry(text: string): Buffer {
    const known = this.#entries.get(text);
    if (known) return known;
    const createdAt = 1_800_000_000_000 + this.#entries.size;
    const entry = encodeEntry(JSON.stringify(text), {
      createdAt,
      expiresAt: createdAt + LEASE_MS,
      durationMs: 1,
    });
    this.#entries.set(text, entry);
    return entry;
  }
}

function replyOf(outcome: LeaseAttempt | LeaseOutcome): LeaseReply {
  if (outcome.state === 'held') return ['held', outcome.holder];
  if (outcome.state === 'entry') return ['entry', contentOf(outcome.bytes)];
  if (outcome.state === 'failed') return ['failed', outcome.failure];
  return outcome.state === 'value' ? ['value', outcome.json] : [outcome.state];
}

function contentOf(bytes: Buffer): string {
  return String(decodeEntry(bytes)?.value);
}
