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
  collapsed: 'to the first token, computed for an equivalent request',
  stale: 'past its TTL; there is no newer one yet',
  factory: 'to the first token, computed just now',
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

const LIVE = {
  collapsed: 'to the first token, being computed for an equivalent request',
  factory: 'to the first token, being computed now',
};

/** Shows an answer while it arrives. */
export class ArrivingAnswer {
  // One node: a part may end in the middle of a character.
  #characters = document.createTextNode('');
  #text = make('p', { class: 'text', tabindex: '0', 'data-arriving': '' }, this.#characters);

  /** Shows where the answer comes from. */
  begin({ source, serverMs }) {
    const headline = headlineOf(serverMs, source, LIVE[source] ?? SENTENCES[source] ?? '');
    // A screen reader announces the whole answer at its end, not every part of it.
    byId('result').setAttribute('aria-busy', 'true');
    byId('result').replaceChildren(headline, this.#text);
  }

  add(text) {
    const { scrollTop, scrollHeight, clientHeight } = this.#text;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    this.#characters.appendData(text);
    if (isAtEnd) this.#text.scrollTop = this.#text.scrollHeight;
  }

  /** Shows the complete answer. */
  end(answer) {
    showAnswer(answer);
    this.#release();
  }

  /** Shows why the answer broke off, below the part that has arrived. */
  fail(error) {
    this.#text.removeAttribute('data-arriving');
    const hasText = this.#text.isConnected && this.#text.textContent !== '';
    showFailure(error, hasText ? [this.#text] : []);
    this.#release();
  }

  #release() {
    byId('result').setAttribute('aria-busy', 'false');
  }
}

function showAnswer(answer) {
  const { completion, model, usage, cost, cost_saved: saved, serverMs, roundTripMs } = answer;
  byId('result').replaceChildren(
    headlineOf(serverMs, answer.source, SENTENCES[answer.source] ?? ''),
    make('p', { class: 'text', tabindex: '0' }, completion),
    make(
      'p',
      { class: 'note' },
      `${model} · ${count(usage.input_tokens)} tokens in, ${count(usage.output_tokens)} out · `,
      cost === 0 && saved > 0 ? `${money(saved)} saved` : `cost ${money(cost)}`,
      ` · ${duration(roundTripMs)} until its end`,
    ),
  );
}

function headlineOf(firstMs, source, sentence) {
  return make('p', { class: 'headline' }, make('strong', {}, duration(firstMs)), tagOf(source), sentence);
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

function showFailure(error, arrived) {
  const retry = error.retryAfterSeconds ? ` Retry in ${error.retryAfterSeconds} s.` : '';
  const what = arrived.length === 0 ? 'No answer. ' : 'The answer is incomplete. ';
  byId('result').replaceChildren(
    ...arrived,
    make('p', { class: 'error' }, make('strong', {}, what), `${error.message}${retry}`),
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
