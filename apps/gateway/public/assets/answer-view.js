import { byId, make } from './dom.js';
import { count, duration, money } from './format.js';

const STOPS = ['near', 'redis', 'collapsed', 'factory'];
const MAX_ROWS = 8;

const NAMES = {
  near: 'Near cache',
  redis: 'Redis',
  collapsed: 'In flight',
  stale: 'Stale',
  factory: 'Executor',
  error: 'Error',
};
const SENTENCES = {
  near: 'from the copy in this process',
  redis: 'from the store',
  collapsed: 'computed for an equivalent request',
  stale: 'past its TTL; there is no newer one yet',
  factory: 'computed just now',
};

/** Returns the name of a source; with the memory backend, Redis has another name. */
let storeName = NAMES.redis;
export function nameStore(name) {
  storeName = name;
}

const nameOf = (source) => (source === 'redis' ? storeName : (NAMES[source] ?? source));

/** Shows the path of a request: which stops it passed and which one had the answer. */
export function showPath({ source, serverMs, cacheStatus = '' }) {
  const answered = source === 'stale' ? 'redis' : source;
  const end = STOPS.indexOf(answered);
  STOPS.forEach((stop, index) => {
    const element = document.querySelector(`[data-stop="${stop}"]`);
    element.dataset.outcome = index < end ? 'passed' : index === end ? 'answered' : 'unused';
    element.querySelector('i').textContent = noteOf(stop, index, { end, source, serverMs, cacheStatus });
  });
}

function noteOf(stop, index, { end, source, serverMs, cacheStatus }) {
  if (index > end || end === -1) return '';
  if (index === end) return `${source === 'stale' ? 'stale, ' : ''}${duration(serverMs)}`;
  if (stop === 'redis' && cacheStatus.includes('redis-unavailable')) return 'unavailable';
  return stop === 'collapsed' ? 'none running' : 'not there';
}

/** Clears the path while a request is running. */
export function clearPath() {
  showPath({ source: 'nowhere' });
}

export function showAnswer(answer) {
  const { completion, model, usage, cost, cost_saved: saved, serverMs, roundTripMs } = answer;
  byId('result').replaceChildren(
    make(
      'p',
      { class: 'headline' },
      make('strong', {}, duration(serverMs)),
      tagOf(answer.source),
      SENTENCES[answer.source] ?? '',
    ),
    make('p', { class: 'text', tabindex: '0' }, completion),
    make(
      'p',
      { class: 'note' },
      `${model} · ${count(usage.input_tokens)} tokens in, ${count(usage.output_tokens)} out · `,
      cost === 0 && saved > 0 ? `${money(saved)} saved` : `cost ${money(cost)}`,
      ` · ${duration(roundTripMs)} round trip`,
    ),
  );
}

/** Shows the outcome of several requests sent at once. */
export function showBurst(answers, elapsedMs) {
  const groups = groupBySource(answers);
  const parts = Object.keys(NAMES)
    .filter((source) => groups.has(source))
    .map((source) =>
      make(
        'span',
        { class: 'tag', 'data-source': source },
        `${groups.get(source).length} × ${nameOf(source)}`,
      ),
    );
  byId('result').replaceChildren(
    make(
      'p',
      { class: 'headline' },
      make('strong', {}, duration(elapsedMs)),
      `for ${answers.length} requests at once:`,
      ...parts,
    ),
  );
}

function groupBySource(answers) {
  const groups = new Map();
  for (const answer of answers) groups.set(answer.source, [...(groups.get(answer.source) ?? []), answer]);
  return groups;
}

export function showFailure(error) {
  clearPath();
  const retry = error.retryAfterSeconds ? ` Retry in ${error.retryAfterSeconds} s.` : '';
  byId('result').replaceChildren(
    make('p', { class: 'error' }, make('strong', {}, 'No answer. '), `${error.message}${retry}`),
  );
}

/** Adds a row to the table of requests sent from this page. */
export function addRow(prompt, { source, serverMs, roundTripMs, cost }) {
  const body = byId('recent').tBodies[0];
  body.prepend(
    make(
      'tr',
      {},
      make('td', {}, prompt),
      make('td', {}, tagOf(source)),
      make('td', { class: 'number' }, duration(serverMs)),
      make('td', { class: 'number optional' }, duration(roundTripMs)),
      make('td', { class: 'number optional' }, money(cost)),
    ),
  );
  while (body.rows.length > MAX_ROWS) body.lastElementChild.remove();
  byId('recent').hidden = false;
  byId('recent-empty').hidden = true;
}

function tagOf(source) {
  return make('span', { class: 'tag', 'data-source': source }, nameOf(source));
}
