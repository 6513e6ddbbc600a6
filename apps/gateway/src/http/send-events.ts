import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Sends a stream of Server-Sent Events that ends with its response at the latest. The framework sees to that only where
 * it sends the body, which it does not for a HEAD request: nobody would end such a stream.
 */
export function sendEvents(reply: FastifyReply, events: Readable): void {
  if (reply.raw.closed) events.destroy();
  else reply.raw.once('close', () => events.destroy());
  reply.header('Content-Type', 'text/event-stream; charset=utf-8').header('Cache-Control', 'no-store');
  // A proxy that collects answers before it passes them on would hold events back.
  void reply.header('X-Accel-Buffering', 'no').send(events);
}
