/** What the stand-in accepts: the API's own checks of headers, fields and turns, with the API's own words. */

const VERSIONS = ['2023-06-01', '2026-10-21'];

const FIELDS = new Set([
  'model',
  'max_tokens',
  'messages',
  'cache_control',
  'container',
  'diagnostics',
  'inference_geo',
  'metadata',
  'output_config',
  'service_tier',
  'speed',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
  'user_profile_id',
  'workspace_id',
]);

/** Fields that only exist together with a beta. */
const BETA_OF_FIELD = {
  context_management: 'context-management-2025-06-27',
  thread: 'message-threads-2026-08-12',
  output_format: 'structured-outputs-2025-11-13',
  mcp_servers: 'mcp-client-2025-11-20',
  new_capability: 'new-capability-2027-01-01',
};

const BETAS = new Set([
  ...Object.values(BETA_OF_FIELD),
  'claude-code-20250219',
  'pdfs-2024-09-25',
  'prompt-caching-scope-2026-01-05',
  'mid-conversation-system-2026-04-07',
  'interleaved-thinking-2025-05-14',
  'per-turn-control-2026-07-01',
  'mid-conversation-tool-changes-2026-07-01',
  'thinking-token-count-2026-05-13',
  'advanced-tool-use-2025-11-20',
  'effort-2025-11-24',
  'structured-outputs-2025-12-15',
  'token-counting-2024-11-01',
  'context-1m-2025-08-07',
  'fine-grained-tool-streaming-2025-05-14',
  'files-api-2025-04-14',
  'thinking-display-updates-2026-08-18',
]);

const NOT_COUNTED = new Set([
  'max_tokens',
  'stream',
  'stop_sequences',
  'metadata',
  'temperature',
  'top_p',
  'top_k',
]);
const SAMPLING = ['temperature', 'top_p', 'top_k'];
const ROLES = new Set(['user', 'assistant', 'system']);

/** The error of the API for a request, as status, type, message and details; `undefined` if it is accepted. */
export function problemOf(call, { key, threads }) {
  const { method, pathname, headers, raw } = call;
  const known = /^\/v1\/(messages(\/count_tokens)?|models(\/[^/]+)?)$/.test(pathname);
  if (!known) return [404, 'not_found_error', 'Not found'];
  if (headers['x-api-key'] !== key && headers.authorization !== `Bearer ${key}`) {
    return [401, 'authentication_error', 'invalid x-api-key'];
  }
  if (!VERSIONS.includes(headers['anthropic-version'])) {
    return invalid(`anthropic-version: "${headers['anthropic-version']}" is not a valid version`);
  }
  const betas = (headers['anthropic-beta'] ?? '').split(',').map((beta) => beta.trim());
  const unknown = betas.find((beta) => beta !== '' && !BETAS.has(beta));
  if (unknown)
    return invalid(`Unexpected value(s) \`${unknown}\` for the \`anthropic-beta\` header. Please consult`);
  if (method === 'GET') return undefined;
  if (method !== 'POST') return [405, 'invalid_request_error', 'Method Not Allowed'];
  if (!headers['content-type']?.startsWith('application/json')) return invalid('content-type: must be JSON');
  try {
    call.body = JSON.parse(raw.toString('utf8'));
  } catch {
    return invalid('The request body is not valid JSON');
  }
  return bodyProblem(call, new Set(betas), threads);
}

function invalid(message, details) {
  return [400, 'invalid_request_error', message, details];
}

function bodyProblem({ pathname, headers, body }, betas, threads) {
  const isCount = pathname.endsWith('/count_tokens');
  const needed = isCount ? ['model', 'messages'] : ['model', 'max_tokens', 'messages'];
  const missing = needed.find((field) => body[field] === undefined);
  if (missing) return invalid(`${missing}: Field required`);
  for (const field of Object.keys(body)) {
    const beta = BETA_OF_FIELD[field];
    const isKnown = beta === undefined ? FIELDS.has(field) : betas.has(beta);
    if (!isKnown || (isCount && NOT_COUNTED.has(field))) {
      return invalid(`${field}: Extra inputs are not permitted`);
    }
  }
  const sampling = SAMPLING.find((field) => field in body);
  if (sampling && headers['anthropic-version'] === VERSIONS[1]) {
    return invalid(`${sampling}: Extra inputs are not permitted`);
  }
  if (body.thread && !threads) {
    const details = { error_code: 'thread_unsupported_request', unsupported: ['thread'] };
    return invalid('thread: this request does not support threads', details);
  }
  return turnsProblem(body.messages, betas);
}

function turnsProblem(messages, betas) {
  if (!Array.isArray(messages) || messages.length === 0)
    return invalid('messages: at least one message is required');
  let open = [];
  for (const [index, { role, content, ...more }] of messages.entries()) {
    if (!ROLES.has(role)) return invalid(`messages.${index}.role: Input should be 'user' or 'assistant'`);
    const extra = Object.keys(more).find(
      (field) => field !== 'output_config' || !betas.has('per-turn-control-2026-07-01'),
    );
    if (extra) return invalid(`messages.${index}.${extra}: Extra inputs are not permitted`);
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const empty = blocks.findIndex(({ type, text }) => type === 'text' && !text);
    if (empty >= 0)
      return invalid(`messages.${index}.content.${empty}.text: text content blocks must be non-empty`);
    const results = blocks.filter(({ type }) => type === 'tool_result').map(({ tool_use_id: id }) => id);
    const foreign = results.find((id) => !open.includes(id));
    if (foreign) return invalid(`messages.${index}: unexpected tool_use_id found in tool_result: ${foreign}`);
    if (role === 'user' && open.some((id) => !results.includes(id))) {
      return invalid(`messages.${index}: tool_use ids were found without tool_result blocks: ${open}`);
    }
    if (role === 'assistant') open = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id);
    if (role === 'user') open = [];
  }
  return undefined;
}
