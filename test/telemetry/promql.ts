import { parser } from '@prometheus-io/lezer-promql';

/** A condition on a label, such as `state="open"`. */
interface Matcher {
  label: string;
  operator: string;
  value: string;
}

/** A selector of an expression. */
export interface Selector {
  metric: string;
  matchers: Matcher[];
}

/** What an expression in PromQL reads. */
export interface Reads {
  selectors: Selector[];
  /** Labels by which it groups or joins. */
  groupedBy: string[];
}

/** Labels that Prometheus adds, or makes of a histogram. */
const ADDED = new Set(['job', 'instance', 'le']);

/** Parses an expression. Throws where it is not PromQL. */
export function readsOf(expression: string): Reads {
  const reads: Reads = { selectors: [], groupedBy: [] };
  const text = ({ from, to }: { from: number; to: number }): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${expression}`);
      if (node.name === 'VectorSelector') {
        reads.selectors.push({ metric: text(node.node.firstChild!), matchers: [] });
      } else if (node.name === 'UnquotedLabelMatcher') {
        const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((name) =>
          text(node.node.getChild(name)!),
        );
        const matcher = { label: label!, operator: operator!, value: JSON.parse(value!) as string };
        reads.selectors.at(-1)!.matchers.push(matcher);
      } else if (node.name === 'GroupingLabels') {
        reads.groupedBy.push(...node.node.getChildren('LabelName').map(text));
      }
    },
  });
  return reads;
}

/** Labels of one sample, by name. */
export type Labels = Readonly<Record<string, string>>;

/** What of an expression no sample has: metrics, labels, and values of labels. */
export function missingIn(exposed: ReadonlyMap<string, readonly Labels[]>, expression: string): string[] {
  const { selectors, groupedBy } = readsOf(expression);
  const samples = selectors.flatMap(({ metric }) => exposed.get(metric) ?? []);
  return [
    ...selectors.flatMap((selector) => missingOf(exposed, selector)),
    ...groupedBy.filter((label) => !ADDED.has(label) && samples.every((labels) => !(label in labels))),
  ];
}

function missingOf(
  exposed: ReadonlyMap<string, readonly Labels[]>,
  { metric, matchers }: Selector,
): string[] {
  const samples = exposed.get(metric);
  if (samples === undefined) return [metric];
  return matchers
    .filter(({ label }) => !ADDED.has(label))
    .flatMap(({ label, operator, value }) =>
      // Each alternative of its own, so that a misspelt one is found.
      (operator.endsWith('~') ? value.split('|') : [value])
        .filter((one) => !samples.some((labels) => new RegExp(`^(?:${one})$`).test(labels[label] ?? '')))
        .map((one) => `${metric}{${label}="${one}"}`),
    );
}
