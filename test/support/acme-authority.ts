import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endGroup, writeCertificate } from './https-proxy';
import { freePort } from './redis';
import { until } from './until';

/**
 * Let's Encrypt's Pebble, an authority for tests, which finds every name at 127.0.0.1 and asks there on this port.
 * Resolves when it takes orders.
 */
export async function startAuthority(
  folder: string,
  httpPort: number,
): Promise<{
  /** URL for clients. */
  readonly directory: string;
  /** Path of the certificate of that URL. */
  readonly certificate: string;
  stop(): Promise<void>;
}> {
  await mkdir(folder);
  await writeCertificate(folder, 'localhost');
  const [port, dnsPort, tlsPort] = [await freePort(), await freePort(), await freePort()];
  const [managementPort, namesPort] = [await freePort(), await freePort()];
  const configuration = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: join(folder, 'fullchain.pem'),
    privateKey: join(folder, 'privkey.pem'),
    httpPort,
    tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  };
  await writeFile(configuration, JSON.stringify({ pebble }));
  const log = join(folder, 'log');
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
  const names = startProgram(
    'pebble-challtestsrv',
    [...off, '-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${namesPort}`],
    log,
  );
  const authority = startProgram(
    'pebble',
    ['-config', configuration, '-dnsserver', `127.0.0.1:${dnsPort}`],
    log,
    // Without pauses and refusals at random.
    { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' },
  );
  const stop = async (): Promise<void> => {
    await endGroup(authority);
    await endGroup(names);
  };
  try {
    await until(async () => {
      const said = await readFile(log, 'utf8');
      if (authority.exitCode !== null || names.exitCode !== null) throw new Error(said);
      return said.includes('ACME directory available');
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { directory: `https://127.0.0.1:${port}/dir`, certificate: join(folder, 'fullchain.pem'), stop };
}

/** Starts a program that adds what it says to a file. */
export function startProgram(
  program: string,
  parameters: readonly string[],
  log: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const output = openSync(log, 'a');
  return spawn(program, parameters, {
    env: { PATH: process.env.PATH ?? '', ...env },
    detached: true,
    stdio: ['ignore', output, output],
  });
}
