import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { projectRoot } from '../../src/platform/project';
import { securityHeaders } from '../../src/platform/security-headers';
import { startAuthority, startProgram } from '../support/acme-authority';
import { endGroup, type HttpsProxy, startHttpsProxy, writeCertificate } from '../support/https-proxy';
import { describeWithPrograms } from '../support/programs';
import { listen } from '../support/stream-client';
import { until } from '../support/until';

const DOMAIN = 'anime.example';
/** nginx.sh looks every five seconds. */
const PATIENCE_MS = 60_000;

/** The certificate that a new connection is shown, and what it may speak. */
async function shown(port: number) {
  const socket: TLSSocket = connectTls({
    port,
    host: '127.0.0.1',
    servername: DOMAIN,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const { fingerprint256: fingerprint, subjectaltname: name, issuer } = socket.getPeerCertificate();
  socket.destroy();
  return { fingerprint, name, issuer: issuer.CN, speaks: socket.alpnProtocol };
}

async function getOverTls(port: number, path: string): Promise<IncomingMessage> {
  const sent = request({
    ...{ port, path, host: '127.0.0.1', servername: DOMAIN, rejectUnauthorized: false, agent: false },
    headers: { host: DOMAIN },
  }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('No response.');
  return response;
}

const plain = (port: number, path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init });

/** Reads numbered events as they come. */
function readNumbers(stream: Readable): readonly number[] {
  const numbers: number[] = [];
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) numbers.push(Number(line.slice(6)));
  });
  return numbers;
}

/** A node that says what it was told of a request, and sends numbers to all streams. */
async function startNode() {
  const streams = new Set<ServerResponse>();
  let sent = 0;
  const node = await listen((incoming, response) => {
    if (incoming.url === '/events') {
      // As the site does: over HTTP/2 nginx keeps the head of an answer until some of its body is there.
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': welcome\n\n');
      streams.add(response);
      return;
    }
    const { host, 'x-forwarded-proto': protocol } = incoming.headers;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ host, protocol, url: incoming.url }));
  });
  return {
    ...node,
    streams,
    send() {
      sent++;
      for (const stream of streams) stream.write(`data: ${sent}\n\n`);
      return sent;
    },
  };
}

