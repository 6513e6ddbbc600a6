import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** The OpenTelemetry SDK, which keeps what is reported in memory. */
export class RecordingSdk {
  readonly #spans = new InMemorySpanExporter();
  readonly #measured = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#measured });

  /** Registers the providers for the whole process. */
  start(): void {
    const spanProcessors = [new SimpleSpanProcessor(this.#spans)];
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  get spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  /** The first ended span with this name. */
  span(name: string): ReadableSpan {
    const found = this.spans.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no span "${name}"`);
    return found;
  }

  /** The points of a metric since the last `reset`, each as its attributes and its value or count. */
  async points(name: string): Promise<[Record<string, unknown>, number][]> {
    await this.#reader.forceFlush();
    const all = this.#measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const metric = all.flatMap((scope) => scope.metrics).filter(({ descriptor }) => descriptor.name === name);
    return metric
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[])
      .map(({ attributes, value }) => [attributes, typeof value === 'number' ? value : value.count]);
  }

  /** Forgets what was reported. */
  async reset(): Promise<void> {
    await this.#reader.forceFlush();
    this.#spans.reset();
    this.#measured.reset();
  }

  async stop(): Promise<void> {
    await this.#reader.shutdown();
    for (const api of [trace, metrics, context]) api.disable();
  }
}
