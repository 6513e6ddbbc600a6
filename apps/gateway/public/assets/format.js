const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** `12,345`. */
export const count = (value) => whole.format(value);

/** `12.3K` from ten thousand on. */
export const brief = (value) => (value < 10_000 ? whole.format(value) : short.format(value));

export const ratio = (part, all) => (all === 0 ? '–' : percent.format(part / all));

/** A duration in readable units: `0.31 ms`, `48 ms`, `2.4 s`, `1 h 12 min`. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${count(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** US dollars, with more decimals for small sums. */
export function money(dollars) {
  if (dollars === 0) return '$0';
  const decimals = dollars < 0.01 ? 6 : dollars < 1 ? 4 : 2;
  return `$${dollars.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: decimals })}`;
}

/** `512 B`, `2.1 MB`. */
export function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB'];
  let unit = 0;
  let amount = value;
  while (amount >= 1_000 && unit < units.length - 1) {
    amount /= 1_000;
    unit += 1;
  }
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}
