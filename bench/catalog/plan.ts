import { z } from 'zod';

/** A node of what `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)` prints; the fields that are read here. */
type PlanNode = z.output<typeof nodeFields> & { readonly Plans?: readonly PlanNode[] | undefined };

const nodeFields = z.object({
  'Node Type': z.string(),
  'Index Name': z.string().optional(),
  'Relation Name': z.string().optional(),
  Alias: z.string().optional(),
  'Scan Direction': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().optional(),
  'Rows Removed by Index Recheck': z.number().optional(),
  'Index Cond': z.string().optional(),
  Filter: z.string().optional(),
  'Shared Hit Blocks': z.number(),
  'Shared Read Blocks': z.number(),
});
const nodeSchema: z.ZodType<PlanNode> = nodeFields.extend({
  get Plans() {
    return z.array(nodeSchema).optional();
  },
});
const explainSchema = z.tuple([z.object({ Plan: nodeSchema, 'Execution Time': z.number() })]);

export type PlanSummary = {
  /** Pages of 8 KB that were touched. */
  readonly buffers: number;
  /** Rows that scans looked at, also those that a filter dropped. */
  readonly rowsRead: number;
  /** How often a scan began: each goes through an index once, though it may find nothing. */
  readonly scans: number;
  readonly executionMs: number;
  /** The plan's nodes, outermost first, indented. */
  readonly lines: readonly string[];
};

/** @throws when it is not the JSON that Postgres 15 to 18 prints. */
export function summarisePlan(explained: unknown): PlanSummary {
  const [{ Plan: plan, 'Execution Time': executionMs }] = explainSchema.parse(explained);
  return {
    buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    rowsRead: Math.round(rowsRead(plan)),
    scans: scans(plan),
    executionMs,
    lines: planLines(plan, 0),
  };
}

/** In a small catalog another plan can be the cheaper one, and reads some rows more or less. */
const ROWS_FACTOR = 2;
/** Less than this is no growth: the rows of a page, or of a series. */
const FEW_ROWS = 100;
/** A row is looked for through an index, which has three levels in a large catalog. */
const BUFFERS_OF_A_LOOK = 5;
const FEW_BUFFERS = 50;

/** Whether the last of the plans, that of the largest catalog, reads as little as any other. */
export function isFlat(plans: readonly PlanSummary[]): boolean {
  const last = plans.at(-1);
  if (!last) return true;
  const leastRows = Math.max(FEW_ROWS, Math.min(...plans.map(({ rowsRead }) => rowsRead)));
  const leastScans = Math.max(FEW_ROWS, Math.min(...plans.map((plan) => plan.scans)));
  const looks = Math.max(last.rowsRead, last.scans);
  return (
    last.rowsRead <= ROWS_FACTOR * leastRows &&
    last.scans <= ROWS_FACTOR * leastScans &&
    last.buffers <= BUFFERS_OF_A_LOOK * looks + FEW_BUFFERS
  );
}

function rowsRead(node: PlanNode): number {
  const isScan = node['Relation Name'] !== undefined;
  const rows =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  const below = (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), 0);
  return below + (isScan ? rows * node['Actual Loops'] : 0);
}

function scans(node: PlanNode): number {
  const own = node['Relation Name'] === undefined ? 0 : node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, child) => sum + scans(child), own);
}

function planLines(node: PlanNode, depth: number): string[] {
  const direction = node['Scan Direction'] === 'Backward' ? ' backward' : '';
  const index = node['Index Name'] ? ` using ${node['Index Name']}` : '';
  const relation = node['Relation Name'] ? ` on ${node['Relation Name']}` : '';
  const counts = `rows=${round(node['Actual Rows'])} loops=${node['Actual Loops']}`;
  const buffers = `buffers=${node['Shared Hit Blocks'] + node['Shared Read Blocks']}`;
  const line = `${'  '.repeat(depth)}${node['Node Type']}${direction}${index}${relation} (${counts} ${buffers})`;
  const removed = node['Rows Removed by Filter'];
  const dropped = removed ? [`${'  '.repeat(depth + 1)}dropped by filter: ${round(removed)}`] : [];
  return [line, ...dropped, ...(node.Plans ?? []).flatMap((child) => planLines(child, depth + 1))];
}

function round(rows: number): string {
  return String(Math.round(rows * 100) / 100);
}
