const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** "41.2K/s (38.1K–42K)" */
export function perSecond({ median, low, high }) {
  return `${compact.format(median)}/s (${compact.format(low)}–${compact.format(high)})`;
}

/** "0.92 × (0.91–0.94)" */
export function ratio({ median, low, high }) {
  return `${median.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** "1.8 ms (1.5–2.1)" */
export function milliseconds({ median, low, high }) {
  return `${median.toFixed(1)} ms (${low.toFixed(1)}–${high.toFixed(1)})`;
}

/** "8.2 µs CPU" */
export function cpuTime(microseconds) {
  return `${microseconds.toPrecision(3)} µs CPU`;
}
