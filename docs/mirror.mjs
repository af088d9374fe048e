// Makes the catalog of one site that of another: FROM=https://… FROM_TOKEN=… TO=https://… TO_TOKEN=… node docs/mirror.mjs
const { FROM, FROM_TOKEN, TO, TO_TOKEN, SINCE = '1970-01-01T00:00:00Z' } = process.env;
async function ask(site, token, path, method = 'GET', body = undefined) {
  const headers = { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) };
  const answer = await fetch(`${site}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}
const write = (method, path, body) => ask(TO, TO_TOKEN, path, method, body);
async function* changes(path) {
  for (let [after, next] = ['', '']; next !== null; after = `&after=${next}`) {
    const page = await ask(FROM, FROM_TOKEN, `${path}updatedSince=${SINCE}&limit=200${after}`);
    yield page;
    next = page.next;
  }
}
const copy = ({ version, id, seriesId, poster, still, ...rest }) => ({
  ...rest,
  externalId: id,
  of: seriesId,
});
for await (const { data, until } of changes('/series?')) {
  for (const { of, ...series } of data.map(copy))
    await write('PUT', `/series/external:${series.externalId}`, series);
  process.stdout.write(`The next time: SINCE=${until}\n`);
}
for await (const { data } of changes('/episodes?deleted=include&')) {
  for (const { id, deletedAt } of data) if (deletedAt) await write('DELETE', `/episodes/external:${id}`);
  const kept = data.filter(({ deletedAt }) => !deletedAt).map(copy);
  const episodes = kept.map(({ of, ...episode }) => ({ ...episode, series: `external:${of}` }));
  const { data: done } = kept.length > 0 ? await write('POST', '/episodes/bulk', { episodes }) : { data: [] };
  for (const { index, outcome, detail = '' } of done)
    process.stdout.write(`${outcome} ${kept[index].url} ${detail}\n`);
}
