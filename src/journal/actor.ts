/** Who does something: an admin in the back office, a script with a token, nipnime itself, or somebody who was not let in. */
export type Actor = {
  readonly kind: 'admin' | 'token' | 'system' | 'anonymous';
  readonly id: string | null;
  readonly name: string;
  readonly via: Via;
  /** Where the request came from, as the site knows it; nothing for what nobody sent. */
  readonly address?: string;
};

/** By what something is done. `start`: a site that starts for the first time. */
export type Via = 'form' | 'api' | 'scheduler' | 'command' | 'start';

/** nipnime itself. */
export function systemActor(via: Via): Actor {
  return { kind: 'system', id: null, name: 'nipnime', via };
}
