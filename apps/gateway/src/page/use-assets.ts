import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ASSETS_FOLDER } from './public-files.js';

const CHART_FILES = new Set(['/uPlot.esm.js', '/uPlot.min.css']);

/** Serves the page's own files and its chart library, from our own origin. */
export function useAssets(app: NestFastifyApplication): void {
  void app.register(fastifyStatic, { root: ASSETS_FOLDER, prefix: '/assets/', decorateReply: false });
  void app.register(fastifyStatic, {
    root: chartFolder(),
    prefix: '/assets/uplot/',
    decorateReply: false,
    allowedPath: (path) => CHART_FILES.has(path),
  });
}

function chartFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');
}
