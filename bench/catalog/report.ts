import type { MeasuredCase, Rounds } from './measure';
import { isFlat } from './plan';

export type Result = Rounds & {
  readonly postgres: string;
  readonly node: string;
  readonly catalogs: readonly { readonly episodes: number; readonly series: number }[];
  readonly cases: readonly MeasuredCase[];
};

const EXPLANATION = `The time is that of one call of the function that the site reads with, round trips included, in milliseconds: the median
of the rounds, and in brackets the fastest and the slowest round. Rows are those that scans looked at, pages those of 8 KB
that Postgres touched, each in the smallest → in the largest catalog.`;

export function terminalTable(result: Result): string {
  const rows = tableRows(result);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0)).join('  '),
  );
  const growing = result.cases.filter(grows).length;
  const verdict =
    growing === 0 ? 'Everything is flat.' : `${growing} of ${result.cases.length} grow with the catalog.`;
  return [...lines, '', EXPLANATION, verdict].join('\n');
}

export function markdownReport(result: Result): string {
  const [head = [], ...rows] = tableRows(result);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const catalogs = result.catalogs.map(
    ({ episodes, series }) => `${count(episodes)} public episodes of ${count(series)} series`,
  );
  return `# What the site reads, as the catalog grows

\`npm run bench:catalog\` measured this on generated catalogs: ${catalogs.join(', ')}.
${EXPLANATION}
Postgres ${result.postgres}, Node ${result.node}, ${result.rounds} rounds. A run writes the plans
to \`bench/results\`; the reasons are in
[decision 10](decisions/0010-flat-catalog-queries.md).

${line(head)}
${line(head.map((_, column) => (column === 0 ? '---' : '--:')))}
${rows.map(line).join('\n')}
`;
}

/** For the file of results: microseconds are noise, and a plan is worth reading of the largest catalog. */
export function toJson(result: Result): unknown {
  const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;
  const cases = result.cases.map(({ name, measurements }) => ({
    name,
    measurements: measurements.map(({ episodes, ms, plan: { rowsRead, buffers, executionMs } }) => ({
      episodes,
      ms: { median: round(ms.median), min: round(ms.min), max: round(ms.max) },
      executionMs: round(executionMs),
      rowsRead,
      buffers,
    })),
    plan: measurements.at(-1)?.plan.lines,
  }));
  return { ...result, cases };
}

function tableRows(result: Result): string[][] {
  const sizes = result.catalogs.map(({ episodes }) => count(episodes));
  return [['episodes', ...sizes, '÷', 'rows', 'pages'], ...result.cases.map(caseRow)];
}

function caseRow(measured: MeasuredCase): string[] {
  const { name, measurements } = measured;
  const [first, last] = [measurements[0], measurements.at(-1)];
  if (!first || !last) return [name];
  return [
    grows(measured) ? `${name} (grows)` : name,
    ...measurements.map(({ ms }) => `${ms.median.toFixed(1)} [${ms.min.toFixed(1)}–${ms.max.toFixed(1)}]`),
    (last.ms.median / first.ms.median).toFixed(1),
    `${count(first.plan.rowsRead)} → ${count(last.plan.rowsRead)}`,
    `${count(first.plan.buffers)} → ${count(last.plan.buffers)}`,
  ];
}

function grows({ measurements }: MeasuredCase): boolean {
  return !isFlat(measurements.map(({ plan }) => plan));
}

function pad(cell: string, width: number, isLeft: boolean): string {
  return isLeft ? cell.padEnd(width) : cell.padStart(width);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
