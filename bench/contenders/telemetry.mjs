/** The library with and without OpenTelemetry, for the scenarios that measure what telemetry costs. */
import { buildOfTheLibrary } from './nestjs-redis-cache.mjs';
import { load } from './packages.mjs';

const fileOfTheLibrary = (path) => new URL(`../../libs/redis-cache/dist/${path}`, import.meta.url);
const entry = fileOfTheLibrary('core.js');

/** @param {() => unknown} prepare runs before the cache is created */
function variant(name, role, prepare) {
  const build = buildOfTheLibrary({ name, role, entry });
  const setup = async (context) => {
    await prepare();
    return build.setup(context);
  };
  return { ...build, setup };
}

async function register() {
  const { registerCacheTelemetry } = await import(fileOfTheLibrary('opentelemetry/index.js').href);
  registerCacheTelemetry();
}

/** Spans and metrics are recorded and aggregated as an application would, but not sent anywhere. */
function startSdk() {
  const { context, metrics, trace } = load('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
  const { MetricReader, MeterProvider } = load('@opentelemetry/sdk-metrics');
  const { BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');
  class IdleReader extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  }
  const exporter = { export: (_spans, done) => done({ code: 0 }), async shutdown() {} };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new IdleReader()] }));
}

/** @type {import('./contender').Contender[]} */
export const telemetryContenders = [
  variant('without telemetry', 'baseline', () => {}),
  variant('the same again', 'peer', () => {}),
  variant('registered, no SDK', 'subject', register),
  variant('registered, with an SDK', 'peer', async () => {
    startSdk();
    await register();
  }),
];
