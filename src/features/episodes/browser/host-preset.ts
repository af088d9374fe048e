import { hostOf, type ServerKind } from './server-lines';

/** What the last server at a host was given, as a form has it: all but what is of one episode alone. */
export type HostPreset = {
  readonly name: string;
  /** Empty where it is what the address tells. */
  readonly kind: ServerKind | '';
  readonly audioLanguage: string;
  readonly subtitleLanguage: string;
  /** Empty for off. */
  readonly sandboxed: string;
};

/** Of a new server these are filled in where they are as in an empty row; the kind where it is not chosen. */
export const PRESET_TEXTS = ['name', 'audioLanguage', 'subtitleLanguage', 'sandboxed'] as const;

/** By the host, without `www.`. */
export type HostPresets = ReadonlyMap<string, HostPreset>;

export const NO_PRESETS: HostPresets = new Map();

/** @param address or code for embedding; a file of the site itself has none */
export function presetFor(presets: HostPresets, address: string): HostPreset | undefined {
  return presets.get(hostOf(address));
}

/** What is said beside a server that was filled in. */
export function presetText(address: string): string {
  return `Filled in as the last server of ${hostOf(address)}.`;
}
