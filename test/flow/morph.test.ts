import { join } from 'node:path';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../src/platform/project';
import { describeInBrowser, launchBrowser } from '../support/browser';

describeInBrowser('making an element like another one', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
    const { outputFiles } = buildSync({
      entryPoints: [join(projectRoot(), 'src/live/browser/morph.ts')],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'morphing',
    });
    await page.setContent('<main></main>');
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
    await page.addScriptTag({
      content: `function become(from, to) {
        const main = document.querySelector('main');
        main.innerHTML = from;
        const like = document.createElement('template');
        like.innerHTML = to;
        return () => morphing.morph(main.firstElementChild, like.content.firstElementChild);
      }`,
    });
  });
  afterAll(() => browser?.close());

  const { tree } = fc.letrec<{ tree: string; node: string }>((tie) => ({
    tree: fc
      .tuple(
        fc.constantFrom('ul', 'li', 'b'),
        fc.constantFrom('', ' class="a"', ' class="b"', ' id="c"', ' title="d" lang="ja"'),
        fc.array(tie('node'), { maxLength: 4 }),
      )
      .map(([name, attributes, nodes]) => `<${name}${attributes}>${nodes.join('')}</${name}>`),
    node: fc.oneof({ maxDepth: 3 }, fc.constantFrom('x', ' ', 'y'), tie('tree')),
  }));

  test('it is like it then, whatever the two were', async () => {
    const pairs = fc.sample(fc.tuple(tree, tree), 400);
    const results = await page.evaluate<readonly string[]>(`${JSON.stringify(pairs)}.map(([from, to]) => {
      become('<div>' + from + '</div>', '<div class="e">' + to + '</div>')();
      return document.querySelector('main').innerHTML;
    })`);
    const wanted = await page.evaluate<readonly string[]>(`${JSON.stringify(pairs)}.map(([, to]) => {
      const like = document.createElement('template');
      like.innerHTML = '<div class="e">' + to + '</div>';
      return like.innerHTML;
    })`);
    expect(results).toEqual(wanted);
  });

  test('the picture that is loaded and the link that is focused stay the same', async () => {
    const card = (image: string, badges: string, title: string) =>
      `<li>\n<div><img alt="" src="data:,${image}"></div>${badges}<h2><a href="/1"><b>${title}</b></a></h2></li>`;
    const kept = await page.evaluate<readonly boolean[]>(`(() => {
      const start = become(${JSON.stringify(card('1', '', 'Old'))}, ${JSON.stringify(card('1', '<p class="badge">SUB</p>\n', 'New'))});
      const [image, link] = [document.querySelector('img'), document.querySelector('a')];
      link.focus();
      start();
      return [
        image === document.querySelector('img'),
        link === document.activeElement,
        link.textContent === 'New',
        document.querySelector('.badge') !== null,
      ];
    })()`);
    expect(kept).toEqual([true, true, true, true]);
  });
});
