import type { Backend } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { Claim, Relay } from '../stream/relay.js';
import type { Computation } from './computations.js';

/**
 * - `valid`: a caller may join
 * - `stored`: an entry was stored since the caller's read
 * - `invalid`: the key was deleted or a tag invalidated since the computation began, or another process took over
 */
export type JoinState = 'valid' | 'stored' | 'invalid';

const FAILED = Symbol('failed');

/**
 * Checks whether a caller may join a computation that runs in this process. Another process may have invalidated it
 * without this one being notified, and a caller that reads pieces cannot wait for its end to learn that.
 */
export class JoinCheck {
  constructor(
    private readonly backend: Pick<Backend, 'leases' | 'tags'>,
    private readonly guard: Guard,
  ) {}

  /** @param seen header of the entry that the caller has read; `null` without one */
  async stateOf(key: string, { relay }: Computation, seen: Buffer | null): Promise<JoinState> {
    while (relay.claim === undefined && !relay.isSettled) await relay.changed();
    const since = this.guard.moment;
    return relay.claim === undefined ? 'valid' : this.#check(key, relay, relay.claim, seen, since);
  }

  // Without Redis the processes cannot know of each other: then the computation here is joined as it is.
  async #check(
    key: string,
    relay: Relay,
    { token, tags }: Claim,
    seen: Buffer | null,
    since: number,
  ): Promise<JoinState> {
    // It began while Redis was away, and the caller has reached Redis: an invalidation in between went unnoticed.
    if (tags === null) return 'invalid';
    if (token === null) return 'valid';
    const { leases } = this.backend;
    const outcome = await this.guard.run(() => leases.peek(key, token, seen), FAILED, { since });
    if (outcome === FAILED) return 'valid';
    if (outcome.state === 'entry') return 'stored';
    if (outcome.state === 'gone') return 'invalid';
    // It has ended meanwhile, and this is its outcome.
    if (outcome.state !== 'held') return 'valid';
    if (outcome.holder !== token) return 'invalid';
    return (await this.#areCurrent(relay.claim?.tags, since)) ? 'valid' : 'invalid';
  }

  async #areCurrent(tags: Claim['tags'], since: number): Promise<boolean> {
    const names = Object.keys(tags ?? {});
    if (names.length === 0) return true;
    const versions = await this.guard.run(() => this.backend.tags.read(names), FAILED, { since });
    return versions === FAILED || names.every((name, index) => tags![name] === versions[index]);
  }
}
