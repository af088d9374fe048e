/**
 * Keeps pasted lines apart. A browser puts them together in a field of one line: two addresses would be one, and in code for
 * embedding a tag and its first attribute one word.
 */
export function keepPastedLinesApart(form: HTMLFormElement): void {
  form.addEventListener('paste', (event) => {
    const field = event.target;
    const text = event.clipboardData?.getData('text/plain').trim() ?? '';
    if (!(field instanceof HTMLInputElement) || field.type !== 'text' || !/[\r\n]/.test(text)) return;
    event.preventDefault();
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
