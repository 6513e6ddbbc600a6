import { LeaseEndedError } from '../errors/errors.js';
import type { Reservations } from './reservations.js';
import type { Job } from './job.js';

/** How often a lease is renewed while it runs. */
const RENEWALS_PER_LEASE = 3;

/** Renews the leases of all that a process holds, with one command for all of them. */
export class LeaseKeeper {
  readonly #jobs = new Map<string, Job<unknown>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly reservations: Pick<Reservations, 'extend'>,
    private readonly leaseMs: number,
  ) {}

  get size(): number {
    return this.#jobs.size;
  }

  get held(): Job<unknown>[] {
    return [...this.#jobs.values()];
  }

  hold(job: Job<unknown>): void {
    this.#jobs.set(job.id, job);
    this.#timer ??= setInterval(() => void this.renew(), this.leaseMs / RENEWALS_PER_LEASE).unref();
  }

  drop(job: Job<unknown>): void {
    this.#jobs.delete(job.id);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#jobs.clear();
  }

  /** Who has lost a request hears of it. Where Redis does not tell, work goes on. */
  async renew(): Promise<void> {
    if (this.#jobs.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const jobs = this.held;
    const still = await this.reservations.extend(
      jobs.map(({ id }) => id),
      this.leaseMs,
    );
    for (const [index, job] of jobs.entries()) {
      if (still[index] === false && this.#jobs.delete(job.id)) {
        job.lose(new LeaseEndedError('the lease was lost, and the request may be with another consumer'));
      }
    }
  }
}
