/**
 * Options of a test that can run for as long as somebody likes: `npm run soak`, `test:model` and `fuzz` pass them in
 * LONG_RUN, as JSON (`test/long-run.mjs`); in `npm test` the defaults apply.
 */
const given: unknown = JSON.parse(process.env['LONG_RUN'] ?? '{}');

/** Returns the options of this run: those of the command line over the defaults. */
export function longRun<Options extends object>(defaults: Options): Options {
  return { ...defaults, ...(given as Partial<Options>) };
}
