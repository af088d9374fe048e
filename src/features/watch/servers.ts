import type { IncomingMessage } from 'node:http';
import { languageName } from '../../web/formats';
import type { Words } from '../../web/words';
import type { VideoServer } from '../episodes/fields';
import { chooseServer, failureKey, nextServer, withChoice } from './choice';
import { choicesCookie, failedCookie, readChoices, readFailed } from './visitor-cookies';

/** A visit of the watch page, as far as it decides what is played. */
type Visit = {
  readonly request: IncomingMessage;
  readonly query: Readonly<Record<string, unknown>>;
  readonly episodePath: string;
  readonly seriesPath: string;
  readonly words: Words;
};

/** What `views/watch/servers.ejs` and `player.ejs` show of a server. */
type ServerView = VideoServer & {
  readonly key: string;
  readonly hasFailed: boolean;
  readonly href: string;
  readonly languages: string;
};

/**
 * Which server is played, and what the page says of the others. One that is asked for by its link (`?server=`) is remembered for
 * the series; the link to the next one says that the current one does not play (`&failed=`). What is remembered stands in cookies,
 * so that it also holds where no script runs.
 */
export function selectServer(servers: readonly VideoServer[], visit: Visit) {
  const { request, query, episodePath, seriesPath, words } = visit;
  const asked = servers.find(({ id }) => id === query.server);
  const remembered = readFailed(request);
  // To ask for one that had failed is to try it again.
  const failed = new Set(remembered.filter((key) => !asked || key !== failureKey(asked)));
  const given = servers.find(({ id }) => id === query.failed && id !== asked?.id);
  if (given) failed.add(failureKey(given));
  const views = servers.map((server): ServerView => {
    const key = failureKey(server);
    const hasFailed = failed.has(key);
    const languages = languagesText(server, words);
    return { ...server, key, hasFailed, href: `${episodePath}?server=${server.id}`, languages };
  });
  const choices = readChoices(request);
  const selected = asked ? views.find(({ id }) => id === asked.id) : chooseServer(views, choices);
  const next = selected && nextServer(views, selected);
  const known = views.filter(({ hasFailed }) => hasFailed).map(({ key }) => key);
  const isFailureNew = known.toSorted().join() !== remembered.toSorted().join();
  return {
    servers: views,
    selected,
    next: selected && next && { ...next, href: `${next.href}&failed=${selected.id}` },
    cookies: [
      ...(isFailureNew ? [failedCookie(episodePath, known)] : []),
      ...(asked ? [choicesCookie(seriesPath, withChoice(choices, asked))] : []),
    ],
  };
}

/** `Japanese, English subtitles`; empty when nothing is known. */
function languagesText({ audioLanguage, subtitleLanguage }: VideoServer, words: Words): string {
  return [
    audioLanguage ? languageName(audioLanguage, words) : undefined,
    subtitleLanguage
      ? words.t('card.subtitles', { language: languageName(subtitleLanguage, words) })
      : undefined,
  ]
    .filter(Boolean)
    .join(', ');
}
