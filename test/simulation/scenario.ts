import type { Change } from '../../src/live/log/change';
import { DIGEST_WINDOW, digestOf } from '../../src/live/state/digest';
import type { Divergence } from '../../src/live/state/live-page';
import { parseWireName, wireName } from '../../src/live/wire-topic';
import { SimulatedBrowser } from './browser';
import { SimulatedBus } from './network';
import { SimulatedNode } from './node';
import { createRandom, VirtualTime } from './virtual-time';
import { itemHtml, LANGUAGE, SERIES, World } from './world';

export type Outcome = {
  readonly seed: number;
  /** What was not as it is promised, each with the moment at which it was found; empty when all was well. */
  readonly faults: readonly string[];
  /** What happened, with its moments. */
  readonly story: readonly string[];
};

/** What is to come true of a page that is connected, after the last fault. */
const PROMISE_MS = 3_000;
/** A browser that was told to come back does so within a minute, and reads its lists within eight seconds more. */
const SETTLE_MS = 5_000;
const MAX_SETTLES = 48;
const MAX_FAULTS = 5;

/** How much of everything there is at most in a run. Most runs are small: what is wrong shows in few steps, too. */
type Size = {
  readonly items: number;
  readonly nodes: number;
  readonly browsers: number;
  readonly tabs: number;
  readonly acts: number;
};
const SMALL: Size = { items: 30, nodes: 2, browsers: 2, tabs: 2, acts: 12 };
const MEDIUM: Size = { items: 40, nodes: 3, browsers: 6, tabs: 3, acts: 40 };
const LARGE: Size = { items: 60, nodes: 3, browsers: 20, tabs: 3, acts: 80 };

/** Plays one run: chance decides what happens, and the seed decides chance. */
export async function play(seed: number): Promise<Outcome> {
  const time = new VirtualTime(createRandom(seed));
  const scenario = new Scenario(time);
  await scenario.run();
  return { seed, faults: scenario.faults, story: scenario.story };
}

class Scenario {
  readonly faults: string[] = [];
  readonly story: string[] = [];
  readonly #time: VirtualTime;
  readonly #world: World;
  readonly #bus: SimulatedBus;
  readonly #nodes = new Set<SimulatedNode>();
  readonly #browsers: SimulatedBrowser[] = [];
  /** The last value that was said, by topic, and where. */
  readonly #said = new Map<string, number>();
  #saidLast = '';
  readonly #size: Size;
  #nodeCount = 0;
  #lostBetweenTabs = 0;
  #isHealed = false;

  constructor(time: VirtualTime) {
    this.#time = time;
    this.#size = time.chance(0.92) ? SMALL : time.chance(0.9) ? MEDIUM : LARGE;
    this.#world = new World(time);
    this.#bus = new SimulatedBus(time);
  }

  async run(): Promise<void> {
    const time = this.#time;
    const { items, nodes, browsers } = this.#size;
    for (let count = time.integer(0, items); count > 0; count--)
      this.#world.commit([this.#world.newItem(time.chance(0.8))]);
    for (let count = time.integer(1, nodes); count > 0; count--) void this.#startNode();
    await time.run(2_000);
    for (let count = time.integer(1, browsers); count > 0; count--) this.#openBrowser();
    await time.run(1_000);
    await this.#chaos();
    await this.#heal();
    await this.#proveLiveness();
    await this.#end();
  }

  async #chaos(): Promise<void> {
    const time = this.#time;
    this.#bus.lost = time.pick([0, 0.1, 0.5]) ?? 0;
    this.#bus.doubled = time.pick([0, 0.2]) ?? 0;
    this.#lostBetweenTabs = time.pick([0, 0, 0.1]) ?? 0;
    for (let step = time.integer(4, this.#size.acts); step > 0 && this.faults.length === 0; step--) {
      this.#act();
      await time.run(time.pick([5, 40, 300, 1_500, 4_000]) ?? 0);
    }
  }

