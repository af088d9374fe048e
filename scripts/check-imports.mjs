// Checks who may import whom (docs/architecture.md; rules in .dependency-cruiser.cjs).
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';

const ruleSet = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const { output } = await cruise(['src', 'migrations'], {
  ruleSet: { forbidden: ruleSet.forbidden },
  validate: true,
  ...ruleSet.options,
});
const { totalCruised, violations } = output.summary;

// Without a parser that understands the files the cruiser reads none of them, and finds nothing wrong.
if (totalCruised < 20) {
  console.error(`Only ${totalCruised} modules were read; the import check is not working.`);
  process.exit(1);
}
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(`${totalCruised} modules, ${violations.length} forbidden imports`);
process.exit(violations.length === 0 ? 0 : 1);
