/** Names that begin alike are taken for the same from this length on. */
const MIN_PREFIX = 2;
/** One typing error is tolerated for each so many characters. */
const CHARACTERS_PER_ERROR = 3;

/** Returns the end of a sentence that begins with the name of an unknown option. */
export function unknownOption(suggestion: string | undefined): string {
  return suggestion === undefined ? 'is not an option' : `is not an option; did you mean ${suggestion}?`;
}

/** Returns the known option that an unknown one was probably meant to be, if there is one. */
export function nearestOption(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const extended = known.find((option) => isPrefix(given, option.toLowerCase()));
  if (extended !== undefined) return extended;
  const limit = Math.max(1, Math.floor(given.length / CHARACTERS_PER_ERROR));
  const [nearest] = known
    .map((option) => ({ option, errors: editDistance(given, option.toLowerCase()) }))
    .filter(({ errors, option }) => errors <= limit && errors < option.length)
    .toSorted((one, other) => one.errors - other.errors);
  return nearest?.option;
}

/** Whether one of two names begins with the other, as `ttl` and `ttlSeconds` do. */
function isPrefix(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= MIN_PREFIX && long.startsWith(short);
}

/** Returns the number of characters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    rows[row] = [row];
    for (let column = 1; column <= to.length; column += 1) {
      rows[row]![column] = Math.min(
        rows[row - 1]![column]! + 1,
        rows[row]![column - 1]! + 1,
        rows[row - 1]![column - 1]! + Number(from[row - 1] !== to[column - 1]),
        isSwap(from, to, row, column) ? rows[row - 2]![column - 2]! + 1 : Infinity,
      );
    }
  }
  return rows[from.length]![to.length]!;
}

function isSwap(from: string, to: string, row: number, column: number): boolean {
  if (row < 2 || column < 2) return false;
  return from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
}
