import { byId, make, setText } from './dom.js';
import { brief, bytes, count, duration } from './format.js';

const field = (name) => document.querySelector(`[data-state-of="${name}"]`);

const REASONS = {
  TIMEOUT: 'it does not reply in time',
  ECONNREFUSED: 'the connection was refused',
  READONLY: 'it is a read-only replica',
  OOM: 'it is out of memory',
  NOAUTH: 'it requires a password',
  WRONGPASS: 'the password is wrong',
  LOADING: 'it is still loading',
};

/** Shows the state of this process. */
export function showState({ cache, pool, queue, setup }) {
  const name = cache.backend === 'memory' ? 'Memory' : 'Redis';
  setText(document.querySelector('[data-label="store"]'), name);
  toned(field('store'), storeText(cache), isWell(cache));
  toned(field('breaker'), cache.breaker, cache.breaker === 'closed');
  setText(field('near'), nearText(cache));
  showPool(pool, setup);
  setText(field('queue'), queueText(queue));
  setText(field('executor'), setup.executor);
  setText(byId('store-name'), name);
  setText(byId('store-hint'), cache.backend === 'memory' ? 'this process' : 'all processes');
  setText(byId('executor-name'), setup.executor);
  showDegraded(cache);
}

/** Whether the cache stores answers. */
export function isWell({ phase, writable }) {
  return phase === 'serving' && writable;
}

function storeText(cache) {
  if (cache.backend === 'memory') return 'of this process';
  if (cache.phase === 'starting') return 'connecting';
  if (cache.phase !== 'serving') return 'unavailable';
  return cache.writable ? 'connected' : 'refuses writes';
}

function nearText({ backend, nearEntries, nearBytes }) {
  if (backend === 'memory') return 'not needed with memory';
  return nearEntries === 0 ? 'empty' : `${count(nearEntries)} answers, ${bytes(nearBytes)}`;
}

function queueText({ waiting, reserved, dead }) {
  const parts = [
    waiting > 0 && `${count(waiting)} waiting`,
    reserved > 0 && `${count(reserved)} at work`,
    dead > 0 && `${count(dead)} failed`,
  ];
  return parts.filter(Boolean).join(', ') || 'empty';
}

function showPool(pool, setup) {
  if (pool === null) {
    for (const name of ['workers', 'backlog', 'service']) setText(field(name), 'unknown');
    return;
  }
  metered(
    field('workers'),
    pool.running,
    pool.concurrency,
    `${count(pool.running)} of ${count(pool.concurrency)} busy`,
  );
  metered(
    field('backlog'),
    pool.pending,
    pool.maxBacklog,
    `${count(pool.pending)} of ${brief(pool.maxBacklog)}`,
  );
  setText(
    field('service'),
    pool.meanServiceMs === null ? `no task has run yet (${setup.pool})` : duration(pool.meanServiceMs),
  );
}

function toned(element, text, isGood) {
  setText(element, text);
  element.dataset.tone = isGood ? 'good' : 'bad';
}

function metered(element, value, max, text) {
  let [meter, label] = element.children;
  if (!meter) {
    meter = make('meter', { 'aria-hidden': 'true' });
    label = make('span');
    element.replaceChildren(meter, label);
  }
  meter.max = Math.max(1, max);
  meter.value = value;
  setText(label, text);
}

function showDegraded(cache) {
  const place = byId('degraded');
  if (isWell(cache) || cache.phase === 'starting') {
    if (place.hasChildNodes()) place.replaceChildren();
    return;
  }
  const text = degradedText(cache);
  if (place.textContent === text) return;
  place.replaceChildren(
    make('p', { class: 'banner' }, make('strong', {}, 'Degraded. '), text.slice('Degraded. '.length)),
  );
}

function degradedText({ phase, lastError }) {
  const reason = REASONS[lastError] ?? (lastError ? `the error is ${lastError}` : 'the reason is unknown');
  if (phase === 'serving')
    return `Degraded. Redis refuses writes: ${reason}. The gateway keeps answering; new answers are stored once Redis accepts writes.`;
  return `Degraded. Redis is unavailable: ${reason}. The gateway keeps answering from the near cache and the executor.`;
}
