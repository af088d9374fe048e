import { placeFor, shiftsTo, stepOf } from '../../../src/features/episodes/browser/row-places';

/** 100, 300 and 200 high, 20 apart. */
const places = [
  { top: 50, height: 100 },
  { top: 170, height: 300 },
  { top: 490, height: 200 },
];

test('a dragged row is at a place when what stood there has given way', () => {
  expect(shiftsTo(places, 0)).toEqual([0, 320, 540]);
  expect(shiftsTo(places, 1)).toEqual([-120, 0, 220]);
  expect(shiftsTo(places, 2)).toEqual([-440, -320, 0]);
  expect(places.map((_, from) => stepOf(places, from))).toEqual([120, 320, 220]);
});

test('a dragged row goes to the place that it is nearest to, however far it is dragged', () => {
  expect([0, 159, 161, 429, 431, 5_000].map((shift) => placeFor(places, 0, shift))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
  expect([-5_000, -381, -379, -161, -159, 5_000].map((shift) => placeFor(places, 2, shift))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
});

test('the only row stays where it is', () => {
  expect(placeFor([{ top: 50, height: 100 }], 0, 300)).toBe(0);
});
