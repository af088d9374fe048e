import { textProblem } from '../../platform/text';
import { readEmbedHtml } from './embed-code';

/** The address of a video as it is kept, or what is wrong with what was typed. */
export type VideoAddress = { readonly url: string } | { readonly problem: string };

const MAX_URL_LENGTH = 2_048;
const OWN_MEDIA = /^\/media\/[A-Za-z0-9._~/-]+$/;
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Reads what was pasted into the field of an address: an address, or the `<iframe>` code that a site offers for embedding.
 * The result is the parsed form: no odd spelling that a browser would read in another way than we did, and what the CHECK of
 * the column `video_servers.url` accepts.
 */
export function readVideoAddress(typed: string): VideoAddress {
  const text = typed.trim();
  if (text === '') return { problem: textProblem(typed) ?? 'Must not be empty.' };
  return text.includes('<') ? readCode(text) : readAddress(text);
}

const MAX_CODE_LENGTH = 10_000;
const WHAT_TO_PASTE =
  'Paste the address of the video, or the whole code for embedding: <iframe src="https://…"></iframe>.';

function readCode(code: string): VideoAddress {
  if (code.length > MAX_CODE_LENGTH) return { problem: WHAT_TO_PASTE };
  const { iframeSources, text } = readEmbedHtml(code);
  if (iframeSources.length > 1 || /https?:/i.test(text)) {
    return { problem: 'Paste one address alone: this has several.' };
  }
  const source = iframeSources[0]?.trim() ?? '';
  if (source === '') return { problem: WHAT_TO_PASTE };
  return readAddress(source.startsWith('//') ? `https:${source}` : source);
}

function readAddress(text: string): VideoAddress {
  const problem = textProblem(text) ?? pasteProblem(text);
  if (problem !== undefined) return { problem };
  // Files that the site itself serves; a browser resolves them against whatever address the site has.
  if (OWN_MEDIA.test(text) && !text.split('/').includes('..')) return { url: text };
  if (!URL.canParse(text))
    return { problem: 'Must be an address such as https://video.example/episode-1.mp4.' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOCAL_HOSTS.has(url.hostname))) {
    return { problem: 'Must begin with https:// (http:// only for localhost).' };
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: 'Must not contain a user name or password.' };
  }
  // As it is kept: an `é` is `%C3%A9` there.
  if (url.href.length > MAX_URL_LENGTH) {
    return { problem: `Must have at most ${MAX_URL_LENGTH} characters; encoded, it has ${url.href.length}.` };
  }
  return { url: url.href };
}

/** What the URL parser would make one address of, or take for a part of one, without a word. */
function pasteProblem(text: string): string | undefined {
  if (text.length > MAX_URL_LENGTH) return `Must have at most ${MAX_URL_LENGTH} characters.`;
  if (/\s/.test(text)) return 'Paste one address alone, without spaces or line breaks.';
  if (/\p{Default_Ignorable_Code_Point}/u.test(text)) {
    return 'Contains a character that can’t be seen. Type the address, or copy it from elsewhere.';
  }
  if (hasSecondAddress(text)) return 'Paste one address alone: another one begins within this one.';
  return undefined;
}

/**
 * True where a browser has put two pasted lines together: `https://a.example/1https://b.example/2`. An address may carry
 * another one as the value of a parameter; in a path that one has to be percent-encoded, since the two can't be told apart.
 */
function hasSecondAddress(text: string): boolean {
  for (const { 0: found, index } of text.matchAll(/https?:\/\/|\/media\//gi)) {
    if (index === 0) continue;
    const before = text.slice(0, index);
    if (found.startsWith('/')) {
      // Another site may have a folder of that name, but no file is one.
      if (/^\/media\/.*\.[a-z0-9]+$/i.test(before)) return true;
    } else if (!/[?&#]([^?&#=]*=)?$/.test(before)) return true;
  }
  return false;
}
