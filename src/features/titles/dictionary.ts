import { dirname, join } from 'node:path';
import { builder, type IpadicFeatures, type Tokenizer } from 'kuromoji';
import { readingOf } from './reading';
import type { Readings } from './repository';

/**
 * Reads Japanese titles. Loads a dictionary, which takes seconds and some 400 MB that are only given back when the process ends: for
 * commands alone.
 */
export async function readTitles(titles: readonly string[]): Promise<Readings> {
  const tokenizer = await loadTokenizer();
  return new Map(titles.map((title) => [title, readingOf(tokenizer.tokenize(title.normalize('NFKC')))]));
}

function loadTokenizer(): Promise<Tokenizer<IpadicFeatures>> {
  const dicPath = join(dirname(require.resolve('kuromoji/package.json')), 'dict');
  return new Promise((resolve, reject) => {
    builder({ dicPath }).build((error, tokenizer) => (error ? reject(error) : resolve(tokenizer)));
  });
}
