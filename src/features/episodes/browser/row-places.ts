/** Where a row stands while nothing is dragged: its upper edge on the page and its height, in CSS pixels. */
export type Place = { readonly top: number; readonly height: number };

/**
 * To which place a dragged row is nearest, by its index. A row that goes down pushes those above it up: its lower edge comes to where that
 * of the last of them was.
 * @param places of all rows, from above
 * @param shift by which the row is dragged, downwards, in CSS pixels
 */
export function placeFor(places: readonly Place[], from: number, shift: number): number {
  const distances = shiftsTo(places, from).map((each) => Math.abs(each - shift));
  return distances.indexOf(Math.min(...distances));
}

/** By how much the row has to be moved to stand at each place, downwards, in CSS pixels. */
export function shiftsTo(places: readonly Place[], from: number): readonly number[] {
  const { top, height } = places[from] ?? { top: 0, height: 0 };
  return places.map((place, index) => place.top - top + (index > from ? place.height - height : 0));
}

/** By how much the others give way to the row: its height, and the gap between two. */
export function stepOf(places: readonly Place[], from: number): number {
  const [first, second] = places;
  const gap = first && second ? second.top - first.top - first.height : 0;
  return (places[from]?.height ?? 0) + gap;
}