describeWithPrograms(['nginx', 'openssl', 'wget'], 'nginx of the Compose file', () => {
  let folder: string;
  let node: Awaited<ReturnType<typeof startNode>>;
  let proxy: HttpsProxy | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nipnime-https-'));
    node = await startNode();
  });
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
    await node.close();
    await rm(folder, { recursive: true });
  });
  const start = (domain: string, prepare?: (certificates: string) => Promise<void>, siteUrl = '') =>
    startHttpsProxy({
      ...{ folder: join(folder, 'nginx'), domain, siteUrl, nodePort: node.port },
      ...(prepare && { prepare }),
    });
  const withCertificate = (certificates: string) => writeCertificate(certificates, DOMAIN);

  test('is plain http without a domain', async () => {
    proxy = await start('');
    expect(await (await plain(proxy.httpPort, '/a')).json()).toMatchObject({ protocol: 'http', url: '/a' });
    await expect(shown(proxy.httpsPort)).rejects.toThrow('ECONNREFUSED');
  });

  test('refuses a domain that is none, and an address of the site without https', async () => {
    await expect(start("a'; b")).rejects.toThrow('DOMAIN must be one name');
    await expect(start('a.example b.example')).rejects.toThrow('DOMAIN must be one name');
    await expect(start(DOMAIN, undefined, 'http://anime.example')).rejects.toThrow(
      'SITE_URL must be an address with https',
    );
  });

  test('waits for its certificate without a page over plain http, and takes it when it comes', async () => {
    proxy = await start(DOMAIN);
    const { httpPort, httpsPort, certificates, challenges } = proxy;
    const page = await plain(httpPort, '/admin/login', { method: 'POST', body: 'password=secret' });
    expect(page.status).toBe(503);
    expect(page.headers.get('retry-after')).toBe('10');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await page.text()).toContain('waiting for its certificate');
    expect((await plain(httpPort, '/.waiting')).status).toBe(503);
    expect((await plain(httpPort, '/healthz')).status).toBe(200);
    await expect(shown(httpsPort)).rejects.toThrow('ECONNREFUSED');
    expect(await proxy.said()).toContain(`waits for fullchain.pem and privkey.pem in ${certificates}`);

    await writeCertificate(certificates, DOMAIN);
    await until(() => shown(httpsPort).then(Boolean, () => false), PATIENCE_MS);
    await until(async () => (await plain(httpPort, '/a')).status === 308);
    expect(await proxy.isHealthy()).toBe(true);
    expect((await shown(httpsPort)).speaks).toBe('h2');
    // The authority asks again at each renewal.
    await mkdir(join(challenges, '.well-known/acme-challenge'), { recursive: true });
    await writeFile(join(challenges, '.well-known/acme-challenge/token'), 'answer');
    expect(await (await plain(httpPort, '/.well-known/acme-challenge/token')).text()).toBe('answer');
  }, 120_000);

  test('sends plain http to https, but for the health check and the authority’s questions', async () => {
    proxy = await start(DOMAIN, withCertificate);
    const { httpPort, httpsPort } = proxy;
    const page = await plain(httpPort, '/series/a?b=c%20d', { headers: { host: 'elsewhere.example' } });
    expect(page.status).toBe(308);
    expect(page.headers.get('location')).toBe(`https://${DOMAIN}/series/a?b=c%20d`);
    expect((await plain(httpPort, '/events')).status).toBe(308);
    expect((await plain(httpPort, '/healthz/more')).status).toBe(308);
    expect((await plain(httpPort, '/healthz')).status).toBe(200);
    expect((await plain(httpPort, '/.well-known/acme-challenge/none')).status).toBe(404);
    expect((await plain(httpPort, '/.well-known/acme-challenge/../../admin')).status).toBe(308);

    const secure = await getOverTls(httpsPort, '/series/a?b=c%20d');
    expect(secure.statusCode).toBe(200);
    const told = JSON.parse((await secure.setEncoding('utf8').toArray()).join(''));
    expect(told).toEqual({ host: DOMAIN, protocol: 'https', url: '/series/a?b=c%20d' });
    // Of nginx's own answers, too.
    await node.close();
    for (const path of ['/', '/events']) {
      const { headers } = await getOverTls(httpsPort, path);
      for (const [name, value] of securityHeaders()) expect([name, headers[name]]).toEqual([name, value]);
    }
    node = await startNode();
  });

  test('a stream outlives a new certificate, with each event, and who comes then is shown the new one', async () => {
    proxy = await start(DOMAIN, withCertificate);
    const { httpsPort, certificates } = proxy;
    const [before, formerWorkers] = [await shown(httpsPort), await proxy.workers()];
    const first = await getOverTls(httpsPort, '/events');
    const session = connectHttp2(`https://127.0.0.1:${httpsPort}`, { rejectUnauthorized: false });
    const second = session.request({ ':path': '/events' });
    await once(second, 'response');
    await until(() => node.streams.size === 2);
    const received = [readNumbers(first), readNumbers(second)];
    // All the time, so that some are under way whatever happens.
    const sending = setInterval(() => node.send(), 5);
    try {
      await until(() => received.every((numbers) => numbers.length > 10));
      await writeCertificate(certificates, DOMAIN);
      await until(async () => (await shown(httpsPort)).fingerprint !== before.fingerprint, PATIENCE_MS);
      await until(async () => ((await proxy?.workers())?.length ?? 0) > formerWorkers.length);
      const then = node.send();
      await until(() => received.every((numbers) => (numbers.at(-1) ?? 0) > then + 100));
    } finally {
      clearInterval(sending);
    }
    // Nothing but its own end ends it: no time after which nginx would cut it.
    expect(await readFile(join(projectRoot(), 'deploy/nginx.conf'), 'utf8')).not.toContain(
      'worker_shutdown_timeout',
    );
    expect((await proxy.workers()).filter((pid) => formerWorkers.includes(pid))).not.toEqual([]);
    expect(await proxy.isHealthy()).toBe(true);

    const ended = [once(first, 'end'), once(second, 'end')];
    const sent = node.send();
    for (const stream of node.streams) stream.end();
    await Promise.all(ended);
    const all = Array.from({ length: sent }, (_, index) => index + 1);
    expect(received).toEqual([all, all]);
    expect([first.complete, second.rstCode]).toEqual([true, 0]);
    session.close();
    // With its last stream the former nginx has gone.
    await until(async () => {
      const workers = (await proxy?.workers()) ?? [];
      return workers.length > 0 && !workers.some((pid) => formerWorkers.includes(pid));
    });
  }, 120_000);

  test('goes on with what it has while a certificate can’t be used', async () => {
    proxy = await start(DOMAIN, withCertificate);
    const { httpsPort, certificates, said } = proxy;
    const before = await shown(httpsPort);
    const other = await mkdtemp(join(folder, 'other-'));
    await writeCertificate(other, DOMAIN);
    await copyFile(join(other, 'privkey.pem'), join(certificates, 'privkey.pem'));
    await until(async () => (await said()).includes("can't be used; it goes on as before"), PATIENCE_MS);
    expect(await shown(httpsPort)).toEqual(before);
    expect(await said()).toContain('key values mismatch');
    await copyFile(join(other, 'fullchain.pem'), join(certificates, 'fullchain.pem'));
    await until(async () => (await shown(httpsPort)).fingerprint !== before.fingerprint, PATIENCE_MS);
  }, 120_000);
});

