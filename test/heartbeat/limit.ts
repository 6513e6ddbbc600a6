/** What no turn of the event loop may exceed, in units of writing and parsing 8 MB of JSON (16 to 25 ms). */
export const MAX_UNITS = 2.5;
