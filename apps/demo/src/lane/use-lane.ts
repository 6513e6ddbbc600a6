import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { HitLane } from './hit-lane.js';
import { LANE_URL, readBodies } from './read-bodies.js';

/** Puts the lane in front of the route of completions. Has to run before any route is registered. */
export function useLane(app: NestFastifyApplication): void {
  const lane = app.get(HitLane);
  readBodies(app, lane.known, app.get<DemoConfig>(demoConfig.KEY).MAX_BODY_BYTES);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route: RouteOptions) => {
      if (route.url === LANE_URL && route.method === 'POST')
        route.preHandler = [lane.hook, ...[route.preHandler ?? []].flat()];
    });
}
