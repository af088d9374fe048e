import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

/** Runs in the page. Firefox takes what is pasted by a name of its own. */
const PASTE = `(element, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  return element.dispatchEvent(new ClipboardEvent('paste', {
    clipboardData, dataType: 'text/plain', data: text, bubbles: true, cancelable: true,
  }));
}`;

describeInBrowser('the form of an episode', () => {
  let site: TestSite;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    page = await (await browser.newContext({ baseURL: site.url })).newPage();
    await page.goto('/admin');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/today/);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** Pastes as the clipboard does: the browser itself inserts the text, unless the page has done so. */
  async function paste(label: string, text: string): Promise<void> {
    const field = page.getByLabel(label, { exact: true });
    await field.fill('');
    await field.focus();
    const isLeftToBrowser = await page.evaluate<boolean>(
      `(${PASTE})(document.activeElement, ${JSON.stringify(text)})`,
    );
    if (isLeftToBrowser) await page.keyboard.insertText(text);
  }

  test('makes servers of pasted addresses, moves them by keys, and guesses their kinds', async () => {
    const series = await newSeries(testCatalog(site.database.db), { title: 'Pasted servers' });
    await page.goto(`/admin/series/${series.id}/episodes/new`);
    await paste('URL *', 'https://a.example/1.mp4\nhttps://b.example/1.m3u8\nhttps://c.example/e/1\n');
    const values = (part: string) =>
      page
        .locator(`[data-server-rows] [name$="[${part}]"]`)
        .evaluateAll((elements) => elements.map((element) => String(Reflect.get(element, 'value'))));
    expect(await values('name')).toEqual(['a.example', 'b.example', 'c.example']);
    expect(await values('kind')).toEqual(['file', 'hls', 'embed']);
    await page.locator('[name="videoServers[2][url]"]').focus();
    await page.keyboard.press('Alt+ArrowUp');
    await page.keyboard.press('Alt+ArrowUp');
    expect(await values('name')).toEqual(['c.example', 'a.example', 'b.example']);
    expect(await page.evaluate<string>('document.activeElement.name')).toBe('videoServers[0][url]');
    await page.getByRole('button', { name: 'Move server 3 up' }).click();
    expect(await values('name')).toEqual(['c.example', 'b.example', 'a.example']);
    await page.keyboard.press('Control+s');
    await page.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    expect(await values('url')).toEqual([
      'https://c.example/e/1',
      'https://b.example/1.m3u8',
      'https://a.example/1.mp4',
    ]);
  });

  test('moves a server by its handle, and leaves it where it was when Esc is pressed', async () => {
    const names = ['One', 'Two', 'Three'];
    const series = await newSeries(testCatalog(site.database.db), { title: 'Dragged servers' });
    const { id } = await newEpisode(testCatalog(site.database.db), series.id, {
      videoServers: names.map((name) => ({ name, kind: 'file', url: `https://v.example/${name}.mp4` })),
    });
    await page.goto(`/admin/episodes/${id}/edit`);
    const values = () =>
      page
        .locator('[data-server-rows] [name$="[name]"]')
        .evaluateAll((elements) => elements.map((element) => String(Reflect.get(element, 'value'))));
    /** The names of the rows as the device keeps them. */
    const kept = () =>
      page.evaluate<readonly string[]>(`JSON.parse(localStorage.getItem(
        'nipnime.draft.' + document.body.dataset.admin + ' ' + document.querySelector('[data-form]').getAttribute('action'),
      )).at(-1).rows.map(({ name }) => name)`);
    const rows = page.locator('[data-server-rows] [data-server-row]');
    /** From the handle of one row to the top of another, in steps as a hand does it. */
    const drag = async (from: number, to: number): Promise<void> => {
      const handle = await rows.nth(from).locator('[data-drag-row]').boundingBox();
      const target = await rows.nth(to).boundingBox();
      if (!handle || !target) throw new Error('There is no such row.');
      const [x, y] = [handle.x + handle.width / 2, handle.y + handle.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, target.y + (y - target.y) / 2, { steps: 4 });
      await page.mouse.move(x, target.y + 4, { steps: 4 });
    };
    await page.setViewportSize({ width: 1_280, height: 1_400 });
    await page.locator('[name="videoServers[2][name]"]').fill('Third');
    await page.locator('[name="videoServers[2][audioLanguage]"]').fill('de');

    await drag(2, 0);
    await page.locator('[data-dragged]').waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.up();
    expect(await values()).toEqual(['One', 'Two', 'Third']);
    expect(await page.locator('[data-dragging], [data-dragged]').count()).toBe(0);

    expect(await kept()).toEqual(['One', 'Two', 'Third']);

    await drag(2, 0);
    await page.mouse.up();
    expect(await values()).toEqual(['Third', 'One', 'Two']);
    expect(await page.locator('[data-server-status]').innerText()).toBe('Server 3 is server 1 now.');
    expect(await page.evaluate<string>('document.activeElement.name')).toBe('videoServers[0][audioLanguage]');
    expect(await kept()).toEqual(['Third', 'One', 'Two']);
    await page.keyboard.press('Control+s');
    await page.getByText('was saved.').waitFor();
    const saved = await site.database
      .db('video_servers')
      .select('name', 'audio_language')
      .where({ episode_id: id })
      .orderBy('position');
    expect(saved).toEqual([
      { name: 'Third', audio_language: 'de' },
      { name: 'One', audio_language: null },
      { name: 'Two', audio_language: null },
    ]);
    await page.setViewportSize({ width: 1_280, height: 720 });
  });

  test('fills in a new server as the last one at its host was, but not what was typed', async () => {
    const catalog = testCatalog(site.database.db);
    const { id } = await newSeries(catalog, { title: 'Filled in' });
    await newEpisode(catalog, id, {
      videoServers: [
        {
          name: 'Premium',
          kind: 'hls',
          url: 'https://premium.example/live/1',
          audioLanguage: 'en',
          subtitleLanguage: 'pt-BR',
          sandboxed: false,
        },
      ],
    });
    const { id: otherId } = await newSeries(catalog, { title: 'A new one' });
    await page.goto(`/admin/series/${otherId}/episodes/new`);
    const row = page.locator('[data-server-rows] [data-server-row]');
    const field = (part: string) => row.first().locator(`[name$="[${part}]"]`);
    const texts = async () =>
      Promise.all(
        ['name', 'kind', 'audioLanguage', 'subtitleLanguage'].map((part) => field(part).inputValue()),
      );
    const said = row.first().locator('[data-server-check]');

    await field('subtitleLanguage').fill('de');
    await paste('URL *', 'https://premium.example/live/2');
    expect(await texts()).toEqual(['Premium', 'hls', 'en', 'de']);
    expect(await field('sandboxed').isChecked()).toBe(false);
    expect(await said.innerText()).toBe('Filled in as the last server of premium.example.');

    await paste('URL *', 'https://never-seen.example/2.mp4');
    expect(await texts()).toEqual(['', 'file', 'ja', 'de']);
    expect(await field('sandboxed').isChecked()).toBe(true);
    expect(await said.textContent()).toBe('');

    await paste('URL *', 'https://premium.example/live/2');
    await field('name').fill('Mine');
    await paste('URL *', 'https://premium.example/live/3');
    expect(await texts()).toEqual(['Mine', 'hls', 'en', 'de']);
    await page.keyboard.press('Control+s');
    await page.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    await paste('URL *', 'https://never-seen.example/3.mp4');
    expect(await texts()).toEqual(['Mine', 'hls', 'en', 'de']);
    await page.keyboard.press('Control+s');
    await page.getByText('was saved.').waitFor();
  });

  test('posts the next episode by a few keys and a paste', async () => {
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: 'Weekly' });
    const { id } = await newEpisode(catalog, series.id, {
      number: '12',
      videoServers: [
        { name: 'Main', kind: 'file', url: 'https://v.example/weekly/S01E12.mp4' },
        { name: 'Mirror', kind: 'embed', url: 'https://mirror.example/e/x7k2b' },
      ],
    });
    await page.goto(`/admin/episodes/${id}/edit`);
    let keystrokes = 0;
    const press = async (key: string): Promise<void> => {
      keystrokes++;
      await page.keyboard.press(key);
    };
    const begin = performance.now();
    await press('Control+Enter');
    await page.waitForURL(/\/episodes\/new\?after=/);
    await page.locator('[name="videoServers[1][url]"]:focus').waitFor();
    // A paste into what has the focus, as the clipboard does it.
    await page.keyboard.insertText('https://mirror.example/e/p9q4z');
    await press('Control+Enter');
    await page.waitForURL(
      (url) => /\/episodes\/new$/.test(url.pathname) && url.searchParams.get('after') !== id,
    );
    const seconds = (performance.now() - begin) / 1_000;
    console.log(`The next episode: ${keystrokes} keystrokes and a paste, ${seconds.toFixed(2)} s.`);
    expect(keystrokes).toBeLessThanOrEqual(8);
    const saved = await site.database.db('episodes').where({ series_id: series.id, number: 13 }).first();
    expect(saved).toMatchObject({ status: 'published' });
    const urls = await site.database
      .db('video_servers')
      .where({ episode_id: saved.id })
      .orderBy('position')
      .pluck('url');
    expect(urls).toEqual(['https://v.example/weekly/S01E13.mp4', 'https://mirror.example/e/p9q4z']);
  });

  test('saves forty pasted lines of a release list but the bad ones, by two keys and a paste', async () => {
    const catalog = testCatalog(site.database.db);
    const titles = Array.from(
      { length: 20 },
      (_, index) => `Release Number ${String.fromCharCode(65 + index)}${index}`,
    );
    for (const title of titles) await newSeries(catalog, { title });
    const lines = titles.flatMap((title) =>
      [1, 2].map(
        (number) => `${title} - ${number} https://v.example/${title.replaceAll(' ', '-')}/${number}.mp4`,
      ),
    );
    lines[7] = lines[6] ?? '';
    lines[12] = 'A series that nobody has - 3 https://v.example/3.mp4';
    let keystrokes = 0;
    const press = async (key: string): Promise<void> => {
      keystrokes++;
      await page.keyboard.press(key);
    };
    await page.goto('/admin/bulk');
    const begin = performance.now();
    await page.locator('#field-text:focus').waitFor();
    await page.keyboard.insertText(lines.join('\n'));
    await press('Control+Enter');
    await page.locator('.bulk__counts').waitFor();
    expect(await page.locator('.bulk__counts').innerText()).toBe('38 new, 2 to look at');
    await press('Control+Enter');
    await page.locator('#field-text').filter({ hasText: 'A series that nobody has' }).waitFor();
    await page.getByText('38 episodes', { exact: false }).first().waitFor();
    const seconds = (performance.now() - begin) / 1_000;
    console.log(`Forty lines: ${keystrokes} keystrokes and a paste, ${seconds.toFixed(2)} s.`);
    const saved = await site.database
      .db('episodes')
      .whereLike('title', '')
      .whereIn('series_id', (query) => {
        query.select('id').from('series').whereIn('title', titles);
      });
    expect(saved).toHaveLength(38);
  });

  test('posts an episode of another series from the start page, by keys alone', async () => {
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: 'Quokka Diaries' });
    await newEpisode(catalog, series.id, {
      number: '3',
      videoServers: [{ name: 'Main', kind: 'file', url: 'https://v.example/quokka/S01E03.mp4' }],
    });
    await page.goto('/admin/today');
    let keystrokes = 0;
    const press = async (key: string): Promise<void> => {
      keystrokes++;
      await page.keyboard.press(key);
    };
    const begin = performance.now();
    await press('/');
    await page.locator('#search:focus').waitFor();
    for (const key of 'quokka') await press(key);
    await press('Enter');
    await page.locator(`a[href="/admin/series/${series.id}/episodes/new"]:focus`).waitFor();
    await press('Enter');
    await page.waitForURL(/\/episodes\/new$/);
    await page.locator('[name="videoServers[0][url]"]').waitFor();
    await press('Control+s');
    await page.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    const seconds = (performance.now() - begin) / 1_000;
    console.log(`An episode of another series: ${keystrokes} keystrokes, ${seconds.toFixed(2)} s.`);
    expect(keystrokes).toBeLessThanOrEqual(10);
    const saved = await site.database.db('episodes').where({ series_id: series.id, number: 4 }).first();
    expect(saved).toMatchObject({ status: 'published' });
  });

  test('says the address of a series and its next broadcasts while they are typed', async () => {
    await page.goto('/admin/series/new');
    await page.getByLabel('Title *', { exact: true }).fill('かぐやさま');
    await page.getByText('Will be /series/kaguyasama').waitFor();
    await page.getByLabel('First broadcast').fill('2099-04-05T23:15');
    await page.getByLabel('From then on').selectOption('weekly');
    await page.getByText('Next: 5 Apr 2099, 14:15 UTC (Sun 23:15 in Japan)').waitFor();
    await page.keyboard.press('Control+s');
    await page.waitForURL(/\/admin\/series\/\d+\/episodes\/new/);
    expect(await site.database.db('series').where({ slug: 'kaguyasama' }).first()).toMatchObject({
      broadcast: 'R/2099-04-05T14:15:00.000Z/P7D',
    });
  });

  test('adds, moves and removes links of a series in place, by the keyboard alone', async () => {
    const links = [{ title: 'Official site', url: 'https://anime.example/', kind: 'official' }];
    const { id } = await newSeries(testCatalog(site.database.db), { title: 'Linked', links });
    await page.goto(`/admin/series/${id}/edit`);
    await page.getByRole('button', { name: 'Add a link', exact: true }).press('Enter');
    await page.keyboard.type('Stream');
    await page.keyboard.press('Tab');
    await page.keyboard.type('https://stream.example/1');
    await page.locator('[name="links[1][kind]"]').selectOption('onair');
    await page.getByRole('button', { name: 'Move link 2 up', exact: true }).press('Enter');
    const shown = page.locator('[data-link-rows] [name$="[title]"]');
    const values = () =>
      shown.evaluateAll((elements) => elements.map((element) => String(Reflect.get(element, 'value'))));
    expect(await values()).toEqual(['Stream', 'Official site']);
    await page.getByRole('button', { name: 'Add a link', exact: true }).press('Enter');
    await page.getByRole('button', { name: 'Remove link 3', exact: true }).press('Enter');
    await page.keyboard.press('Control+s');
    await page.getByText('“Linked” was saved.').waitFor();
    expect(await site.database.db('series').select('links').where({ id }).first()).toEqual({
      links: [{ title: 'Stream', url: 'https://stream.example/1', kind: 'onair' }, links[0]],
    });
  });

  test('keeps pasted lines apart, and takes the address of a code for embedding', async () => {
    const series = await newSeries(testCatalog(site.database.db), { title: 'Pasted' });
    await page.goto(`/admin/series/${series.id}/episodes/new`);
    await page.getByLabel('Name').fill('Main');
    const url = page.getByLabel('URL', { exact: false }).first();

    await paste('URL *', 'https://a.example/1.mp4\nand https://b.example/2.mp4\n');
    expect(await url.inputValue()).toBe('https://a.example/1.mp4 and https://b.example/2.mp4');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('Paste one address alone').first().waitFor();
    expect(await url.inputValue()).toBe('https://a.example/1.mp4 and https://b.example/2.mp4');

    await paste('URL *', '<iframe\n  width="560"\n  src="//player.example/e/1?a=1&amp;b=2">\n</iframe>');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    expect(await url.inputValue()).toBe('https://player.example/e/1?a=1&b=2');
  });

  test('says what a typed time means in the zone of the account, and keeps it while “Now” is tried', async () => {
    await site.database.db('admin_users').update({ time_zone: 'Europe/Berlin' });
    const series = await newSeries(testCatalog(site.database.db), { title: 'When' });
    await page.goto(`/admin/series/${series.id}/episodes/new`);
    const time = page.getByLabel('Day and time (Europe/Berlin)');
    const chosen = () => page.locator('[name=status]:checked').inputValue();
    expect(await chosen()).toBe('published');
    await time.fill('2099-03-29T02:30');
    await page.getByText('There is no 02:30 on that day in Europe/Berlin').waitFor();
    await time.fill('2099-07-02T21:00');
    await page.getByText(': 2 Jul 2099, 19:00 UTC.').waitFor();
    expect(await chosen()).toBe('scheduled');

    await page.locator('[name=status]:checked').focus();
    await page.keyboard.press('ArrowUp');
    expect([await chosen(), await time.inputValue()]).toEqual(['published', '']);
    await page.keyboard.press('ArrowDown');
    expect([await chosen(), await time.inputValue()]).toEqual(['scheduled', '2099-07-02T21:00']);

    await page.reload();
    expect(await chosen()).toBe('published');
    await page.getByRole('button', { name: 'Take them' }).click();
    expect([await chosen(), await time.inputValue()]).toEqual(['scheduled', '2099-07-02T21:00']);
    await page.keyboard.press('Control+s');
    await page.getByText('It comes on 2 Jul 2099, 21:00 CEST (2 Jul 2099, 19:00 UTC).').waitFor();
    await page.getByLabel('Now').check();
    await page.keyboard.press('Control+s');
    await page.getByText('Published', { exact: true }).first().waitFor();
    const saved = await site.database.db('episodes').where({ series_id: series.id }).first();
    expect(saved).toMatchObject({ status: 'published', publish_at: null });
    await site.database.db('admin_users').update({ time_zone: null });
  });

  test('sends the seconds of a time that nobody has touched', async () => {
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: 'Seconds' });
    const publishAt = '2031-01-01T12:00:45.120Z';
    const { id } = await newEpisode(catalog, series.id, { status: 'scheduled', publishAt });
    await page.goto(`/admin/episodes/${id}/edit`);
    await page.getByLabel('Title', { exact: true }).fill('Edited');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('was saved.').waitFor();
    expect(await site.database.db('episodes').select('title', 'publish_at').where({ id }).first()).toEqual({
      title: 'Edited',
      publish_at: new Date(publishAt),
    });
  });
});
