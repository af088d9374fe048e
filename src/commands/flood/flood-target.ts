import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Operation } from './plan';
import { describeProblem, SiteApi, type SiteApiAnswer, SiteApiError, type SiteApiOptions } from './site-api';

const seriesAnswer = z.object({ id: z.string(), slug: z.string(), title: z.string() });
const seriesList = z.object({ data: z.array(seriesAnswer) });
const episodeAnswer = z.object({ id: z.string(), number: z.number() });
const episodeList = z.object({ data: z.array(episodeAnswer), next: z.string().nullable() });

type TargetSeries = { readonly id: string; readonly title: string };

/** The series that is flooded, by the API. Every request may be repeated, so each has to find out whether it was done. */
export class FloodTarget {
  readonly series: TargetSeries;
  readonly #api: SiteApi;
  /** Of the plan's first episode. */
  readonly #firstNumber: number;

  private constructor(api: SiteApi, series: TargetSeries, firstNumber: number) {
    this.#api = api;
    this.series = series;
    this.#firstNumber = firstNumber;
  }

  static async open(
    apiOptions: SiteApiOptions,
    wanted: { readonly seed: number; readonly seriesId?: string },
  ): Promise<FloodTarget> {
    const api = new SiteApi(apiOptions);
    if (wanted.seriesId === undefined) return new FloodTarget(api, await createSeries(api, wanted.seed), 1);
    const series = { id: wanted.seriesId, title: `series ${wanted.seriesId}` };
    return new FloodTarget(api, series, (await highestNumber(api, wanted.seriesId)) + 1);
  }

  /**
   * Returns the id of the episode; undefined once it is deleted.
   * @throws {SiteApiError} when the site refuses
   */
  async carryOut(operation: Operation, episodeId: string | undefined): Promise<string | undefined> {
    if (operation.type === 'create') return this.#create(operation);
    const path = `/episodes/${episodeId}`;
    if (operation.type === 'delete') {
      const answer = await this.#api.request('DELETE', path);
      if (answer.status === 204 || (answer.status === 404 && answer.retried)) return undefined;
      throw refused(`DELETE ${path}`, answer);
    }
    const answer = await this.#api.request('PATCH', path, operation.fields);
    if (answer.status !== 200) throw refused(`PATCH ${path}`, answer);
    return episodeId;
  }

  async #create(operation: Extract<Operation, { type: 'create' }>): Promise<string> {
    const { fields, publishInMs } = operation;
    const number = this.#firstNumber + operation.episode;
    const answer = await this.#api.request('POST', '/episodes', {
      seriesId: this.series.id,
      number,
      ...fields,
      ...(publishInMs !== undefined && { publishAt: new Date(Date.now() + publishInMs).toISOString() }),
    });
    if (answer.status === 201) return episodeAnswer.parse(answer.body).id;
    if (answer.status !== 409 || !answer.retried) throw refused(`POST /episodes number ${number}`, answer);
    // An earlier try was carried out, and its answer got lost.
    const path = `/episodes?seriesId=${this.series.id}&limit=200`;
    const list = await this.#api.request('GET', path);
    if (list.status !== 200) throw refused(`GET ${path}`, list);
    const mine = episodeList.parse(list.body).data.find((episode) => episode.number === number);
    if (!mine) throw refused(`POST /episodes number ${number}`, answer);
    return mine.id;
  }
}

async function createSeries(api: SiteApi, seed: number): Promise<TargetSeries> {
  const title = `Flood ${seed}`;
  // Its own, so that it can be found again when the answer got lost.
  const slug = `flood-${seed}-${randomBytes(4).toString('hex')}`;
  const answer = await api.request('POST', '/series', { title, titleLanguage: 'en', slug });
  if (answer.status === 201) return seriesAnswer.parse(answer.body);
  if (answer.status !== 409 || !answer.retried) throw refused('POST /series', answer);
  const path = `/series?search=${encodeURIComponent(title)}&limit=200`;
  const list = await api.request('GET', path);
  if (list.status !== 200) throw refused(`GET ${path}`, list);
  const mine = seriesList.parse(list.body).data.find((series) => series.slug === slug);
  if (!mine) throw refused('POST /series', answer);
  return mine;
}

async function highestNumber(api: SiteApi, seriesId: string): Promise<number> {
  let highest = 0;
  for (let after: string | null = ''; after !== null; ) {
    const path = `/episodes?seriesId=${seriesId}&limit=200${after && `&after=${after}`}`;
    const answer: SiteApiAnswer = await api.request('GET', path);
    if (answer.status !== 200) throw refused(`GET ${path}`, answer);
    const { data, next } = episodeList.parse(answer.body);
    for (const { number } of data) highest = Math.max(highest, Math.ceil(number));
    after = next;
  }
  return highest;
}

function refused(request: string, answer: SiteApiAnswer): SiteApiError {
  return new SiteApiError(`${request} → ${describeProblem(answer)}`, answer.status);
}
