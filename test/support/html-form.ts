import type request from 'supertest';

export type Agent = ReturnType<typeof request.agent>;
export type Fields = Record<string, string>;

/** As a browser does for a page of the site. */
export function post(agent: Agent, address: string, fields: Fields) {
  return agent
    .post(address)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());
}

/** Opens a page, changes what stands in the fields of one of its forms, and sends that form. */
export async function fillIn(agent: Agent, page: string, address: string, changes: Fields) {
  const { text } = await agent.get(page).expect(200);
  return post(agent, address, { ...fieldsOf(text, address), ...changes });
}

/** What a browser would send of the form with that address: names and values of its fields, as they stand in the page. */
export function fieldsOf(html: string, action: string): Fields {
  const [, form] = new RegExp(`<form[^>]*action="${action}"[^>]*>(.*?)</form>`, 's').exec(html) ?? [];
  if (form === undefined) throw new Error(`There is no form that goes to ${action} in:\n${html}`);
  const fields: Fields = {};
  // What stands in a <template> is not part of the form.
  const sent = form.replace(/<template.*?<\/template>/gs, '');
  for (const [, input, control, opening = '', inner = ''] of sent.matchAll(
    /(<input\b[^>]*>)|<(select|textarea)\b([^>]*)>(.*?)<\/\2>/gs,
  )) {
    const name = attribute(input ?? opening, 'name');
    if (name === undefined) continue;
    if (control === 'textarea') fields[name] = unescaped(inner.replace(/^\n/, ''));
    else if (control === 'select') {
      // A browser sends the first option when none is selected.
      const option = /<option[^>]* selected>/.exec(inner) ?? /<option[^>]*>/.exec(inner);
      fields[name] = attribute(option?.[0] ?? '', 'value') ?? '';
    } else if (input && (!/type="(?:checkbox|radio)"/.test(input) || /\schecked\b/.test(input))) {
      fields[name] = attribute(input, 'value') ?? '';
    }
  }
  return fields;
}

export function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

export function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#34;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}
