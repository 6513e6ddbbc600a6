/** Base of all errors of this package: `code` is stable, `cause` is what lies behind. */
export abstract class WorkerPoolError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
