/** Something around the site is not as it has to be. The message says what to do, and is shown to operators without a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
