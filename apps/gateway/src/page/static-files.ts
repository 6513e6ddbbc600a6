import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const PUBLIC = new URL('../../public/', import.meta.url);

const ASSETS_FOLDER = fileURLToPath(new URL('assets/', PUBLIC));

/** Returns the text of a file in `public/`. Call it once, at the start. */
export function publicFile(name: string): string {
  return readFileSync(new URL(name, PUBLIC), 'utf8');
}

const CHART_FILES = new Set(['/uPlot.esm.js', '/uPlot.min.css']);

/** Serves the page's own files and its chart library from this origin. */
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
