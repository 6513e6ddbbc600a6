import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createNoopMeter,
  type MeterProvider,
  metrics,
  ProxyTracerProvider,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import { OptionNames } from 'nestjs-redis-connection';
import {
  InvalidOptionsError,
  OPERATION_END_CHANNEL,
  OPERATION_START_CHANNEL,
  STATE_CHANNEL,
} from '../core.js';
import { SCOPE } from './conventions.js';
import { OperationMetrics } from './metrics.js';
import { OperationSpans } from './spans.js';

/** Options of {@link registerCacheTelemetry}. */
export interface CacheTelemetryOptions {
  /** Where spans go. Default: the provider that the SDK has registered. */
  tracerProvider?: TracerProvider;
  /** Where metrics go. Default: the provider that the SDK has registered. */
  meterProvider?: MeterProvider;
}

const OPTIONS = new OptionNames<CacheTelemetryOptions>(
  { tracerProvider: true, meterProvider: true },
  (path, problem) => new InvalidOptionsError(path, problem),
);

/**
 * Reports the operations of all caches of this process to OpenTelemetry: a span for each, histograms of durations, and
 * counters of outcomes and of changes of state. Neither has keys or values. A factory runs within the span of its call; the
 * span of a collapsed call has a link to the span of the call that computed the value, if that is in this process.
 *
 * To be called once, after the SDK was started. A signal without a provider is left out: without an SDK nothing is
 * subscribed to, and nothing costs anything. Returns the function that ends the reports.
 *
 * @throws {InvalidOptionsError} an unknown option
 * @example
 * sdk.start();
 * registerCacheTelemetry();
 */
export function registerCacheTelemetry(options: CacheTelemetryOptions = {}): () => void {
  OPTIONS.check(options);
  const { tracerProvider = registeredTracerProvider(), meterProvider = registeredMeterProvider() } = options;
  const listeners: [string, ChannelListener][] = [];
  if (tracerProvider !== undefined) {
    const spans = new OperationSpans(tracerProvider);
    listeners.push([OPERATION_START_CHANNEL, spans.start], [OPERATION_END_CHANNEL, spans.end]);
  }
  if (meterProvider !== undefined) {
    const measured = new OperationMetrics(meterProvider);
    listeners.push([OPERATION_END_CHANNEL, measured.end], [STATE_CHANNEL, measured.state]);
  }
  for (const [channel, listener] of listeners) subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener);
  };
}

// Without an SDK the API delegates to one and the same provider that does nothing.
function registeredTracerProvider(): TracerProvider | undefined {
  const provider = trace.getTracerProvider();
  const isIdle =
    provider instanceof ProxyTracerProvider &&
    provider.getDelegate() === new ProxyTracerProvider().getDelegate();
  return isIdle ? undefined : provider;
}

function registeredMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider();
  return provider.getMeter(SCOPE) === createNoopMeter() ? undefined : provider;
}
