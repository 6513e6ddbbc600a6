/** Draws horizontal bars in groups, as an SVG that is readable on light and dark pages. */

const WIDTH = 760;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 70;
const BAR = 14;
const GAP = 3;
const HEAD = 24;
const BETWEEN = 14;
const COLOURS = { subject: '#2563eb', baseline: '#94a3b8', peer: '#cbd5e1' };

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const text = (x, y, content, attributes = '') =>
  `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;

/**
 * @param {object} chart
 * @param {string} chart.title for screen readers
 * @param {{ title: string, bars: { name: string, role: string, value: number, label: string }[] }[]} chart.groups
 * @returns {string} the SVG
 */
export function barChart({ title, groups }) {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest;
  const parts = [];
  let y = 0;
  for (const group of groups) {
    parts.push(text(0, y + 15, group.title, 'font-weight="600"'));
    y += HEAD;
    for (const bar of group.bars) {
      parts.push(...barOf(bar, y, scale));
      y += BAR + GAP;
    }
    y += BETWEEN;
  }
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#64748b"';
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" role="img" ${style}>`;
  return `${[head, `<title>${escape(title)}</title>`, ...parts, '</svg>'].join('\n')}\n`;
}

function barOf({ name, role, value, label }, y, scale) {
  const width = Math.max(1, value * scale);
  const weight = role === 'subject' ? 'font-weight="600"' : '';
  return [
    text(LABEL_WIDTH - 8, y + BAR - 3, name, `text-anchor="end" ${weight}`),
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[role]}"/>`,
    text(LABEL_WIDTH + width + 6, y + BAR - 3, label, weight),
  ];
}
