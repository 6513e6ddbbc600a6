export function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function sendError(response, status, type, message, details) {
  const error = { ...(details && { details }), type, message };
  const request_id = response.getHeader('request-id');
  const headers = status === 429 ? { 'retry-after': '1' } : {};
  sendJson(response, status, { type: 'error', error, request_id }, headers);
}
