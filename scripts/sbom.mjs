import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const HELP = `Prints what the site is made of, as CycloneDX: the packages that it runs, and those that its build has put into what browsers load.

  npm run --silent sbom -- [--without NAMES]

  --without NAMES  leaves out these packages, by names or scopes between spaces, such as the embedded database in an image that has none
`;

const { values } = parseArgs({
  options: { without: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
const left = values.without?.split(' ') ?? [];
const bundled = new Set(JSON.parse(readFileSync('dist/bundled.json', 'utf8')));
const bom = JSON.parse(
  execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
);
const isForDevelopment = ({ properties = [] }) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
/** Some packages still name their licence in a list, which npm does not look at. */
const withLicence = (each) => {
  if (each.licenses) return each;
  const { licenses = [] } = JSON.parse(readFileSync(`node_modules/${each.name}/package.json`, 'utf8'));
  return { ...each, licenses: licenses.map(({ type }) => ({ license: { id: type } })) };
};
const used = bom.components.filter(
  (each) =>
    (!isForDevelopment(each) || bundled.has(each['bom-ref'])) &&
    !left.includes(each.name) &&
    !left.includes(each.name.split('/')[0]),
);
const components = used.map(withLicence);
const kept = new Set([bom.metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])]);
const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
bom.metadata.component = { ...bom.metadata.component, type: 'application', name: 'nipnime' };
process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
