import type { TextSealer } from '../../encryption/text-sealer.js';
import type {
  StreamAppend,
  StreamAppended,
  StreamReading,
  StreamRecord,
  StreamStore,
} from '../stream-store.js';

/** Encrypts the records of logs. Each is bound to its log, its number and its kind. */
export class SealedStreamStore implements StreamStore {
  constructor(
    private readonly inner: StreamStore,
    private readonly texts: TextSealer,
  ) {}

  append(key: string, token: string, append: StreamAppend): Promise<StreamAppended> {
    const records = append.records.map(({ kind, text }, index) => {
      const place = placeOf(token, append.first + index, kind);
      return { kind, text: this.texts.seal(place, key, text) };
    });
    return this.inner.append(key, token, { ...append, records });
  }

  async read(key: string, token: string, after: number, watchMs: number): Promise<StreamReading> {
    const reading = await this.inner.read(key, token, after, watchMs);
    const records = reading.records.map(({ number, kind, text }) => {
      const plain = this.texts.open(placeOf(token, number, kind), key, text);
      // Nothing can follow a record that cannot be read.
      return plain === null ? { number, kind: 'cut' as const, text: '' } : { number, kind, text: plain };
    });
    return { ...reading, records };
  }
}

function placeOf(token: string, number: number, kind: StreamRecord['kind']): string {
  return `stream:${token}:${number}:${kind}`;
}
