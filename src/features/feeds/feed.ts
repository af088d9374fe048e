import type { Words } from '../../web/words';
import type { PublicEpisode } from '../episodes/public';
import { cardView } from '../episodes/public';

export const FEED_FORMATS = ['atom', 'rss', 'json'] as const;
export type FeedFormat = (typeof FEED_FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<FeedFormat, string>> = {
  atom: 'application/atom+xml; charset=utf-8',
  rss: 'application/rss+xml; charset=utf-8',
  json: 'application/feed+json; charset=utf-8',
};

/** Episodes as a feed tells them. Addresses are full ones. */
export type EpisodeFeed = {
  readonly words: Words;
  readonly title: string;
  readonly description: string;
  /** `https://anime.example` */
  readonly origin: string;
  /** Path of the page that shows the same. */
  readonly pagePath: string;
  /** Path of the feed itself. */
  readonly path: string;
  readonly episodes: readonly PublicEpisode[];
};

/** What one episode is in a feed of any format. */
type Entry = {
  readonly id: string;
  readonly url: string;
  readonly title: string;
  readonly text: string;
  readonly imageUrl: string;
  readonly publishedAt: Date;
  readonly category: string;
};

/** Writes the feed: Atom (RFC 4287), RSS 2.0, or JSON Feed 1.1. */
export async function writeFeed(feed: EpisodeFeed, format: FeedFormat): Promise<string> {
  const entries = feed.episodes.map((episode) => entryOf(episode, feed));
  switch (format) {
    case 'atom':
      return writeAtom(feed, entries);
    case 'rss':
      return writeRss(feed, entries);
    case 'json':
      return writeJson(feed, entries);
    default:
      return format satisfies never;
  }
}

function entryOf(episode: PublicEpisode, { origin, words }: EpisodeFeed): Entry {
  const card = cardView(episode, words);
  const name = `${episode.seriesTitle} – ${card.label}`;
  const said = words.t('feed.entry', { episode: card.label, series: episode.seriesTitle });
  const facts = [card.durationText, ...card.languages.map(({ meaning }) => meaning)].filter(Boolean);
  return {
    // Stays when the series gets another address, so that no reader shows the episode anew.
    id: `tag:${new URL(origin).hostname},2026:episode/${episode.episodeId}`,
    url: `${origin}${card.url}`,
    title: readable(card.title ? `${name}: ${card.title}` : name),
    text: readable([said, ...facts].join(' · ')),
    imageUrl: new URL(card.still.url, origin).href,
    publishedAt: new Date(episode.publishedAt),
    category: card.kindLabel,
  };
}

/** 14 MB and a quarter of a second that a process which is never asked for a feed need not spend. */
const loadWriters = () => import('feedsmith');

async function writeAtom(feed: EpisodeFeed, entries: readonly Entry[]): Promise<string> {
  const { generateAtomFeed } = await loadWriters();
  const xml = generateAtomFeed({
    id: `${feed.origin}${feed.path}`,
    title: text(feed.title),
    subtitle: text(feed.description),
    updated: updatedAt(entries),
    authors: [{ name: 'nipnime', uri: `${feed.origin}/` }],
    links: [
      { href: `${feed.origin}${feed.path}`, rel: 'self', type: 'application/atom+xml' },
      { href: `${feed.origin}${feed.pagePath}`, rel: 'alternate', type: 'text/html' },
    ],
    entries: entries.map((entry) => ({
      id: entry.id,
      title: text(entry.title),
      links: [{ href: entry.url, rel: 'alternate', type: 'text/html' }],
      published: entry.publishedAt,
      updated: entry.publishedAt,
      summary: text(entry.text),
      categories: [{ term: entry.category }],
    })),
  });
  return withoutPadding(xml);
}

function text(value: string) {
  return { value: readable(value), type: 'text' } as const;
}

async function writeRss(feed: EpisodeFeed, entries: readonly Entry[]): Promise<string> {
  const { generateRssFeed } = await loadWriters();
  const xml = generateRssFeed({
    title: readable(feed.title),
    link: `${feed.origin}${feed.pagePath}`,
    description: readable(feed.description),
    lastBuildDate: updatedAt(entries),
    atom: { links: [{ href: `${feed.origin}${feed.path}`, rel: 'self', type: 'application/rss+xml' }] },
    items: entries.map((entry) => ({
      title: entry.title,
      link: entry.url,
      guid: { value: entry.id, isPermaLink: false },
      // What readers show of RSS is HTML.
      description: escapeHtml(entry.text),
      categories: [{ name: entry.category }],
      pubDate: entry.publishedAt,
    })),
  });
  return withoutPadding(xml);
}

/** The writer puts CDATA on lines of their own, and readers would show that room. There are no other line feeds: see `readable`. */
function withoutPadding(xml: string): string {
  return xml.replace(/>\n *<!\[CDATA\[/g, '><![CDATA[').replace(/\]\]>\n *<\//g, ']]></');
}

/** JSON needs no library, and no escaping beyond its own. https://www.jsonfeed.org/version/1.1/ */
function writeJson(feed: EpisodeFeed, entries: readonly Entry[]): string {
  return JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: readable(feed.title),
    description: readable(feed.description),
    home_page_url: `${feed.origin}${feed.pagePath}`,
    feed_url: `${feed.origin}${feed.path}`,
    language: feed.words.language,
    authors: [{ name: 'nipnime', url: `${feed.origin}/` }],
    items: entries.map((entry) => ({
      id: entry.id,
      url: entry.url,
      title: entry.title,
      content_text: entry.text,
      image: entry.imageUrl,
      date_published: entry.publishedAt.toISOString(),
      tags: [entry.category],
    })),
  });
}

/** Both formats of XML want a time, also of a feed without anything. */
function updatedAt(entries: readonly Entry[]): Date {
  return new Date(Math.max(0, ...entries.map(({ publishedAt }) => publishedAt.getTime())));
}

/** On one line, without the characters that XML 1.0 can't hold, not even escaped. Old rows may have some. */
function readable(value: string): string {
  return value.replace(/\s+/g, ' ').replace(/[^\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}

function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
