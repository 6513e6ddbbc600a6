import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { registerCacheTelemetry } from 'nestjs-redis-cache/opentelemetry';
import { createTestingCache } from 'nestjs-redis-cache/testing';
import { createWorkerPool, OfflineExecutor } from 'nestjs-worker-pool';
import { registerPoolTelemetry } from 'nestjs-worker-pool/opentelemetry';

describe('Telemetry', () => {
  it('has one trace of a call, its task and the work of the executor', async () => {
    const spans = new InMemorySpanExporter();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    );
    const unregister = [registerCacheTelemetry(), registerPoolTelemetry()];
    const cache = createTestingCache();
    const pool = createWorkerPool({ executor: new OfflineExecutor() });

    await cache.getOrSet('summary', () => pool.run({ prompt: 'Cats sleep. Dogs bark.' }));

    const ended = spans.getFinishedSpans();
    expect(ended.map(({ name }) => name)).toEqual(['execute', 'run', 'getOrSet']);
    expect(new Set(ended.map((span) => span.spanContext().traceId)).size).toBe(1);
    for (const end of unregister) end();
    await pool.close();
    await cache.close();
  });
});
