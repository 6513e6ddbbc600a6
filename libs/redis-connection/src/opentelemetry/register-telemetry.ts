import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createNoopMeter,
  type MeterProvider,
  metrics,
  ProxyTracerProvider,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import type { ObservedOperation } from '../observed-operation.js';
import { OperationSpans, type SpanConventions } from './operation-spans.js';

/** Where telemetry goes. */
export interface TelemetryOptions {
  /** Where spans go. Default: the provider that the SDK has registered. */
  tracerProvider?: TracerProvider;
  /** Where metrics go. Default: the provider that the SDK has registered. */
  meterProvider?: MeterProvider;
}

/** What a library reports. */
export interface Reports<O> {
  /** Names of the channels that it publishes on. */
  readonly channels: Record<'start' | 'end' | 'state', string>;
  readonly spans: SpanConventions<O>;
  /** Creates the subscribers that measure. */
  metrics(provider: MeterProvider): { readonly end: ChannelListener; readonly state: ChannelListener };
}

/** Subscribes for each signal that has a provider. Returns the function that ends the reports. */
export function registerTelemetry<O extends ObservedOperation<string>>(
  options: TelemetryOptions,
  { channels, ...reports }: Reports<O>,
): () => void {
  const { tracerProvider = registeredTracerProvider(), meterProvider = registeredMeterProvider() } = options;
  const listeners: [string, ChannelListener][] = [];
  if (tracerProvider !== undefined) {
    const spans = new OperationSpans(tracerProvider, reports.spans);
    listeners.push([channels.start, spans.start], [channels.end, spans.end]);
  }
  if (meterProvider !== undefined) {
    const measured = reports.metrics(meterProvider);
    listeners.push([channels.end, measured.end], [channels.state, measured.state]);
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
  return provider.getMeter('nestjs') === createNoopMeter() ? undefined : provider;
}
