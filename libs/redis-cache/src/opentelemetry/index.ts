import { OptionNames } from 'nestjs-redis-connection';
import { registerTelemetry, type TelemetryOptions } from 'nestjs-redis-connection/opentelemetry';
import {
  InvalidOptionsError,
  OPERATION_END_CHANNEL,
  OPERATION_START_CHANNEL,
  STATE_CHANNEL,
} from '../core.js';
import { CACHE_SPANS } from './conventions.js';
import { OperationMetrics } from './metrics.js';

export type { TelemetryOptions } from 'nestjs-redis-connection/opentelemetry';

const OPTIONS = new OptionNames<TelemetryOptions>(
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
export function registerCacheTelemetry(options: TelemetryOptions = {}): () => void {
  OPTIONS.check(options);
  return registerTelemetry(options, {
    channels: { start: OPERATION_START_CHANNEL, end: OPERATION_END_CHANNEL, state: STATE_CHANNEL },
    spans: CACHE_SPANS,
    metrics: (provider) => new OperationMetrics(provider),
  });
}
