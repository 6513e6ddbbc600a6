/** Reads event streams over bare sockets, from a process of its own, and measures when their pieces arrive. */
import { connect } from 'node:net';
import { sharedNow } from '../lib/clock.mjs';

/** In every text delta of the stand-in upstream, before the rest of the text. */
const SENT_AT = /"text_delta","text":"([\d.]+)/g;
const END = '"message_stop"';

process.on('message', async ({ url, bodies }) => {
  try {
    const startedAt = performance.now();
    const streams = await Promise.all(bodies.map((body) => readStream(url, body)));
    process.send({ answer: { streams, milliseconds: performance.now() - startedAt } });
  } catch (error) {
    process.send({ problem: error.message });
  }
});

/** Returns when the first piece arrived after the request, how late each piece was, and how many there were. */
function readStream(url, body) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const delays = [];
    let firstMs;
    let startedAt;
    let rest = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`a stream ended early: ${rest.slice(-300)}`)));
    socket.on('connect', () => {
      startedAt = performance.now();
      socket.write(requestOf(hostname, body));
    });
    socket.on('data', (chunk) => {
      rest += chunk;
      let end = 0;
      for (const match of rest.matchAll(SENT_AT)) {
        firstMs ??= performance.now() - startedAt;
        delays.push(sharedNow() - Number(match[1]));
        end = match.index + match[0].length;
      }
      const ended = rest.includes(END);
      rest = rest.slice(Math.max(end, rest.length - 1_000));
      if (!ended) return;
      resolve({ firstMs, delays });
      socket.destroy();
    });
  });
}

function requestOf(host, body) {
  const head = `POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nX-Api-Key: bench\r\n`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
