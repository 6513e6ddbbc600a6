import { addRow, ArrivingAnswer, clearPath, nameStore, showBurst, showPath } from './answer-view.js';
import { complete, key, stream } from './api.js';
import { Charts } from './charts.js';
import { byId, setText } from './dom.js';
import { duration } from './format.js';
import { History } from './history.js';
import { listen } from './live.js';
import { Savings } from './savings.js';
import { isWell, showState } from './state-view.js';

/** As many requests as a browser sends at once next to the event stream. */
const BURST = 5;

const history = new History();
const charts = new Charts(history, byId('rate-chart'), byId('latency-chart'));
const savings = new Savings();
let latest;

const live = listen({
  onSnapshot(snapshot) {
    latest = snapshot;
    nameStore(snapshot.cache.backend === 'memory' ? 'Memory' : 'Redis');
    showState(snapshot);
    tick();
  },
  onBeat: tick,
  onLost() {
    history.interrupt();
    showConnection('lost', 'Connection lost');
  },
  onRefused: askForKey,
});

function tick() {
  if (latest === undefined) return;
  history.add(latest.answers, Date.now() / 1_000);
  charts.update();
  describeCharts();
  savings.follow(latest.answers);
  if (isWell(latest.cache)) showConnection('live', 'Live');
  else showConnection('degraded', 'Degraded');
  byId('forget-key').hidden = key.read() === null;
}

function showConnection(state, text) {
  byId('connection').dataset.state = state;
  setText(byId('connection'), text);
}

function describeCharts() {
  const { last } = history;
  if (last === undefined) return;
  const rates = `${last.hits.toFixed(1)} hits, ${last.misses.toFixed(1)} computed, ${last.collapsed.toFixed(1)} collapsed per second`;
  setText(byId('rate-text'), `In the last second: ${rates}.`);
  const times = `${duration(last.keptMs ?? Number.NaN)} from the cache, ${duration(last.computedMs ?? Number.NaN)} computed`;
  setText(byId('latency-text'), `In the last second: ${times}.`);
}

/** Runs one action at a time. The button stays focusable, so that keyboard users keep their position. */
async function exclusively(work) {
  const buttons = [byId('send'), byId('burst')];
  if (buttons.some((button) => button.getAttribute('aria-disabled') === 'true')) return;
  for (const button of buttons) button.setAttribute('aria-disabled', 'true');
  clearPath();
  const arriving = new ArrivingAnswer();
  try {
    await work(arriving);
  } catch (error) {
    if (error.status === 401) askForKey();
    clearPath();
    arriving.fail(error);
  } finally {
    for (const button of buttons) button.removeAttribute('aria-disabled');
    savings.refresh();
  }
}

function promptText() {
  const text = byId('prompt').value.trim();
  return byId('ask-form').reportValidity() && text !== '' ? text : null;
}

async function send() {
  const prompt = promptText();
  if (prompt === null) return;
  await exclusively(async (arriving) => {
    const answer = await stream(prompt, {
      fresh: byId('fresh').checked,
      onOrigin(origin) {
        showPath(origin);
        arriving.begin(origin);
      },
      onText: (text) => arriving.add(text),
    });
    arriving.end(answer);
    addRow(prompt, answer);
  });
}

async function sendBurst() {
  const prompt = promptText();
  if (prompt === null) return;
  await exclusively(async () => {
    const startedAt = performance.now();
    const fresh = byId('fresh').checked;
    const answers = await Promise.all(Array.from({ length: BURST }, () => complete(prompt, { fresh })));
    showBurst(answers, performance.now() - startedAt);
    showPath(answers[0]);
    for (const answer of answers) addRow(prompt, answer);
  });
}

function askForKey() {
  showConnection('lost', 'Key needed');
  if (key.read() !== null) setText(byId('key-hint'), 'The gateway does not know this key. Try another one.');
  key.forget();
  byId('key-form').hidden = false;
  byId('key').focus();
}

byId('ask-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void send();
});
byId('prompt').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) byId('ask-form').requestSubmit();
});
byId('burst').addEventListener('click', () => void sendBurst());
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key.keep(byId('key').value.trim());
  byId('key').value = '';
  byId('key-form').hidden = true;
  byId('prompt').focus();
  live.restart();
  savings.refresh();
});
byId('forget-key').addEventListener('click', () => {
  key.forget();
  live.restart();
});

savings.refresh();
