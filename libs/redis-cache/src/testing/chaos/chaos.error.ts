/** What a `ChaosBackend` fails with, unless its `error` option says otherwise. */
export class ChaosError extends Error {
  readonly code = 'ERR_CHAOS';

  constructor(message: string) {
    super(message);
    this.name = 'ChaosError';
  }
}
