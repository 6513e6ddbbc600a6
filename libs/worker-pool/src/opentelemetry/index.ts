import { OptionNames } from 'nestjs-redis-connection';
import { registerTelemetry, type TelemetryOptions } from 'nestjs-redis-connection/opentelemetry';
import {
  InvalidPoolOptionsError,
  POOL_OPERATION_END_CHANNEL,
  POOL_OPERATION_START_CHANNEL,
  POOL_STATE_CHANNEL,
} from '../core.js';
import { POOL_SPANS } from './conventions.js';
import { PoolMetrics } from './metrics.js';

export type { TelemetryOptions } from 'nestjs-redis-connection/opentelemetry';

const OPTIONS = new OptionNames<TelemetryOptions>(
  { tracerProvider: true, meterProvider: true },
  (path, problem) => new InvalidPoolOptionsError(path, problem),
);

/**
 * Reports the operations of all pools of this process to OpenTelemetry: a span for each, histograms of durations, and
 * counters of messages and of changes of state. Neither has requests, completions or task ids. An executor runs within the
 * span of its task, which is a child of the call that submitted the task if both are in this process.
 *
 * Over BullMQ the span of a task begins a trace of its own, unless the submission names one in `context.traceparent`.
 *
 * To be called once, after the SDK was started. A signal without a provider is left out: without an SDK nothing is
 * subscribed to, and nothing costs anything. Returns the function that ends the reports.
 *
 * @throws {InvalidPoolOptionsError} an unknown option
 * @example
 * sdk.start();
 * registerPoolTelemetry();
 */
export function registerPoolTelemetry(options: TelemetryOptions = {}): () => void {
  OPTIONS.check(options);
  return registerTelemetry(options, {
    channels: {
      start: POOL_OPERATION_START_CHANNEL,
      end: POOL_OPERATION_END_CHANNEL,
      state: POOL_STATE_CHANNEL,
    },
    spans: POOL_SPANS,
    metrics: (provider) => new PoolMetrics(provider),
  });
}
