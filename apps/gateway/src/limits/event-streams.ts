import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';

const RETRY_AFTER_SECONDS = 5;
const TOO_MANY = new ProblemError(
  503,
  'Too many event streams are open (MAX_EVENT_STREAMS).',
  { code: 'ERR_TOO_MANY_LISTENERS' },
  RETRY_AFTER_SECONDS,
);

/** An open stream; `end` ends it for its client, which may connect again. */
interface Place {
  readonly end: () => void;
}

/**
 * The open event streams of this process. While there is room, a tenant may have as many as it opens. When all places are
 * taken, a tenant below its equal share gets the place of the newest stream of the tenant with the most.
 */
@Injectable()
export class EventStreams {
  readonly #max: number;
  readonly #placesOf = new Map<string, Set<Place>>();

  constructor(@Inject(gatewayConfig.KEY) config: Pick<GatewayConfig, 'MAX_EVENT_STREAMS'>) {
    this.#max = config.MAX_EVENT_STREAMS;
  }

  /**
   * Opens a stream that has a place until it is closed.
   *
   * @throws {ProblemError} 503 if all places are taken and the tenant has its share of them
   */
  open<Stream extends Readable>(tenant: string, create: () => Stream, end: (stream: Stream) => void): Stream {
    if (this.#count >= this.#max) this.#makeRoomFor(tenant);
    const stream = create();
    const place = { end: () => end(stream) };
    const places = this.#placesOf.get(tenant) ?? new Set();
    this.#placesOf.set(tenant, places.add(place));
    stream.once('close', () => this.#leave(tenant, place));
    return stream;
  }

  get #count(): number {
    return [...this.#placesOf.values()].reduce((count, { size }) => count + size, 0);
  }

  #makeRoomFor(tenant: string): void {
    const own = this.#placesOf.get(tenant)?.size ?? 0;
    const tenants = this.#placesOf.size + (own === 0 ? 1 : 0);
    const [richest, places] = [...this.#placesOf].reduce((one, other) =>
      other[1].size > one[1].size ? other : one,
    );
    // Taking a place from a tenant that then has fewer than this one would only exchange them.
    if (own >= Math.floor(this.#max / tenants) || places.size <= own + 1) throw TOO_MANY;
    const newest = [...places].at(-1)!;
    this.#leave(richest, newest);
    newest.end();
  }

  #leave(tenant: string, place: Place): void {
    const places = this.#placesOf.get(tenant);
    places?.delete(place);
    if (places?.size === 0) this.#placesOf.delete(tenant);
  }
}
