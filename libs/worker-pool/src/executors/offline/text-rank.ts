/** Most sentences that one graph holds; what lies beyond is ranked in rounds, see {@link rankSentences}. */
export const MAX_GRAPH_SENTENCES = 400;

const DAMPING = 0.85;
const CONVERGENCE = 1e-4;
const MAX_ITERATIONS = 100;
const KEPT_PER_ROUND = MAX_GRAPH_SENTENCES / 4;

/** The words of one sentence. */
export type Words = ReadonlySet<string>;

/**
 * The indices of the most central sentences, best first, by TextRank (R. Mihalcea, P. Tarau: "TextRank:
 * Bringing Order into Texts", EMNLP 2004).
 *
 * The sentences are the nodes of a graph. An edge weighs the words that two sentences share, divided by the
 * logarithms of their lengths: |A ∩ B| / (log(1 + |A|) + log(1 + |B|)); the paper's formula but for the
 * `1 +`, which keeps sentences of one word from a division by zero. Weighted PageRank (damping 0.85) runs
 * until no score moves by more than 0.0001, for 100 rounds at most. Equal scores keep the text's order.
 *
 * The graph grows with the square of the sentences, so one graph holds at most
 * {@link MAX_GRAPH_SENTENCES}. A longer text is ranked in blocks of that size; the best quarter of every
 * block meets again, until one graph holds them all.
 */
export function rankSentences(sentences: readonly Words[]): number[] {
  let survivors = sentences.map((_words, index) => index);
  while (survivors.length > MAX_GRAPH_SENTENCES) {
    survivors = bestOfBlocks(sentences, survivors);
  }
  return rankBlock(sentences, survivors);
}

function bestOfBlocks(sentences: readonly Words[], candidates: readonly number[]): number[] {
  const best: number[] = [];
  for (let start = 0; start < candidates.length; start += MAX_GRAPH_SENTENCES) {
    const block = candidates.slice(start, start + MAX_GRAPH_SENTENCES);
    const kept = rankBlock(sentences, block).slice(0, KEPT_PER_ROUND);
    best.push(...kept.toSorted((a, b) => a - b));
  }
  return best;
}

function rankBlock(sentences: readonly Words[], block: readonly number[]): number[] {
  const scores = pageRank(edgeWeights(block.map((index) => sentences[index] ?? new Set())));
  return block
    .map((index, node) => ({ index, score: scores[node] ?? 0 }))
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .map(({ index }) => index);
}

function edgeWeights(nodes: readonly Words[]): Float64Array[] {
  const weights = sharedWords(nodes);
  const lengths = Float64Array.from(nodes, ({ size }) => Math.log(1 + size));
  for (const [node, row] of weights.entries()) {
    for (let other = 0; other < row.length; other += 1) {
      row[other] = (row[other] ?? 0) && (row[other] ?? 0) / ((lengths[node] ?? 0) + (lengths[other] ?? 0));
    }
  }
  return weights;
}

/** How many words each pair shares, by way of the sentences in which a word occurs. */
function sharedWords(nodes: readonly Words[]): Float64Array[] {
  const counts = nodes.map(() => new Float64Array(nodes.length));
  const occurrences = new Map<string, number[]>();
  for (const [node, words] of nodes.entries()) {
    for (const word of words) {
      const earlier = occurrences.get(word) ?? [];
      for (const other of earlier) {
        countPair(counts, node, other);
      }
      earlier.push(node);
      occurrences.set(word, earlier);
    }
  }
  return counts;
}

function countPair(counts: readonly Float64Array[], a: number, b: number): void {
  const [rowA, rowB] = [counts[a], counts[b]];
  if (rowA && rowB) {
    rowA[b] = (rowA[b] ?? 0) + 1;
    rowB[a] = (rowB[a] ?? 0) + 1;
  }
}

function pageRank(weights: readonly Float64Array[]): Float64Array {
  const totals = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  let scores = new Float64Array(weights.length).fill(1);
  for (let round = 0; round < MAX_ITERATIONS; round += 1) {
    const shares = scores.map((score, node) => score / (totals[node] || 1));
    const next = Float64Array.from(weights, (row) => 1 - DAMPING + DAMPING * weightedSum(row, shares));
    const moved = next.reduce(
      (most, score, node) => Math.max(most, Math.abs(score - (scores[node] ?? 0))),
      0,
    );
    scores = next;
    if (moved <= CONVERGENCE) {
      break;
    }
  }
  return scores;
}

function weightedSum(row: Float64Array, shares: Float64Array): number {
  let sum = 0;
  for (let node = 0; node < row.length; node += 1) {
    sum += (row[node] ?? 0) * (shares[node] ?? 0);
  }
  return sum;
}
