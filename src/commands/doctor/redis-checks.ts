import { randomUUID } from 'node:crypto';
import type { Availability } from '../../platform/availability';
import { within } from '../../platform/deadline';
import type { Logger } from '../../platform/log';
import { createRedis } from '../../platform/redis';
import { compareClocks } from './clock';
import { type Finding, ok, problem, warning } from './finding';

type Redis = ReturnType<typeof createRedis>;

const ABOUT = 'redis';
const CONNECT_MS = 3_000;
const MESSAGE_MS = 2_000;
const MIN_VERSION = [6, 2] as const;

/** Redis carries what one node tells the others. What it keeps does not matter: nothing has to outlive it. */
export async function* checkRedis(url: string | undefined, log: Logger): AsyncGenerator<Finding, void> {
  if (url === undefined) return yield ok(ABOUT, 'REDIS_URL is not set: one node needs none');
  let reason: string | undefined;
  const availability: Availability = {
    failed: (why) => {
      reason ??= why;
    },
    succeeded: () => undefined,
    awayMs: undefined,
  };
  const publisher = createRedis(url, log, 'doctor', availability);
  const subscriber = createRedis(url, log, 'doctor', availability);
  try {
    await within(CONNECT_MS, 'connecting', Promise.all([publisher.connect(), subscriber.connect()]));
    yield await checkVersion(publisher);
    yield await checkMessages(publisher, subscriber);
    yield await compareClocks('redis clock', () => readClock(publisher));
  } catch (error) {
    const why = reason ?? (error instanceof Error ? error.message : String(error));
    yield problem(
      ABOUT,
      `Redis at ${new URL(url).host} does not do its work (${why}): see that it runs, and that REDIS_URL has its host, port and password`,
    );
  } finally {
    publisher.disconnect();
    subscriber.disconnect();
  }
}

async function checkVersion(redis: Redis): Promise<Finding> {
  // A user may be forbidden to ask.
  const info = await redis.info('server').catch(() => '');
  const version = fieldOf(info, 'redis_version');
  const valkey = fieldOf(info, 'valkey_version');
  if (version === undefined) return warning(ABOUT, 'it answers, and does not say which version it is');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1]);
  const name = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  return isOld
    ? problem(ABOUT, `${name} is too old: the site needs ${MIN_VERSION.join('.')} or newer`)
    : ok(ABOUT, `${name} answers`);
}

/** `redis_version:7.2.4` */
function fieldOf(info: string, name: string): string | undefined {
  return info
    .split('\r\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1);
}

/** What is published on one connection is heard on another one. */
async function checkMessages(publisher: Redis, subscriber: Redis): Promise<Finding> {
  const channel = `nipnime:doctor:${randomUUID()}`;
  const heard = new Promise<void>((resolve) => subscriber.once('message', () => resolve()));
  await subscriber.subscribe(channel);
  const receivers = await publisher.publish(channel, 'heard?');
  await within(MESSAGE_MS, 'a message from one connection to another', heard);
  return receivers > 0
    ? ok('pub/sub', 'what one connection publishes another one hears')
    : warning('pub/sub', 'what one connection publishes another one hears, by way of another server');
}

async function readClock(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}
