import { type BeforeApplicationShutdown, Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '../http/problem.js';
import { sendEvents } from '../http/client-gone.js';
import { CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { LiveFeed } from './live-feed.js';
import { LiveSnapshots } from './live-snapshot.js';

const MAX_LISTENERS = 200;
/** No tenant's name. */
const EVERYBODYS = '';
const TOO_MANY = new ProblemError(503, 'Too many pages are open.', { code: 'ERR_TOO_MANY_LISTENERS' }, 5);

/** What the page listens to. */
@Controller('v1/events')
export class EventsController implements BeforeApplicationShutdown {
  /** One for each tenant, and one for all administrators. */
  readonly #feeds = new Map<string, LiveFeed>();
  #closed = false;

  constructor(private readonly snapshots: LiveSnapshots) {}

  @Get()
  listen(@Res() reply: FastifyReply, @CurrentTenant() tenant: Tenant): void {
    if (this.#listeners >= MAX_LISTENERS) throw TOO_MANY;
    sendEvents(reply, this.#feedOf(tenant).listen());
  }

  // Pages that stay open would hold up the end of the process.
  beforeApplicationShutdown(): void {
    this.#closed = true;
    for (const feed of this.#feeds.values()) feed.close();
  }

  get #listeners(): number {
    return [...this.#feeds.values()].reduce((listeners, { size }) => listeners + size, 0);
  }

  #feedOf(tenant: Tenant): LiveFeed {
    const whose = tenant.admin ? EVERYBODYS : tenant.name;
    const feed = this.#feeds.get(whose) ?? new LiveFeed(() => this.snapshots.take(tenant));
    this.#feeds.set(whose, feed);
    if (this.#closed) feed.close();
    return feed;
  }
}
