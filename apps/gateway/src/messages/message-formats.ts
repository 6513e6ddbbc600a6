import { messageEvents } from './message-events.js';
import { MessageWriter } from './message-writer.js';

/** Messages sent whole. */
export const JSON_BODY = new MessageWriter((message) => JSON.stringify(message));

/** Messages sent as the events of a stream. */
export const EVENTS = new MessageWriter(messageEvents);
