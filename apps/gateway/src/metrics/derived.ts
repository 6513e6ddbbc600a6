import { Counter, Gauge, type Registry } from 'prom-client';

/** Brings a part of the metrics up to date when they are asked for, so that nothing has to be counted twice. */
export interface Collector {
  collect(): void | Promise<void>;
}

/** A number that is read off a source: counters of a library, a state. */
type Reading<Source> = (source: Source) => number;

/** A metric whose values are read off a source. */
export interface Derived<Source> {
  name: string;
  help: string;
  /** Name of its label, and a reading for each value of it; or one reading without a label. */
  label?: string;
  read: Reading<Source> | Record<string, Reading<Source>>;
}

/** Sets what is read off a source; `null` for a source that does not answer. */
export type Update<Source> = (source: Source | null) => void;

/** Counters that somebody else counts. They keep their values when the source does not answer. */
export function derivedCounters<Source>(registry: Registry, all: Derived<Source>[]): Update<Source> {
  const counters = all.map(({ name, help, label, read }) => {
    const counter = new Counter({ name, help, labelNames: label ? [label] : [], registers: [registry] });
    return { counter, readings: readingsOf(label, read) };
  });
  return (source) => {
    if (source === null) return;
    for (const { counter, readings } of counters) {
      counter.reset();
      for (const { labels, read } of readings) counter.inc(labels, read(source));
    }
  };
}

/** Gauges that are read when asked for. NaN, a gap in a graph, when the source does not answer. */
export function derivedGauges<Source>(registry: Registry, all: Derived<Source>[]): Update<Source> {
  const gauges = all.map(({ name, help, label, read }) => {
    const gauge = new Gauge({ name, help, labelNames: label ? [label] : [], registers: [registry] });
    return { gauge, readings: readingsOf(label, read) };
  });
  return (source) => {
    for (const { gauge, readings } of gauges) {
      for (const { labels, read } of readings) gauge.set(labels, source === null ? Number.NaN : read(source));
    }
  };
}

function readingsOf<Source>(
  label: string | undefined,
  read: Derived<Source>['read'],
): { labels: Record<string, string>; read: Reading<Source> }[] {
  if (typeof read === 'function') return [{ labels: {}, read }];
  return Object.entries(read).map(([value, one]) => ({ labels: { [label ?? 'kind']: value }, read: one }));
}
