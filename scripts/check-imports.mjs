// Checks who may import whom (docs/architecture.md; rules in .dependency-cruiser.cjs).
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';

const ruleSet = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const { output } = await cruise(['src', 'migrations'], {
  ruleSet: { forbidden: ruleSet.forbidden },
  validate: true,
  ...ruleSet.options,
});
const { totalCruised } = output.summary;
const violations = output.summary.violations
  .filter(({ rule }) => rule.severity === 'error')
  .map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);

// Without a parser that understands the files the cruiser reads none of them, and finds nothing wrong.
if (totalCruised < 20) {
  console.error(`Only ${totalCruised} modules were read; the import check is not working.`);
  process.exit(1);
}

/** Until the hook of writes is a part of the engine. */
const HOOK = /^src\/features\/episodes\/(catalog-)?write\.ts$/;
const featureOf = (file) => /^src\/features\/([^/]+)\//.exec(file)?.[1];

/** By feature, the features that it needs: the cruiser knows cycles of files, not of folders that are whole features. */
const needs = new Map();
for (const { source, dependencies } of output.modules) {
  const feature = featureOf(source);
  if (!feature || HOOK.test(source)) continue;
  for (const { resolved } of dependencies) {
    const needed = featureOf(resolved);
    if (!needed || needed === feature || HOOK.test(resolved)) continue;
    needs.set(feature, new Set(needs.get(feature)).add(needed));
  }
}
/** The way from a feature back to itself, if there is one. */
function cycleFrom(feature, path = [feature]) {
  for (const next of needs.get(path.at(-1)) ?? []) {
    if (next === feature) return [...path, next];
    const found = path.includes(next) ? undefined : cycleFrom(feature, [...path, next]);
    if (found) return found;
  }
  return undefined;
}
for (const feature of needs.keys()) {
  const cycle = cycleFrom(feature);
  if (cycle) violations.push(`no-cycle-between-features: ${cycle.join(' → ')}`);
}

for (const violation of violations) console.error(violation);
console.log(`${totalCruised} modules, ${violations.length} forbidden imports`);
process.exit(violations.length === 0 ? 0 : 1);
