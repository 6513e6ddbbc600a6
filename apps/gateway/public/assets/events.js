/**
 * Reads Server-Sent Events as they arrive: calls `onEvent` with the name and the data of each, and `onComment` for one
 * that consists of a comment. Resolves at the end.
 */
export async function readEvents(body, { onEvent, onComment = () => {} }) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) onComment();
      else onEvent(/^event: (.*)$/m.exec(event)?.[1], JSON.parse(data));
    }
  }
}
