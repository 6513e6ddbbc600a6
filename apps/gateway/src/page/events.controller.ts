import { type BeforeApplicationShutdown, Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { sendEvents } from '../http/client-gone.js';
import { EventStreams } from '../limits/event-streams.js';
import { CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { getOrPut } from '../util/get-or-put.js';
import { LiveFeed, LiveSnapshots } from './live-feed.js';

/** The feed of all administrators. Not a valid tenant name. */
const ALL_TENANTS = '';

/** Streams live numbers to the page. */
@Controller('v1/events')
export class EventsController implements BeforeApplicationShutdown {
  /** One feed per tenant, and one for all administrators. */
  readonly #feeds = new Map<string, LiveFeed>();
  #closed = false;

  constructor(
    private readonly snapshots: LiveSnapshots,
    private readonly streams: EventStreams,
  ) {}

  @Get()
  listen(@Res() reply: FastifyReply, @CurrentTenant() tenant: Tenant): void {
    const feed = this.#feedOf(tenant);
    const listener = this.streams.open(
      tenant.name,
      () => feed.listen(),
      (stream) => feed.end(stream),
    );
    sendEvents(reply, listener);
  }

  // Open pages would otherwise delay the shutdown.
  beforeApplicationShutdown(): void {
    this.#closed = true;
    for (const feed of this.#feeds.values()) feed.close();
  }

  #feedOf(tenant: Tenant): LiveFeed {
    const name = tenant.admin ? ALL_TENANTS : tenant.name;
    const feed = getOrPut(this.#feeds, name, () => new LiveFeed(() => this.snapshots.take(tenant)));
    if (this.#closed) feed.close();
    return feed;
  }
}
