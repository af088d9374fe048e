/**
 * Compares two positions of a list: numbers with a `-` between them, the first ones decide. `1795627800000-812` is a time and an
 * id, `0-12.5` a kind and a number. Negative: `a` is the lower one.
 */
export function comparePositions(a: string, b: string): number {
  const [partsOfA, partsOfB] = [numbersOf(a), numbersOf(b)];
  for (let index = 0; index < Math.max(partsOfA.length, partsOfB.length); index++) {
    const [partOfA = '', partOfB = ''] = [partsOfA[index], partsOfB[index]];
    const difference = Number(partOfA) - Number(partOfB);
    if (difference !== 0) return difference;
    // Ids may have more digits than a number can hold.
    if (partOfA !== partOfB) return partOfA.length - partOfB.length || (partOfA < partOfB ? -1 : 1);
  }
  return 0;
}

/** A `-` that follows a digit separates, any other is a sign. */
function numbersOf(position: string): readonly string[] {
  return position.split(/(?<=\d)-/);
}
