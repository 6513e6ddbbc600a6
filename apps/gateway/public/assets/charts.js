import uPlot from './uplot/uPlot.esm.js';
import { duration } from './format.js';
import { WINDOW_SECONDS } from './history.js';

const HEIGHT = 200;
const MIN_WIDTH = 200;
const FIRST_SECONDS = 30;

// Distinguished by dashes as well, for users who cannot tell the colours apart.
const RATES = [
  { label: 'Hits', tone: 'near', width: 2 },
  { label: 'Computed', tone: 'factory', width: 2, dash: [6, 3] },
  { label: 'Collapsed', tone: 'collapsed', width: 2, dash: [2, 3] },
  { label: 'Stale', tone: 'stale', width: 2, dash: [10, 3, 2, 3] },
];
const TIMES = [
  { label: 'Kept', tone: 'near', width: 2 },
  { label: 'Computed', tone: 'factory', width: 2, dash: [6, 3] },
];

const rate = (value) => value.toFixed(1);

const LINEAR = { range: (_u, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] };
const LOGARITHMIC = { distr: 3, range: (_u, min, max) => decades(min, max) };
/** An axis with a line for each power of ten. */
const DECADES = {
  splits: (_u, _axis, min, max) => {
    const first = Math.round(Math.log10(min));
    return Array.from({ length: Math.round(Math.log10(max)) - first + 1 }, (_, step) => 10 ** (first + step));
  },
  filter: (_u, splits) => splits,
  values: (_u, splits) => splits.map((value) => (value < 1 ? value.toString() : value.toFixed(0))),
};

/** The two charts. They are redrawn when the colour scheme changes, and adapt to their container. */
export class Charts {
  #plots = [];

  constructor(history, rateHost, timeHost) {
    this.history = history;
    this.hosts = [rateHost, timeHost];
    this.#draw();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    const watch = new ResizeObserver(() => this.#fit());
    for (const host of this.hosts) watch.observe(host);
  }

  update() {
    const [rates, times] = this.#plots;
    rates.setData(this.history.columns('hits', 'misses', 'collapsed', 'stale'));
    times.setData(this.history.columns('keptMs', 'computedMs'));
  }

  #draw() {
    for (const plot of this.#plots) plot.destroy();
    const [rateHost, timeHost] = this.hosts;
    const lone = { show: true, size: 5 };
    this.#plots = [
      plotOf(rateHost, { lines: RATES, scale: LINEAR, format: rate, points: { show: false } }),
      // A single second with answers would have no visible line.
      plotOf(timeHost, { lines: TIMES, scale: LOGARITHMIC, format: duration, points: lone, axis: DECADES }),
    ];
    this.update();
  }

  #fit() {
    this.#plots.forEach((plot, index) => plot.setSize({ width: widthOf(this.hosts[index]), height: HEIGHT }));
  }
}

function plotOf(host, { lines, scale, format, points, axis = {} }) {
  const look = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  const series = lines.map(({ tone, ...line }) => ({
    ...line,
    stroke: colour(tone),
    points: { ...points, fill: colour(tone) },
    value: (_u, value) => (value === null || value === undefined ? '–' : format(value)),
  }));
  const options = {
    width: widthOf(host),
    height: HEIGHT,
    scales: { x: { range: lately }, y: scale },
    cursor: { y: false, drag: { x: false, y: false } },
    axes: [
      { ...look, size: 32, space: 90, values: (_u, moments) => moments.map(clock) },
      { ...look, size: 48, ...axis },
    ],
    series: [{ label: 'At', value: (_u, at) => (at === null ? '–' : clock(at)) }, ...series],
  };
  return new uPlot(options, [[], ...lines.map(() => [])], host);
}

// At least half a minute, so that the scale does not jump in the first seconds.
function lately(_u, min, max) {
  const end = max ?? Date.now() / 1_000;
  return [end - Math.min(WINDOW_SECONDS, Math.max(FIRST_SECONDS, end - (min ?? end))), end];
}

function decades(min, max) {
  if (!(max > 0)) return [0.1, 1_000];
  const low = Math.floor(Math.log10(Math.max(min, 0.01)));
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.log10(max)))];
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function clock(at) {
  return new Date(at * 1_000).toLocaleTimeString('en-GB');
}

function widthOf(host) {
  return Math.max(MIN_WIDTH, host.clientWidth);
}
