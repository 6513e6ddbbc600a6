import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';

/** Name of the attribute with the class of a failure. */
export const ERROR_TYPE = 'error.type';

/** The attribute with the class of a failure, if there is one. */
export function failureAttributes(errorType: string | undefined): Attributes {
  return errorType === undefined ? {} : { [ERROR_TYPE]: errorType };
}

export function counterOf(meter: Meter, name: string, unit: string, description: string): Counter {
  return meter.createCounter(name, { unit, description });
}

/** @param buckets upper bounds, in seconds */
export function durationOf(meter: Meter, name: string, description: string, buckets: number[]): Histogram {
  const advice = { explicitBucketBoundaries: buckets };
  return meter.createHistogram(name, { unit: 's', description, advice });
}
