import type { RequestListener } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Gate } from '../security/gate.js';
import { HitLane } from './hit-lane.js';

/**
 * Puts the lane in front of Fastify. With `HOST=localhost` Fastify may listen on a second address as well, which
 * then has no lane.
 */
export function useLane(app: NestFastifyApplication, gate: Gate): void {
  const lane = app.get(HitLane);
  const { server, requestObservers } = app.getHttpAdapter().getInstance();
  const [goOn] = server.listeners('request') as [RequestListener];
  server.off('request', goOn);
  server.on('request', lane.listener(gate, requestObservers, goOn));
}
