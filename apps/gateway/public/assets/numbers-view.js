import { setText } from './dom.js';
import { brief, count, duration, money, ratio } from './format.js';

const number = (name) => document.querySelector(`[data-number="${name}"]`);

/** Shows the savings: the total of `/v1/cache/stats`. */
export function showNumbers(total, shared) {
  const { hits, misses, collapsed, stale, bypassed } = total;
  const free = hits + collapsed + stale;
  const all = free + misses + bypassed;
  setText(number('saved'), money(total.cost_saved));
  setText(
    number('savedNote'),
    `${brief(total.tokens_saved)} tokens, ${duration(total.seconds_saved * 1_000)} of waiting`,
  );
  setText(number('ratio'), ratio(free, all));
  setText(
    number('ratioNote'),
    all === 0 ? 'no requests yet' : `${count(free)} of ${count(all)} were not computed`,
  );
  for (const [name, value] of Object.entries({ hits, misses, collapsed, stale, bypassed })) {
    setText(number(name), brief(value));
  }
  setText(
    number('scope'),
    shared ? 'all processes, since counting began' : 'this process; Redis is unavailable',
  );
}
