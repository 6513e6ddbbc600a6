/**
 * Sends requests to an HTTP server as fast as it responds, from a separate process. It uses bare sockets, because an
 * expensive client would hide the cost of the server.
 */
import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** The end of a response without a length. */
const LAST_CHUNK = '0\r\n\r\n';

process.on('message', async (order) => {
  try {
    process.send({ answer: await measure(order) });
  } catch (error) {
    process.send({ problem: error.message });
  }
});

/** Runs connections that each wait for a response before the next request. Durations are in milliseconds. */
async function measure({ url, path = '/v1/completions', bodies, connections, milliseconds, expected }) {
  const { hostname, port } = new URL(url);
  const requests = bodies.map((body) => requestBytes(hostname, path, body));
  const until = performance.now() + milliseconds;
  const durations = [];
  const startedAt = performance.now();
  const loops = Array.from({ length: connections }, (_, index) =>
    askInTurn({ hostname, port, requests, first: index, until, expected, durations }),
  );
  await Promise.all(loops);
  const seconds = (performance.now() - startedAt) / 1_000;
  durations.sort((a, b) => a - b);
  return {
    perSecond: durations.length / seconds,
    p50: durations[Math.floor(durations.length * 0.5)],
    p99: durations[Math.floor(durations.length * 0.99)],
  };
}

function requestBytes(host, path, body) {
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function askInTurn({ hostname, port, requests, first, until, expected, durations }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let next = first;
    let text = '';
    let sentAt = 0;
    const ask = () => {
      sentAt = performance.now();
      socket.write(requests[next % requests.length]);
      next += 1;
    };
    socket.setEncoding('latin1');
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text = text === '' ? chunk : text + chunk;
      const length = lengthOf(text);
      if (length === null || text.length < length) return;
      const now = performance.now();
      durations.push(now - sentAt);
      if (!text.startsWith('HTTP/1.1 200') || !text.includes(expected)) {
        socket.destroy();
        return reject(new Error(`not an HTTP response: ${text.slice(0, 300)}`));
      }
      text = '';
      if (now < until) return ask();
      socket.destroy();
      return resolve();
    });
  });
}

/** Length of the whole response; `null` while its head, or its last chunk, is incomplete. */
function lengthOf(text) {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const length = /content-length: (\d+)/i.exec(text.slice(0, headEnd));
  if (length) return headEnd + HEAD_END.length + Number(length[1]);
  return text.endsWith(LAST_CHUNK) ? text.length : null;
}
