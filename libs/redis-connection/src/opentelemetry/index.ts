export { counterOf, durationOf, failureAttributes } from './instruments.js';
export { MESSAGING_KINDS, type MessagingType, messagingAttributes, MessagingMetrics } from './messaging.js';
export type { SpanConventions } from './operation-spans.js';
export { registerTelemetry, type TelemetryOptions } from './register-telemetry.js';
