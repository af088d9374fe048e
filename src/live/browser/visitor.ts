/** Pixels that count as the top of the page still, for fingers and trackpads. */
const TOP_PX = 8;
/** After so long a pointer that lies on the list is at rest: nobody is about to click. */
const POINTER_MS = 2_500;

/** What the visitor does with a list: an insertion must not move what is in use. */
export class Visitor {
  readonly #root: HTMLElement;
  #pointerAt = '';
  #pointerMovedMs = Number.NEGATIVE_INFINITY;

  constructor(root: HTMLElement) {
    this.#root = root;
    root.addEventListener('pointermove', ({ clientX, clientY }) => {
      // A browser may say that a pointer moved when it was the page that did.
      const place = `${clientX} ${clientY}`;
      if (place === this.#pointerAt) return;
      this.#pointerAt = place;
      this.#pointerMovedMs = performance.now();
    });
    root.addEventListener('pointerleave', () => {
      this.#pointerMovedMs = Number.NEGATIVE_INFINITY;
    });
  }

  /** Whether the visitor reads or points at something that an insertion at the top of the list would move. */
  get isBusy(): boolean {
    const isPointing = performance.now() - this.#pointerMovedMs < POINTER_MS;
    return window.scrollY > TOP_PX || isPointing || this.#root.matches(':focus-within');
  }

  /**
   * Whether an item may come in by itself: somebody is there, and it moves nothing that is in use.
   * @param place what it would go ahead of, or what it would end
   */
  mayInsertAt(place: { readonly top: number }): boolean {
    return document.visibilityState === 'visible' && (!this.isBusy || place.top >= window.innerHeight);
  }
}