  #act(): void {
    const time = this.#time;
    // Three of four times something is written: that is what all the rest is for.
    if (time.chance(0.6)) return this.#write();
    const [browser, node] = [time.pick(this.#browsers), time.pick([...this.#nodes])];
    const tab = time.pick(browser?.tabs ?? []);
    const acts: readonly (readonly [name: string, act: () => void])[] = [
      ['the bus goes away', () => this.#busGoes()],
      ['the database is silent', () => this.#world.stall(time.integer(100, 4_500))],
      ['a node is killed', () => this.#killNode(node)],
      ['a node is drained', () => this.#drainNode(node)],
      ['a node starts', () => void (this.#nodes.size < this.#size.nodes && this.#startNode())],
      ['a node stands still', () => node?.actor.freeze(time.integer(50, 3_000))],
      ['a network is lost', () => browser?.cut()],
      ['a browser is offline', () => void browser?.offline(time.integer(500, 30_000))],
      ['a browser sleeps', () => browser?.actor.freeze(time.integer(1_000, 90_000))],
      ['a tab is opened', () => browser && this.#openTab(browser)],
      ['a tab is closed', () => browser && tab && browser.tabs.length > 1 && browser.closeTab(tab)],
      ['a tab is hidden or shown', () => this.#turn(tab)],
      ['a visitor is busy or at rest', () => tab && Object.assign(tab, { isAtRest: !tab.isAtRest })],
      ['something is said', () => this.#say(node)],
      ['the log is pruned', () => time.chance(0.2) && this.#world.prune()],
      ['a backup is restored', () => time.chance(0.2) && this.#restore()],
      ['another version writes', () => this.#writeUnknown()],
    ];
    const [name, act] = time.pick(acts) ?? ['', () => undefined];
    this.#tell(name);
    act();
  }

  #write(): void {
    const [time, world] = [this.#time, this.#world];
    const item = time.pick(world.allItems);
    const kind = time.integer(0, 9);
    if (kind < 4 || !item) return this.#commit('posts', [world.newItem(time.chance(0.8))]);
    if (kind === 4) return this.#commit('edits', [world.edited(item)]);
    if (kind === 5) return this.#commit('moves', [world.edited(item, { place: time.integer(1, 1_000_000) })]);
    if (kind === 6) return this.#commit('hides or shows', [world.edited(item, { isPublic: !item.isPublic })]);
    if (kind === 7)
      return this.#commit('moves to a series', [world.edited(item, { series: time.pick(SERIES) ?? '1' })]);
    if (kind === 8) return this.#commit('takes back', [world.edited(item)], true);
    const many = Array.from({ length: time.pick([2, 5, 60]) ?? 2 }, () => world.newItem(true));
    return this.#commit(`posts ${many.length}`, many);
  }

  #commit(what: string, items: Parameters<World['commit']>[0], isRolledBack = false): void {
    const commit = this.#world.commit(items, isRolledBack);
    this.#tell(
      `somebody ${what}: ${items.length === 1 ? items[0]?.key : ''} → ${commit.changes.at(-1)?.seq ?? 'nothing'}`,
    );
    const node = this.#time.pick([...this.#nodes].filter(({ isServing }) => isServing));
    // A command writes, too, and hands over to the bus alone.
    if (node && this.#time.chance(0.8)) node.publish(commit);
    else if (commit.changes.length > 0) this.#bus.publish(commit);
  }

  #writeUnknown(): void {
    const change: Change = {
      type: 'upsert',
      kind: 'of tomorrow',
      key: '1',
      topics: ['latest'],
      isNew: false,
    };
    const commit = this.#world.append([
      this.#time.chance(0.5) ? change : { ...change, type: 'reset', kind: '', key: '' },
    ]);
    if (this.#time.chance(0.5)) this.#bus.publish(commit);
  }

  #say(node: SimulatedNode | undefined): void {
    if (!node?.isServing || node.actor.isFrozen) return;
    const topic = this.#time.pick(['latest', 'series:1']) ?? 'latest';
    const value = (this.#said.get(topic) ?? 0) + 1;
    this.#said.set(topic, value);
    this.#saidLast = topic;
    node.say(topic, 'said', value);
  }

  #restore(): void {
    this.#world.restore();
    this.#tell(`the epoch is ${this.#world.head.epoch} now, at ${this.#world.head.seq}`);
  }

  #busGoes(): void {
    if (this.#bus.isAway) return;
    this.#bus.isAway = true;
    this.#time.after(this.#time.integer(100, 15_000), () => this.#bus.comeBack());
  }

  #turn(tab: SimulatedBrowser['tabs'][number] | undefined): void {
    if (!tab) return;
    tab.isHidden = !tab.isHidden;
    if (!tab.isHidden) tab.page.wake();
    else if (this.#time.chance(0.3)) tab.page.rest();
  }

  async #startNode(): Promise<void> {
    this.#nodeCount++;
    const fail = (error: unknown): void =>
      this.#fail(`a node had an error: ${error instanceof Error ? error.stack : String(error)}`);
    const node = new SimulatedNode(`n${this.#nodeCount}`, this.#time, this.#world, this.#bus, fail);
    this.#nodes.add(node);
    try {
      await node.start();
    } catch {
      // As a process that ends before it could serve, and is started again.
      node.kill();
      this.#nodes.delete(node);
      this.#time.after(1_000, () => void this.#startNode());
    }
  }

  #killNode(node: SimulatedNode | undefined): void {
    if (!node) return;
    node.kill();
    this.#nodes.delete(node);
    this.#time.after(this.#time.integer(100, 8_000), () => void this.#startNode());
  }

  #drainNode(node: SimulatedNode | undefined): void {
    if (!node?.isServing) return;
    this.#nodes.delete(node);
    node.drain().catch((error: unknown) => this.#fail(`a drain failed: ${String(error)}`));
    void this.#startNode();
  }

  #openBrowser(): void {
    const browser = new SimulatedBrowser(
      {
        time: this.#time,
        world: this.#world,
        findNode: () =>
          this.#time.pick([...this.#nodes].filter((node) => node.isServing && !node.actor.isFrozen)),
        lostBetweenTabs: () => (this.#isHealed ? 0 : this.#lostBetweenTabs),
        fail: (what) => this.#fail(what),
        onDivergence: (divergence) => this.#judge(divergence),
      },
      this.#time.chance(0.7),
    );
    this.#browsers.push(browser);
    for (let count = this.#time.integer(1, this.#size.tabs); count > 0; count--) this.#openTab(browser);
  }

  /** No page is to differ, but one that a message from another tab did not reach: that is what the digests are for. */
  #judge({ topic, expected, shown }: Divergence): void {
    const list = this.#world.shownListOf(topic);
    const first = this.#world.listed(topic).slice(0, DIGEST_WINDOW);
    const truth = digestOf(first.map((item) => this.#world.items.of(list, item).tag));
    if (shown === truth) this.#fail(`a false alarm of ${topic}: a node expected ${expected}`);
    else if (this.#lostBetweenTabs === 0) this.#fail(`a page was not right in ${topic}: ${shown}`);
  }

  #openTab(browser: SimulatedBrowser): void {
    const topics = this.#time.pick([['latest'], ['series:1'], ['latest', 'series:1'], ['series:2']]) ?? [];
    // Some read another language, also beside a tab of the same browser that does not.
    const language = this.#time.chance(0.3) ? LANGUAGE : 'en';
    browser
      .openTab(topics.map((topic) => wireName(topic, language)))
      .catch((error: unknown) => this.#fail(`a tab could not be opened: ${String(error)}`));
  }

  /** Nothing goes wrong any more. Everybody comes back, in a time of their own. */
  async #heal(): Promise<void> {
    this.#tell('all is well again');
    this.#isHealed = true;
    this.#bus.lost = 0;
    this.#bus.doubled = 0;
    if (this.#bus.isAway) this.#bus.comeBack();
    if (this.#nodes.size === 0) void this.#startNode();
    for (const tab of this.#tabs()) {
      Object.assign(tab, { isHidden: false, isAtRest: true });
      tab.page.wake();
      for (const list of tab.page.lists) list.showWaiting();
    }
    let differences: string[] = [];
    let wasRight = false;
    for (let settles = 0; settles < MAX_SETTLES && this.faults.length === 0; settles++) {
      await this.#time.run(SETTLE_MS);
      for (const tab of this.#tabs()) for (const list of tab.page.lists) list.showWaiting();
      differences = this.#differences();
      const isAwake = this.#browsers.every(({ actor }) => !actor.isFrozen);
      // A page that still waits for a reading says so, and promises nothing until then.
      const isLive = this.#tabs().every(
        ({ page: { situation } }) => situation.stream === 'live' && !situation.isPending,
      );
      // Twice in a row: who has just woken up has not heard yet that it has to read.
      if (differences.length > 0 || !isAwake || !isLive) wasRight = false;
      else if (wasRight) return;
      else wasRight = true;
    }
    for (const difference of differences) this.#fail(difference);
    for (const { page } of this.#tabs())
      if (page.situation.stream !== 'live') this.#fail(`a page is ${page.situation.stream}`);
  }

  /** What is written now is everywhere within the time that is promised. */
  async #proveLiveness(): Promise<void> {
    if (this.faults.length > 0) return;
    const item = this.#time.pick(this.#world.allItems);
    this.#commit('posts in the end', [this.#world.newItem(true)]);
    if (item) this.#commit('edits in the end', [this.#world.edited(item)]);
    this.#say(this.#time.pick([...this.#nodes].filter(({ isServing }) => isServing)));
    await this.#time.run(PROMISE_MS);
    for (const tab of this.#tabs()) for (const list of tab.page.lists) list.showWaiting();
    for (const difference of this.#differences()) this.#fail(`after ${PROMISE_MS} ms: ${difference}`);
    const said = this.#said.get(this.#saidLast);
    for (const tab of this.#tabs()) {
      const heard = tab.whispers.get(`${this.#saidLast} said`);
      if (said !== undefined && tab.shows(this.#saidLast) && heard !== said)
        this.#fail(`${this.#saidLast} was told ${String(heard)} instead of ${said}`);
    }
    // A tab that has just come or gone is counted a moment later.
    if (!this.#isCounted()) await this.#time.run(PROMISE_MS);
    if (!this.#isCounted()) this.#fail('streams are not counted right');
  }

  #isCounted(): boolean {
    // What another tab was told of it in vain comes with the next value: it is not said again for one.
    if (this.#lostBetweenTabs > 0) return true;
    const streams = [...this.#nodes].reduce((sum, node) => sum + node.streams, 0);
    return this.#tabs().every(
      (tab) => !tab.shows('latest') || tab.whispers.get('latest streams') === streams,
    );
  }

  /** When all is closed, nothing is left that would still run. */
  async #end(): Promise<void> {
    for (const browser of this.#browsers) browser.close();
    await Promise.all([...this.#nodes].map((node) => this.#close(node)));
    await this.#time.run(10_000);
    const left = [...this.#nodes, ...this.#browsers].reduce((sum, { actor }) => sum + actor.timers, 0);
    if (left > 0 && this.faults.length === 0) this.#fail(`${left} timers are left`);
  }

  async #close(node: SimulatedNode): Promise<void> {
    let isClosed = false;
    void node.close().then(() => {
      isClosed = true;
    });
    for (let waits = 0; waits < 20 && !isClosed; waits++) await this.#time.run(1_000);
    if (!isClosed) this.#fail('a node could not be closed');
  }

  #tabs(): SimulatedBrowser['tabs'] {
    return this.#browsers.flatMap(({ tabs }) => tabs);
  }

  #differences(): string[] {
    const { world } = { world: this.#world };
    return this.#browsers.flatMap((browser, index) =>
      browser.tabs.flatMap((tab, number) =>
        [...tab.stores].flatMap(([topic, store]) => {
          const { language } = parseWireName(topic);
          const wanted = world.listed(topic).map((item) => `${item.key} ${itemHtml(item, language)}`);
          const shown = store.items.map(({ key, html }) => `${key} ${html}`);
          // A page that something was taken from, or came into, may have another length than a fresh one has.
          const isLong = shown.length >= Math.min(DIGEST_WINDOW, wanted.length);
          if (isLong && wanted.slice(0, shown.length).join() === shown.join()) return [];
          const missing = wanted.filter((line) => !shown.includes(line));
          const extra = shown.filter((line) => !wanted.includes(line));
          return [
            `browser ${index}, tab ${number}, ${topic}, at ${tab.page.position} of ${world.head.epoch}.${world.head.seq}, ` +
              `${tab.page.situation.stream}: lacks [${missing.slice(0, 4).join(', ')}], has [${extra.slice(0, 4).join(', ')}]`,
          ];
        }),
      ),
    );
  }

  #tell(what: string): void {
    this.story.push(`${(this.#time.nowMs / 1_000).toFixed(3)} ${what}`);
  }

  #fail(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(`${(this.#time.nowMs / 1_000).toFixed(3)} ${what}`);
  }
}
