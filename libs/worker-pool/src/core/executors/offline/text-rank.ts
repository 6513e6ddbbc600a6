/** Maximum number of sentences in one graph; longer texts are ranked in rounds, see {@link rankSentences}. */
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
 * The sentences are the nodes of a graph. The weight of an edge is the number of words that two sentences share,
 * divided by the logarithms of their lengths: |A ∩ B| / (log(1 + |A|) + log(1 + |B|)). This is the paper's formula
 * except for `1 +`, which avoids a division by zero for sentences of one word. Weighted PageRank (damping 0.85) runs
 * until no score changes by more than 0.0001, for at most 100 rounds. Equal scores keep the order of the text.
 *
 * The graph grows with the square of the number of sentences, so one graph holds at most
 * {@link MAX_GRAPH_SENTENCES}. A longer text is ranked in blocks of that size; the best quarter of each block enters
 * the next round, until one graph holds all that remain.
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
  const scores = pageRank(edgesOf(block.map((index) => sentences[index] ?? new Set())));
  return block
    .map((index, node) => ({ index, score: scores[node] ?? 0 }))
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .map(({ index }) => index);
}

/** The edges of one node: the adjacent nodes, in their order, and the weight of each edge. */
interface Edges {
  others: Uint16Array;
  weights: Float64Array;
}

const NO_EDGES: Edges = { others: new Uint16Array(0), weights: new Float64Array(0) };

/** Sparse edges: in a text of very short sentences hardly any two share a word. */
function edgesOf(nodes: readonly Words[]): Edges[] {
  const occurrences = occurrencesOf(nodes);
  const lengths = Float64Array.from(nodes, ({ size }) => Math.log(1 + size));
  // Number of words that each node shares with the current one; reset to 0 after each node.
  const shared = new Float64Array(nodes.length);
  return nodes.map((words, node) => {
    let found = 0;
    for (const word of words) {
      const others = occurrences.get(word) ?? [];
      found += others.length;
      for (const other of others) {
        shared[other] = (shared[other] ?? 0) + 1;
      }
    }
    // Every word of a node also occurs in the node itself.
    const edges = found === words.size ? NO_EDGES : takeEdges(node, shared, lengths);
    shared.fill(0);
    return edges;
  });
}

function takeEdges(node: number, shared: Float64Array, lengths: Float64Array): Edges {
  const others = new Uint16Array(shared.length);
  const weights = new Float64Array(shared.length);
  const length = lengths[node] ?? 0;
  let count = 0;
  for (let other = 0; other < shared.length; other += 1) {
    const words = shared[other] ?? 0;
    if (words > 0 && other !== node) {
      others[count] = other;
      weights[count] = words / (length + (lengths[other] ?? 0));
      count += 1;
    }
  }
  return { others: others.slice(0, count), weights: weights.slice(0, count) };
}

function occurrencesOf(nodes: readonly Words[]): Map<string, number[]> {
  const occurrences = new Map<string, number[]>();
  for (const [node, words] of nodes.entries()) {
    for (const word of words) {
      const known = occurrences.get(word);
      if (known) {
        known.push(node);
      } else {
        occurrences.set(word, [node]);
      }
    }
  }
  return occurrences;
}

function pageRank(nodes: readonly Edges[]): Float64Array {
  const totals = nodes.map(({ weights }) => weights.reduce((sum, weight) => sum + weight, 0));
  let scores = new Float64Array(nodes.length).fill(1);
  for (let round = 0; round < MAX_ITERATIONS; round += 1) {
    const shares = scores.map((score, node) => score / (totals[node] || 1));
    const next = Float64Array.from(nodes, (edges) => 1 - DAMPING + DAMPING * weightedSum(edges, shares));
    const change = next.reduce(
      (most, score, node) => Math.max(most, Math.abs(score - (scores[node] ?? 0))),
      0,
    );
    scores = next;
    if (change <= CONVERGENCE) {
      break;
    }
  }
  return scores;
}

function weightedSum({ others, weights }: Edges, shares: Float64Array): number {
  let sum = 0;
  for (let edge = 0; edge < others.length; edge += 1) {
    sum += (weights[edge] ?? 0) * (shares[others[edge] ?? 0] ?? 0);
  }
  return sum;
}
