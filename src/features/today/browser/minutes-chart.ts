import uPlot from 'uplot';
import { LOCALE } from '../../../web/browser/locale';

const REPEAT_MS = 60_000;
const ANSWER_MS = 10_000;
const HEIGHT_PX = 160;

type Columns = [number[], (number | null)[], (number | null)[]];

/** Draws how many browsers were connected and how much has changed, minute by minute, and goes on doing so while the page is looked at. */
export async function drawMinutes(root: HTMLElement): Promise<void> {
  const url = root.dataset.minutes ?? '';
  let columns = await readColumns(url);
  root.hidden = false;
  let chart = draw(root, columns);
  const redraw = (): void => {
    chart.destroy();
    chart = draw(root, columns);
  };
  // Its colours are those of the page.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  new ResizeObserver(() => chart.setSize({ width: root.clientWidth, height: HEIGHT_PX })).observe(root);
  window.setInterval(() => {
    if (document.visibilityState === 'hidden') return;
    readColumns(url)
      .then((read) => {
        columns = read;
        chart.setData(columns);
      })
      .catch(() => {
        // The next minute is another try.
      });
  }, REPEAT_MS);
}

async function readColumns(url: string): Promise<Columns> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`The minutes answered ${response.status}`);
  return response.json();
}

function draw(root: HTMLElement, columns: Columns): uPlot {
  const style = getComputedStyle(root);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const short = new Intl.NumberFormat(LOCALE, { notation: 'compact' });
  const counts = (_chart: uPlot, splits: readonly number[]): string[] =>
    splits.map((each) => (Number.isInteger(each) ? short.format(each) : ''));
  const axis = { stroke: color('--text-muted'), font: `12px ${style.fontFamily}` };
  const timeZone = root.dataset.zone ?? 'UTC';
  const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', timeZone });
  const time = (seconds: number): string => clock.format(new Date(seconds * 1_000));
  return new uPlot(
    {
      width: root.clientWidth,
      height: HEIGHT_PX,
      // Its lines stand at full hours of the account's zone.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), timeZone),
      scales: {
        browsers: { range: (_chart, _min, max) => [0, Math.max(4, max)] },
        changes: { range: (_chart, _min, max) => [0, Math.max(4, max)] },
      },
      series: [
        { value: (_chart, seconds) => (seconds === null ? '–' : time(seconds)), label: 'Time' },
        { label: 'Connected', scale: 'browsers', stroke: color('--accent'), width: 2 },
        { label: 'Changes', scale: 'changes', stroke: color('--warning'), width: 1 },
      ],
      axes: [
        { ...axis, grid: { show: false }, values: (_chart, splits) => splits.map(time), space: 60 },
        {
          ...axis,
          scale: 'browsers',
          grid: { stroke: color('--line') },
          size: 36,
          space: 40,
          values: counts,
        },
        { ...axis, scale: 'changes', side: 1, grid: { show: false }, size: 36, space: 40, values: counts },
      ],
    },
    columns,
    root,
  );
}
