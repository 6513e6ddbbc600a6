/**
 * Decides whether a series of samples is flat. The trend is the median of the slopes between all pairs of samples
 * (Theil–Sen), which single outliers do not affect. Because samples scatter, a series counts as growing only if the
 * lower end of the slope's 95 % confidence interval (Sen, 1968) means more growth than the limit allows.
 */
export interface Point {
  /** Minutes since the start. */
  minute: number;
  value: number;
}

export interface Limit {
  /** Growth that is allowed over the judged phase, as a part of the median. */
  ratio: number;
  /** Growth that is allowed in any case, in the unit of the series. */
  absolute: number;
}

export interface Verdict {
  isFlat: boolean;
  median: number;
  /** Growth over the judged phase by the median slope. */
  growth: number;
  /** Growth over the judged phase that is at least certain, by the lower end of the confidence interval. */
  certainGrowth: number;
  /** Growth that the limit allows. */
  allowed: number;
}

/** Quantile of the normal distribution for a one-sided 97.5 %. */
const Z = 1.96;
/** With fewer samples the confidence interval means nothing. */
export const MIN_POINTS = 6;

/** @throws {Error} fewer than {@link MIN_POINTS} points */
export function judge(points: readonly Point[], limit: Limit): Verdict {
  if (points.length < MIN_POINTS) {
    throw new Error(`A series of ${points.length} samples cannot be judged; ${MIN_POINTS} are needed`);
  }
  const median = quantile(sorted(points.map(({ value }) => value)), 0.5);
  const slopes = sorted(slopesOf(points));
  const minutes = points.at(-1)!.minute - points[0]!.minute;
  const growth = quantile(slopes, 0.5) * minutes;
  const certainGrowth = lowerEnd(slopes, points.length) * minutes;
  const allowed = Math.max(limit.absolute, limit.ratio * median);
  return { isFlat: certainGrowth <= allowed, median, growth, certainGrowth, allowed };
}

function slopesOf(points: readonly Point[]): number[] {
  return points.flatMap((one, index) =>
    points.slice(index + 1).map((other) => (other.value - one.value) / (other.minute - one.minute)),
  );
}

/** The slope at the lower end of the interval, whose rank follows from the variance of Kendall's statistic. */
function lowerEnd(slopes: readonly number[], count: number): number {
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const rank = Math.floor((slopes.length - Z * deviation) / 2);
  return slopes[Math.max(0, rank)]!;
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

function quantile(values: readonly number[], part: number): number {
  const at = (values.length - 1) * part;
  const below = values[Math.floor(at)]!;
  return below + (values[Math.ceil(at)]! - below) * (at % 1);
}
