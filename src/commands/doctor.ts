import { parseArgs } from 'node:util';
import { createLogger } from '../platform/log';
import { type Finding, findingLine } from './doctor/finding';
import { examine } from './doctor/run-doctor';
import { wholeNumber } from './stream/arguments';
import { runCommand } from './support/run-command';
import { jsonText } from './support/table';

const HELP = `Looks whether this machine has all that the site needs, with the settings that the site has. Nothing is changed.

  npm run doctor
  npm run doctor -- --nodes 3

  --nodes N   how many nodes are to run with these settings (1): their connections to Postgres are added up
  --json      prints what was found as JSON, for programs
  --help      prints this

Run it as the site is run: in its container, or as its user with its environment. Each line is ok, a warning, or a problem, and then
says what to do. The status is 1 when there is a problem, else 0. What is between the site and its visitors is for npm run check:realtime.
`;

runCommand(HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { nodes: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const nodes = wholeNumber('--nodes', values.nodes, 1) ?? 1;
  const findings: Finding[] = [];
  for await (const finding of examine(process.env, nodes, createLogger('silent'))) {
    findings.push(finding);
    if (!values.json) process.stdout.write(`${findingLine(finding)}\n`);
  }
  const count = (outcome: Finding['outcome']) => findings.filter((each) => each.outcome === outcome).length;
  const problems = count('problem');
  if (values.json) process.stdout.write(jsonText({ problems, warnings: count('warning'), findings }));
  else process.stdout.write(`\nProblems: ${problems}. Warnings: ${count('warning')}.\n`);
  if (problems > 0) process.exitCode = 1;
});
