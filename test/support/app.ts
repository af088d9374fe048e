import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DestinationStream } from 'pino';
import { createLogger } from '../../src/platform/log';
import { loadConfig } from '../../src/process/config';
import { createSiteNode, type SiteNode } from '../../src/process/node';
import { createTestDatabase, type TestDatabase } from './database';

export type TestApp = SiteNode & { readonly database: TestDatabase };

/** The whole site in this process, on an empty database of its own; for supertest, or to listen with. */
export async function createTestApp(
  env: Readonly<Record<string, string>> = {},
  destination?: DestinationStream,
): Promise<TestApp> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-app-'));
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir, ...env });
  const cleanUp = async (): Promise<void> => {
    await database.drop();
    await rm(dataDir, { recursive: true });
  };
  try {
    const site = await createSiteNode(config, createLogger(config.logLevel, destination), {
      ...database,
      close: cleanUp,
    });
    return {
      ...site,
      database,
      close: async () => {
        await site.close();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
