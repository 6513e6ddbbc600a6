import { byId, make, setText } from './dom.js';
import { brief, bytes, count, duration } from './format.js';

const field = (name) => document.querySelector(`[data-state-of="${name}"]`);

const REASONS = {
  TIMEOUT: 'it does not answer in time',
  ECONNREFUSED: 'nothing listens there',
  READONLY: 'it is a read-only replica',
  OOM: 'it is out of memory',
  NOAUTH: 'it asks for a password',
  WRONGPASS: 'the password is wrong',
  LOADING: 'it is still loading',
};

/** Shows how this process is. */
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

/** Whether answers are kept as they should be. */
export function isWell({ phase, writable }) {
  return phase === 'serving' && writable;
}

function storeText(cache) {
  if (cache.backend === 'memory') return 'of this process';
  if (cache.phase === 'starting') return 'connecting';
  if (cache.phase !== 'serving') return 'away';
  return cache.writable ? 'connected' : 'refuses writes';
}

function nearText({ backend, nearEntries, nearBytes }) {
  if (backend === 'memory') return 'not needed beside memory';
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
    pool.meanServiceMs === null ? `nothing has run yet (${setup.pool})` : duration(pool.meanServiceMs),
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
  const reason = REASONS[lastError] ?? (lastError ? `it says ${lastError}` : 'the reason is not known');
  if (phase === 'serving')
    return `Degraded. Redis takes no writes: ${reason}. Answers go on; what is new is kept once it does.`;
  return `Degraded. Redis is away: ${reason}. Answers go on without it, from copies nearby and from the executor.`;
}
