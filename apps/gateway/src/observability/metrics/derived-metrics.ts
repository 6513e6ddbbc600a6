import { Counter, Gauge, type Registry } from 'prom-client';

/** Updates some of the metrics right before a scrape, so that nothing has to be counted twice. */
export interface Collector {
  collect(): void | Promise<void>;
}

/** Reads a number from a source, such as a library's counters or its state. */
type Reading<Source> = (source: Source) => number;

/** A metric whose values are read from a source. */
export interface Derived<Source> {
  name: string;
  help: string;
  /** The label's name. With it `read` has one reading per label value, without it a single one. */
  label?: string;
  read: Reading<Source> | Record<string, Reading<Source>>;
}

/** Sets the metrics from a source; `null` means that the source did not respond. */
export type Update<Source> = (source: Source | null) => void;

/** Creates counters that are counted elsewhere. They keep their values while the source does not respond. */
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

/** Creates gauges that are read at each scrape. They are NaN, a gap in a graph, while the source does not respond. */
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
