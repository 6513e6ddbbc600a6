/** How routes want turns, images and tools. */

export type Content = string | readonly object[];

export interface Dialect {
  /** Makes the stand-in for the API send a short reply, and not the whole request. */
  readonly mark: string;
  readonly fields: object;
  image(bytes: number): object;
  tool(index: number): object;
}

export const list = <T>(length: number, item: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => item(index));

export const named = (length: number, name: (index: number) => string): object =>
  Object.fromEntries(list(length, (index) => [name(index), 0]));

export const part = (text: string): object => ({ type: 'text', text });

const base64 = (bytes: number): string => 'iVBORw0KGgoA'.repeat(bytes / 12);
const properties = Object.fromEntries(
  list(8, (index) => [`p${index}`, { type: 'string', description: 'What it is.' }]),
);
const SCHEMA = { type: 'object', properties, required: ['p0'] };
const DESCRIPTION = 'x'.repeat(300);

export const MESSAGES: Dialect = {
  mark: '[[api text fine]]',
  fields: { model: 'claude-sonnet-5-5', max_tokens: 10 },
  image: (bytes) => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: base64(bytes) },
  }),
  tool: (index) => ({ name: `tool_${index}`, description: DESCRIPTION, input_schema: SCHEMA }),
};

export const COUNT: Dialect = {
  ...MESSAGES,
  mark: '[[api count 7]]',
  fields: { model: 'claude-sonnet-5-5' },
};

export const CHAT: Dialect = {
  ...MESSAGES,
  image: (bytes) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${base64(bytes)}` } }),
  tool: (index) => ({
    type: 'function',
    function: { name: `tool_${index}`, description: DESCRIPTION, parameters: SCHEMA },
  }),
};

/** A conversation as JSON: one turn with this content, unless `more` replaces it. */
export function conversation({ mark, fields }: Dialect, content: Content, more: object = {}): string {
  const said = typeof content === 'string' ? `${mark} ${content}` : [part(mark), ...content];
  return JSON.stringify({ ...fields, messages: [{ role: 'user', content: said }], ...more });
}