describeWithPrograms(
  ['nginx', 'openssl', 'wget', 'certbot', 'pebble', 'pebble-challtestsrv'],
  'acme of the Compose file',
  () => {
    test('gets a certificate for nginx, which takes it, and renews it', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'nipnime-acme-'));
      const node = await startNode();
      const proxy = await startHttpsProxy({
        ...{ folder: join(folder, 'nginx'), domain: DOMAIN, siteUrl: '', nodePort: node.port },
      });
      const stopSite = async (): Promise<void> => {
        await proxy.stop();
        await node.close();
        await rm(folder, { recursive: true });
      };
      const authority = await startAuthority(join(folder, 'authority'), proxy.httpPort).catch(
        async (error: unknown) => {
          await stopSite();
          throw error;
        },
      );
      const acme = () =>
        startProgram('sh', [join(projectRoot(), 'deploy/acme.sh')], join(folder, 'acme.log'), {
          ...{ DOMAIN, ACME_SERVER: authority.directory, REQUESTS_CA_BUNDLE: authority.certificate },
          ...{ ACME_FOLDER: join(folder, 'state'), TMPDIR: folder },
          ...{ CERTIFICATES_FOLDER: proxy.certificates, CHALLENGES_FOLDER: proxy.challenges },
        });
      const isTaken = async (former: string) =>
        shown(proxy.httpsPort).then(
          ({ fingerprint }) => fingerprint !== former,
          () => false,
        );
      let running = acme();
      try {
        await until(() => isTaken(''), PATIENCE_MS);
        const first = await shown(proxy.httpsPort);
        expect(first.issuer).toContain('Pebble Intermediate CA');
        expect(first.name).toContain(DOMAIN);
        expect((await stat(join(proxy.certificates, 'privkey.pem'))).mode & 0o777).toBe(0o640);

        // Half a day later; what has a while to go stays.
        await endGroup(running);
        running = acme();
        await until(
          async () => (await readFile(join(folder, 'acme.log'), 'utf8')).includes('not yet due for renewal'),
          PATIENCE_MS,
        );
        await endGroup(running);
        const renewal = join(folder, `state/renewal/${DOMAIN}.conf`);
        await writeFile(renewal, `renew_before_expiry = 9999 days\n${await readFile(renewal, 'utf8')}`);
        running = acme();
        await until(() => isTaken(first.fingerprint), PATIENCE_MS);
        expect((await shown(proxy.httpsPort)).issuer).toContain('Pebble Intermediate CA');
      } finally {
        await endGroup(running);
        await authority.stop();
        await stopSite();
      }
    }, 240_000);
  },
);
