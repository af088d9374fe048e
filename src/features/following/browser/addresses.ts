import type { FollowStore } from './store';

const LISTS = '/following/lists';

/** The private address, for which the site keeps the list too. */
export class Addresses {
  readonly #store: FollowStore;
  /** Says the word of this name. */
  readonly #tell: (word: string) => void;

  constructor(store: FollowStore, tell: (word: string) => void) {
    this.#store = store;
    this.#tell = tell;
  }

  /** Shows what is there, and lets the buttons work. */
  offer(root: ParentNode): void {
    const [make, replace, remove] = ['make', 'rotate', 'delete'].map((name) =>
      root.querySelector<HTMLButtonElement>(`[data-${name}-address]`),
    );
    const shown = root.querySelector<HTMLElement>('[data-addresses]');
    const show = (): void => {
      const { token } = this.#store;
      for (const field of root.querySelectorAll<HTMLInputElement>('[data-address]'))
        field.value = token ? addressWith(field.dataset.address ?? '', token) : '';
      if (shown) shown.hidden = !token;
      if (make) make.hidden = Boolean(token);
      for (const button of [replace, remove]) if (button) button.hidden = !token;
    };
    const act = (button: HTMLButtonElement | null | undefined, work: () => Promise<string>): void => {
      const run = async (pressed: HTMLButtonElement): Promise<void> => {
        pressed.disabled = true;
        this.#tell(await work().catch(() => 'failed'));
        pressed.disabled = false;
        show();
        if (pressed.hidden) (make?.hidden ? replace : make)?.focus();
      };
      button?.addEventListener('click', () => void run(button));
    };
    act(make, async () => {
      this.#store.setToken((await send('POST', LISTS, { series: this.#ids() })).token);
      return 'made';
    });
    act(replace, async () => {
      this.#store.setToken((await send('POST', `${LISTS}/rotate`, { token: this.#store.token })).token);
      return 'replaced';
    });
    act(remove, async () => {
      await send('DELETE', LISTS, { token: this.#store.token });
      this.#store.setToken(undefined);
      return 'deleted';
    });
    for (const field of root.querySelectorAll<HTMLInputElement>('[data-address]'))
      field.addEventListener('focus', () => field.select());
    show();
  }

  /** The site keeps what the device has now; where it can't be told, it is with the next change. */
  async update(): Promise<void> {
    const { token } = this.#store;
    if (token) await send('PUT', LISTS, { token, series: this.#ids() }).catch(() => undefined);
  }

  #ids(): string[] {
    return this.#store.series.map(({ id }) => id);
  }
}

function addressWith(path: string, token: string): string {
  const url = new URL(path, location.href);
  url.searchParams.set('key', token);
  return url.href;
}

/** @throws when the site refuses, or doesn't answer within ten seconds; a list that is gone already can be deleted */
async function send(method: string, path: string, body: object): Promise<{ readonly token?: string }> {
  const response = await fetch(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    keepalive: true,
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 204 || (method === 'DELETE' && response.status === 404)) return {};
  if (!response.ok) throw new Error(`The site answered ${response.status}.`);
  return response.json();
}
