import type { Knex } from 'knex';
import { runStatements } from './statements';

/** Every statement lets in what the code before it writes, but a language tag of more than 35 characters. */
export async function up(knex: Knex): Promise<void> {
  await runStatements(knex, URL_CHECK);
  const changed = (await shortenLanguageTags(knex)) + (await composeTitles(knex));
  await runStatements(knex, LANGUAGE_CHECKS);
  // Titles and their languages are on cards: whoever shows them reads them again.
  if (changed > 0) await runStatements(knex, RESET);
}

export async function down(knex: Knex): Promise<void> {
  // The check as 0001 made it; not valid, since there may be addresses by now that it refuses.
  await runStatements(
    knex,
    `
    alter table series drop constraint series_language_length;
    alter table video_servers
      drop constraint video_servers_language_length,
      drop constraint video_servers_url_check,
      add constraint video_servers_url_check check (
        length(url) <= 2048
        and url ~* '^(https://[^/@]+(/|$|[$1#])|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)$2(/|$|[$3#])|/media/)'
      ) not valid;
  `,
  );
}

/** As it was meant in 0001, where Knex took each `?` for a binding: no address of http://localhost passed. */
const URL_CHECK = `
  alter table video_servers
    drop constraint video_servers_url_check,
    add constraint video_servers_url_check check (
      length(url) <= 2048
      and url ~* '^(https://[^/?#@]+(/|$|[?#])|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?(/|$|[?#])|/media/)'
    );
`;

/** RFC 5646, 4.4.1: no tag that is in use needs more. */
const LANGUAGE_CHECKS = `
  alter table series add constraint series_language_length
    check (length(title_language) <= 35 and length(native_language) <= 35);
  alter table video_servers add constraint video_servers_language_length
    check (length(audio_language) <= 35 and length(subtitle_language) <= 35);
`;

/** What is left of a longer one still names the language. The number of series that have changed. */
async function shortenLanguageTags(knex: Knex): Promise<number> {
  await runStatements(
    knex,
    `
    update video_servers
    set audio_language = ${shortened('audio_language')}, subtitle_language = ${shortened('subtitle_language')}
    where length(audio_language) > 35 or length(subtitle_language) > 35
  `,
  );
  return runStatements(
    knex,
    `
    update series
    set title_language = ${shortened('title_language')}, native_language = ${shortened('native_language')}
    where length(title_language) > 35 or length(native_language) > 35
  `,
  );
}

function shortened(column: string): string {
  return `case when length(${column}) > 35 then left(split_part(${column}, '-', 1), 35) else ${column} end`;
}

/** Titles are kept and searched for in NFC; one in another form would not be found any more. */
async function composeTitles(knex: Knex): Promise<number> {
  const { rows }: { rows: { server_encoding: string }[] } = await knex.raw('show server_encoding');
  // Postgres composes in no other encoding.
  if (rows[0]?.server_encoding !== 'UTF8') return 0;
  return runStatements(
    knex,
    `
    update series
    set title = normalize(title), title_native = normalize(title_native),
        synonyms = array(select normalize(synonym) from unnest(synonyms) with ordinality as t (synonym, place) order by place)
    where (title is not nfc normalized or title_native is not nfc normalized
           or array_to_string(synonyms, chr(10)) is not nfc normalized)
      -- A few characters grow: those titles stay as they are.
      and length(normalize(title)) <= 300 and length(normalize(coalesce(title_native, ''))) <= 300
  `,
  );
}

const RESET = `
  with head as (update catalog_head set seq = seq + 1 returning seq)
  insert into change_log (seq, type) select seq, 'reset' from head
`;
