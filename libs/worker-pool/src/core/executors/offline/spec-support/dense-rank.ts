/**
 * The ranks of one graph, by the whole matrix of its weights as the paper has it: slow, and easy to read. Sums are
 * made in the order of the sentences, so that not even the last bit of a score may differ.
 */
export function denseRank(sentences: readonly ReadonlySet<string>[]): number[] {
  const weights = sentences.map((one) =>
    sentences.map((other) => (one === other ? 0 : weightOf(one, other))),
  );
  const scores = pageRank(weights);
  return sentences.map((_words, index) => index).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
}

function weightOf(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((word) => other.has(word)).length;
  return shared === 0 ? 0 : shared / (Math.log(1 + one.size) + Math.log(1 + other.size));
}

function pageRank(weights: readonly number[][]): number[] {
  const totals = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  let scores: number[] = weights.map(() => 1);
  for (let round = 0; round < 100; round += 1) {
    const shares = scores.map((score, node) => score / (totals[node]! || 1));
    const next = weights.map((row) => {
      return 1 - 0.85 + 0.85 * row.reduce((sum, weight, other) => sum + weight * shares[other]!, 0);
    });
    const moved = Math.max(...next.map((score, node) => Math.abs(score - scores[node]!)));
    scores = next;
    if (moved <= 1e-4) break;
  }
  return scores;
}
