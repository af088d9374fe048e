import { readFileSync } from 'node:fs';

const PROTOCOLS = ['TCP', 'TCPv6', 'UNIX', 'UNIX-STREAM'];
/** What each socket has besides: its file, and its place in an epoll. */
const BESIDES = ['sock_inode_cache', 'filp', 'eventpoll_epi', 'eventpoll_pwq'];
const PAGE_KIB = 4;

/** In KiB, of the whole machine. */
export type KernelMemory = {
  /** Of all sockets, with what is buffered in those of TCP. */
  readonly socketsKiB: number;
  /** What one idle socket of TCP takes. */
  readonly oneSocketKiB: number;
};

/** Undefined where only root may read /proc/slabinfo. */
export function kernelMemory(): KernelMemory | undefined {
  let slabinfo: string;
  try {
    slabinfo = readFileSync('/proc/slabinfo', 'utf8');
  } catch {
    return undefined;
  }
  return kernelMemoryOf(readFileSync('/proc/net/protocols', 'utf8'), slabinfo);
}

/** What the files of /proc tell. */
export function kernelMemoryOf(protocols: string, slabinfo: string): KernelMemory {
  const sockets = rows(protocols, PROTOCOLS).map(({ name, columns: [bytes, count, pages] }) => ({
    ...{ name, count: Number(count), kiB: Number(bytes) / 1_024 },
    // -1 where a protocol doesn't count them.
    bufferedKiB: Math.max(0, Number(pages)) * PAGE_KIB,
  }));
  const caches = rows(slabinfo, BESIDES).map(({ columns: [active, , bytes] }) => ({
    count: Number(active),
    kiB: Number(bytes) / 1_024,
  }));
  const tcpKiB = sockets.find(({ name }) => name === 'TCP')?.kiB ?? 0;
  return {
    socketsKiB: sum([
      ...[...sockets, ...caches].map(({ count, kiB }) => count * kiB),
      ...sockets.map(({ bufferedKiB }) => bufferedKiB),
    ]),
    oneSocketKiB: sum([tcpKiB, ...caches.map(({ kiB }) => kiB)]),
  };
}

/** Lines of a table that begin with one of the names. */
function rows(
  text: string,
  names: readonly string[],
): readonly { readonly name: string; readonly columns: readonly string[] }[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', ...columns] = line.split(/ +/);
    return names.includes(name) ? [{ name, columns }] : [];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
