import type { TextSealer } from '../../encryption/text-sealer.js';
import type { EntrySealer } from '../../entry/entry-sealing.js';
import type { LeaseAdoption, LeaseAttempt, LeaseOutcome, LeaseRequest, LeaseStore } from '../backend.js';

/** Encrypts what a holder leaves with its lease: entries, failures, and values that are not stored. */
export class SealedLeaseStore implements LeaseStore {
  constructor(
    private readonly inner: LeaseStore,
    private readonly entries: EntrySealer,
    private readonly texts: TextSealer,
  ) {}

  async acquire(key: string, token: string, leaseMs: number, request: LeaseRequest): Promise<LeaseAttempt> {
    const attempt = await this.inner.acquire(key, token, leaseMs, request);
    if (attempt.state !== 'failed') return attempt;
    const failure = this.texts.open('failure', key, attempt.failure);
    if (failure !== null) return { state: 'failed', failure };
    // As if the last computation had left nothing.
    return this.inner.acquire(key, token, leaseMs, { ...request, hasStale: false });
  }

  renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.inner.renew(key, token, leaseMs);
  }

  async peek(key: string, holder: string, seen: Buffer | null): Promise<LeaseOutcome> {
    const outcome = await this.inner.peek(key, holder, seen);
    if (outcome.state === 'failed') {
      const failure = this.texts.open('failure', key, outcome.failure);
      return failure === null ? { state: 'gone' } : { state: 'failed', failure };
    }
    if (outcome.state !== 'value') return outcome;
    const json = this.texts.open('value', key, outcome.json);
    return json === null ? { state: 'gone' } : { state: 'value', json };
  }

  complete(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    return this.inner.complete(key, token, this.entries.seal(key, entry), ttlMs);
  }

  completeFailed(
    key: string,
    token: string,
    failure: Buffer,
    ttlMs: number,
    seen: Buffer | null,
  ): Promise<boolean> {
    return this.inner.completeFailed(key, token, this.entries.seal(key, failure), ttlMs, seen);
  }

  adopt(key: string, token: string | null, next: string, leaseMs: number): Promise<LeaseAdoption> {
    return this.inner.adopt(key, token, next, leaseMs);
  }

  put(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    return this.inner.put(key, token, this.entries.seal(key, entry), ttlMs);
  }

  fail(key: string, token: string, failure: string, keepMs: number): Promise<boolean> {
    return this.inner.fail(key, token, this.texts.seal('failure', key, failure), keepMs);
  }

  share(key: string, token: string, json: string, keepMs: number): Promise<boolean> {
    return this.inner.share(key, token, this.texts.seal('value', key, json), keepMs);
  }

  release(key: string, token: string): Promise<boolean> {
    return this.inner.release(key, token);
  }
}
