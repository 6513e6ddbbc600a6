import { type BeforeApplicationShutdown, Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { sendEvents } from '../http/client-gone.js';
import { ProblemError } from '../http/problem.js';
import { CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { getOrPut } from '../util/get-or-put.js';
import { LiveFeed, LiveSnapshots } from './live-feed.js';

const MAX_LISTENERS = 200;
/** The feed of all administrators. Not a valid tenant name. */
const ALL_TENANTS = '';
const TOO_MANY = new ProblemError(503, 'Too many pages are open.', { code: 'ERR_TOO_MANY_LISTENERS' }, 5);

/** Streams live numbers to the page. */
@Controller('v1/events')
export class EventsController implements BeforeApplicationShutdown {
  /** One feed per tenant, and one for all administrators. */
  readonly #feeds = new Map<string, LiveFeed>();
  #closed = false;

  constructor(private readonly snapshots: LiveSnapshots) {}

  @Get()
  listen(@Res() reply: FastifyReply, @CurrentTenant() tenant: Tenant): void {
    if (this.#listeners >= MAX_LISTENERS) throw TOO_MANY;
    sendEvents(reply, this.#feedOf(tenant).listen());
  }

  // Open pages would otherwise delay the shutdown.
  beforeApplicationShutdown(): void {
    this.#closed = true;
    for (const feed of this.#feeds.values()) feed.close();
  }

  get #listeners(): number {
    return [...this.#feeds.values()].reduce((listeners, { size }) => listeners + size, 0);
  }

  #feedOf(tenant: Tenant): LiveFeed {
    const name = tenant.admin ? ALL_TENANTS : tenant.name;
    const feed = getOrPut(this.#feeds, name, () => new LiveFeed(() => this.snapshots.take(tenant)));
    if (this.#closed) feed.close();
    return feed;
  }
}
