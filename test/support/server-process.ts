import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';
import { freePort } from './redis';
import { until } from './until';

/** The built site (dist/server.js) as a process of its own, whatever becomes of it. */
export type ServerProcess = {
  readonly url: string;
  readonly process: ChildProcess;
  readonly dataDir: string;
  /** What it wrote to standard error so far: each line parsed, or as text if it is no JSON. */
  lines(): readonly (string | LogLine)[];
  /** Resolves when it says that it is ready, rejects when it ends instead. */
  untilReady(): Promise<void>;
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
};

type LogLine = { readonly level: number; readonly msg: string; readonly [field: string]: unknown };

export async function startServer(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const dataDir = env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'nipnime-server-')));
  const port = await freePort();
  const server = spawn(process.execPath, ['--enable-source-maps', 'dist/server.js'], {
    cwd: projectRoot(),
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, PORT: String(port), ...env },
  });
  let output = '';
  server.stderr.on('data', (chunk: Buffer) => {
    output += String(chunk);
  });
  const ended = once(server, 'close').then(([code]: (number | null)[]) => code ?? null);
  const lines = () => output.split('\n').filter(Boolean).map(parse);
  return {
    url: `http://127.0.0.1:${port}`,
    process: server,
    dataDir,
    lines,
    ended,
    async untilReady() {
      await until(() => output.includes('nipnime is ready') || server.exitCode !== null, 60_000);
      if (server.exitCode !== null) throw new Error(`The site ended with ${server.exitCode}:\n${output}`);
    },
    async stop() {
      if (server.exitCode === null && server.signalCode === null) server.kill('SIGTERM');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function parse(line: string): string | LogLine {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
