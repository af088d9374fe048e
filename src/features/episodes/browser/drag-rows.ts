import { type Place, placeFor, shiftsTo, stepOf } from './row-places';

/** From the edge of the window, in CSS pixels: there the page scrolls under a dragged row, … */
const EDGE = 64;
/** … by so many CSS pixels a frame at the edge itself. */
const FASTEST = 16;

type Drag = {
  readonly rows: readonly HTMLElement[];
  readonly places: readonly Place[];
  readonly from: number;
  readonly pointerId: number;
  /** Of the pointer, on the page. */
  readonly startY: number;
  /** Of the pointer, in the window. */
  clientY: number;
  to: number;
};

/**
 * Has the rows of a list dragged by their handles (`data-drag-row`), with a mouse, a pen or a finger. Until one is dropped they are only
 * shown elsewhere; Esc leaves them where they were. The handles are hidden until then, and those of the template as well.
 * @param options.drop puts a row to the place with that index
 */
export function dragRows(
  list: HTMLElement,
  template: HTMLTemplateElement,
  options: {
    readonly rows: () => readonly HTMLElement[];
    readonly drop: (row: HTMLElement, to: number) => void;
  },
): void {
  let drag: Drag | undefined;
  for (const within of [list, template.content])
    for (const handle of within.querySelectorAll<HTMLElement>('[data-drag-row]')) handle.hidden = false;

  list.addEventListener('pointerdown', (event) => {
    const handle = event.target instanceof Element ? event.target.closest('[data-drag-row]') : null;
    if (!handle || drag || event.button !== 0 || !event.isPrimary) return;
    const rows = options.rows();
    const from = rows.findIndex((row) => row.contains(handle));
    if (from === -1) return;
    const { clientY, pointerId } = event;
    const places = rows.map((row) => {
      const { top, height } = row.getBoundingClientRect();
      return { top: top + window.scrollY, height };
    });
    handle.setPointerCapture(pointerId);
    drag = { rows, places, from, pointerId, startY: clientY + window.scrollY, clientY, to: from };
    list.dataset.dragging = '';
    rows[from]?.setAttribute('data-dragged', '');
    window.addEventListener('scroll', show);
    window.addEventListener('keydown', cancelByKey, true);
    requestAnimationFrame(scrollAtEdge);
  });
  // The field in which somebody types keeps the focus, and no text is selected.
  list.addEventListener('mousedown', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-drag-row]')) event.preventDefault();
  });
  list.addEventListener('pointermove', (event) => {
    if (!drag || event.pointerId !== drag.pointerId) return;
    drag.clientY = event.clientY;
    show();
  });
  list.addEventListener('pointerup', (event) => {
    if (!drag || event.pointerId !== drag.pointerId) return;
    drag.clientY = event.clientY;
    show();
    const { rows, from, to } = drag;
    const row = rows[from];
    end();
    if (row && to !== from) options.drop(row, to);
  });
  for (const type of ['pointercancel', 'lostpointercapture'] as const)
    list.addEventListener(type, ({ pointerId }) => {
      if (pointerId === drag?.pointerId) end();
    });

  /** Shows the row under the pointer, but within the list, and the others as they would stand if it were dropped. */
  function show(): void {
    if (!drag) return;
    const { rows, places, from, clientY, startY } = drag;
    const shifts = shiftsTo(places, from);
    const wanted = clientY + window.scrollY - startY;
    const shift = Math.min(Math.max(wanted, shifts[0] ?? 0), shifts.at(-1) ?? 0);
    const to = placeFor(places, from, shift);
    drag.to = to;
    const step = stepOf(places, from);
    for (const [index, row] of rows.entries()) {
      const isPassed = index !== from && index >= Math.min(from, to) && index <= Math.max(from, to);
      const by = index === from ? shift : isPassed ? (to < from ? step : -step) : 0;
      row.style.translate = by === 0 ? '' : `0 ${by}px`;
    }
  }

  function scrollAtEdge(): void {
    if (!drag) return;
    const { clientY } = drag;
    const beyond = Math.min(0, clientY - EDGE) + Math.max(0, clientY - (window.innerHeight - EDGE));
    const by = Math.max(-1, Math.min(1, beyond / EDGE)) * FASTEST;
    if (by !== 0) window.scrollBy({ top: by, behavior: 'instant' });
    requestAnimationFrame(scrollAtEdge);
  }

  function cancelByKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    end();
  }

  function end(): void {
    if (!drag) return;
    for (const row of drag.rows) {
      row.removeAttribute('data-dragged');
      row.style.translate = '';
    }
    delete list.dataset.dragging;
    drag = undefined;
    window.removeEventListener('scroll', show);
    window.removeEventListener('keydown', cancelByKey, true);
  }
}
