import { rowsForLines, serverLines } from './server-lines';
import type { ServerRows } from './server-rows';

/**
 * Makes servers of pasted lines, one of each address. Other lines are kept apart: a browser puts them together in a field of one line,
 * where two words would be one, and in code for embedding a tag and its first attribute.
 */
export function spreadPastedLines(form: HTMLFormElement, servers: ServerRows | undefined): void {
  form.addEventListener('paste', (event) => {
    const field = event.target;
    const text = event.clipboardData?.getData('text/plain').trim() ?? '';
    if (!(field instanceof HTMLInputElement) || field.type !== 'text' || !/[\r\n]/.test(text)) return;
    event.preventDefault();
    const lines = serverLines(text);
    const row = field.closest<HTMLElement>('[data-server-row]');
    if (servers && row && lines.length > 1 && field.matches('[data-server-url]')) {
      const into = servers.rows().indexOf(row);
      const places = rowsForLines(servers.urls(), lines, into);
      for (const [index, line] of lines.entries()) servers.fill(places[index], line);
      servers.say(`${lines.length} servers were pasted.`);
      return;
    }
    const { selectionStart, selectionEnd, value } = field;
    field.setRangeText(
      text.replace(/[\r\n]/g, ' '),
      selectionStart ?? value.length,
      selectionEnd ?? value.length,
      'end',
    );
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}
