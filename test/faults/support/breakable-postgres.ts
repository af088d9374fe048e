import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedDatabase } from '../../../src/platform/embedded/embedded-database';
import { isAlive } from '../../../src/platform/files';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';

/** A Postgres of its own that can be restarted; its address stays the same. */
export type BreakablePostgres = {
  /** A way to it that can be broken without the others. */
  openLink(): Promise<PostgresLink>;
  /** Ends every session at once, stays away for a moment, and comes back. */
  restart(awayMs: number): Promise<void>;
  stop(): Promise<void>;
};

type PostgresLink = { readonly url: string; readonly network: TcpProxy };

export async function startPostgres(): Promise<BreakablePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-faults-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
  const directory = join(folder, 'postgres');
  const open = () =>
    openEmbeddedDatabase({ directory, databaseName: 'nipnime', settings: { max_connections: '200' } });
  let server = await open();
  const links: TcpProxy[] = [];

  const endServer = async (): Promise<void> => {
    const file = join(directory, 'cluster', 'data', 'postmaster.pid');
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    // First, since whoever has it open starts a server again that goes. It stays while the site uses it.
    await server.close();
    if (isAlive(pid)) process.kill(pid, 'SIGINT');
    await until(() => !isAlive(pid));
  };
  return {
    async openLink() {
      const network = await startTcpProxy({ port: portOf(server.url) });
      links.push(network);
      const url = new URL(server.url);
      url.port = String(network.port);
      return { url: url.href, network };
    },
    async restart(awayMs) {
      await endServer();
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      server = await open();
      for (const network of links) network.retarget(portOf(server.url));
    },
    async stop() {
      await endServer();
      await Promise.all(links.map((network) => network.close()));
      await rm(folder, { recursive: true });
    },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
