type Bar = {
  readonly label: string;
  readonly value: number;
  /** What stands at the end of the bar. */
  readonly text: string;
  readonly isOurs: boolean;
};

const WIDTH = 760;
const LABEL_WIDTH = 180;
const TEXT_WIDTH = 150;
const TOP = 56;
const ROW = 30;

/** Horizontal bars as an SVG that is read in light and in dark. */
export function barChart(title: string, subtitle: string, bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 8;
  const most = Math.max(...bars.map(({ value }) => value));
  const scale = (WIDTH - LABEL_WIDTH - TEXT_WIDTH) / most;
  const rows = bars.map(({ label, value, text, isOurs }, index) => {
    const middle = TOP + index * ROW + ROW / 2;
    const width = Math.max(2, value * scale);
    return [
      `<text class="label" x="${LABEL_WIDTH - 10}" y="${middle + 5}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'other'}" x="${LABEL_WIDTH}" y="${middle - 10}" width="${width.toFixed(1)}" height="20" rx="3"/>`,
      `<text class="value" x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${middle + 5}">${escapeXml(text)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(`${title}. ${subtitle}`)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 16px; }
.subtitle, .label { fill: #59636e; }
.ours { fill: #0969da; }
.other { fill: #afb8c1; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; }
.subtitle, .label { fill: #9198a1; }
.ours { fill: #4493f8; }
.other { fill: #57606a; }
}
</style>
<text class="title" x="0" y="18">${escapeXml(title)}</text>
<text class="subtitle" x="0" y="40">${escapeXml(subtitle)}</text>
${rows.join('\n')}
</svg>
`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
