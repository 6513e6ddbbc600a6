import { type BeforeApplicationShutdown, Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '../http/problem.js';
import { LiveFeed } from './live-feed.js';
import { LiveSnapshots } from './live-snapshot.js';

const MAX_LISTENERS = 200;
const TOO_MANY = new ProblemError(503, 'Too many pages are open.', { code: 'ERR_TOO_MANY_LISTENERS' }, 5);

/** What the page listens to. */
@Controller('v1/events')
export class EventsController implements BeforeApplicationShutdown {
  readonly #feed: LiveFeed;

  constructor(snapshots: LiveSnapshots) {
    this.#feed = new LiveFeed(() => snapshots.take());
  }

  @Get()
  listen(@Res() reply: FastifyReply): void {
    if (this.#feed.size >= MAX_LISTENERS) throw TOO_MANY;
    void reply
      .header('Content-Type', 'text/event-stream; charset=utf-8')
      .header('Cache-Control', 'no-store')
      // Proxies that collect answers before they pass them on would hold events back.
      .header('X-Accel-Buffering', 'no')
      .send(this.#feed.listen());
  }

  // Pages that stay open would hold up the end of the process.
  beforeApplicationShutdown(): void {
    this.#feed.close();
  }
}
