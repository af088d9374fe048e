const PREFIX = 'nipnime.draft.';
const KEPT_MS = 30 * 24 * 3_600_000;
/** Of one form: more that somebody has left without a word are forgotten, the oldest first. */
const MAX_DRAFTS = 3;

type Texts = Readonly<Record<string, string>>;

/** What was typed into a form and is not saved. */
type Draft = {
  readonly page: string;
  readonly atMs: number;
  /** What the form says of the version that it was rendered with: by it, what others have saved since is told from what was typed. */
  readonly based: Texts;
  /** The fields that differ from what was served; of a switch that is off the empty text. */
  readonly texts: Texts;
  /** All rows of the form, if any of them differs: by the names that the parts have in a row. */
  readonly rows: readonly Texts[] | undefined;
};

/** Hidden fields that say what the form was rendered with. */
const BASED = ['version', 'base', 'zone'];

const timeOf = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayAndTimeOf = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/**
 * Keeps on the device what is typed into a form, until it is saved, and offers it at the next visit: after a crash, a tab that was
 * closed, or a way back on which the browser has forgotten it. For the admin who typed it; never what is in a field for a password.
 * @param resizeRows makes the rows of the form as many
 */
export function keepDraft(
  form: HTMLFormElement,
  resizeRows: (count: number) => void = () => undefined,
): void {
  const { admin } = document.body.dataset;
  if (admin === undefined) return;
  // Not `form.action`: the buttons of that name would stand in its place.
  const key = `${PREFIX}${admin} ${form.getAttribute('action') ?? ''}`;
  const page = crypto.randomUUID?.() ?? String(Math.random());
  // What a refused form was served with was typed, too.
  const served = 'unsaved' in form.dataset ? undefined : stateOf(form, true);
  const offered = readDrafts(key).at(-1);
  if (offered && served && !isThere(form, offered)) offer(form, offered, key, resizeRows);

  form.addEventListener('input', () => {
    const draft = draftOf(form, served, page);
    const others = readDrafts(key).filter((each) => each.page !== page);
    writeDrafts(key, draft ? [...others, draft] : others);
  });
}

/** Forgets the drafts of the form that the page says is saved, and all that are old. */
export function forgetDrafts(): void {
  const { admin, saved } = document.body.dataset;
  if (saved !== undefined) writeDrafts(`${PREFIX}${admin} ${saved}`, []);
  try {
    for (const key of Object.keys(localStorage))
      if (key.startsWith(PREFIX)) writeDrafts(key, readDrafts(key));
  } catch {
    // There is no storage, and so nothing to forget.
  }
}

type State = { readonly based: Texts; readonly texts: Texts; readonly rows: readonly Texts[] };

const ROW = /^[A-Za-z]+\[([0-9]+)\]\[([A-Za-z]+)\]$/;

/** @param isServed as it came from the server, whatever was typed since, or put back by the browser */
function stateOf(form: HTMLFormElement, isServed: boolean): State {
  const based: Record<string, string> = {};
  const texts: Record<string, string> = {};
  const rows: Texts[] = [];
  for (const control of form.elements) {
    if (!isField(control) || (isRadio(control) && !isChosen(control, isServed))) continue;
    const text = isServed ? servedText(control) : textOf(control);
    const [, index, part] = ROW.exec(control.name) ?? [];
    if (part !== undefined) rows[Number(index)] = { ...rows[Number(index)], [part]: text };
    else if (BASED.includes(control.name)) based[control.name] = text;
    else if (control.type !== 'hidden') texts[control.name] = text;
  }
  return { based, texts, rows: rows.filter((row) => row !== undefined) };
}

type FieldElement = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function isField(control: Element): control is FieldElement {
  if (control instanceof HTMLInputElement)
    return control.name !== '' && !['password', 'file', 'submit', 'button'].includes(control.type);
  return (
    (control instanceof HTMLTextAreaElement || control instanceof HTMLSelectElement) && control.name !== ''
  );
}

function isSwitch(control: FieldElement): control is HTMLInputElement {
  return control instanceof HTMLInputElement && control.type === 'checkbox';
}

/** One of several of a name, of which the one that is chosen is the field. */
function isRadio(control: FieldElement): control is HTMLInputElement {
  return control instanceof HTMLInputElement && control.type === 'radio';
}

function isChosen({ checked, defaultChecked }: HTMLInputElement, isServed: boolean): boolean {
  return isServed ? defaultChecked : checked;
}

function textOf(control: FieldElement): string {
  return isSwitch(control) && !control.checked ? '' : control.value;
}

function servedText(control: FieldElement): string {
  if (isSwitch(control)) return control.defaultChecked ? control.value : '';
  if (isRadio(control)) return control.value;
  if (!(control instanceof HTMLSelectElement)) return control.defaultValue;
  const chosen = [...control.options].find(({ defaultSelected }) => defaultSelected) ?? control.options[0];
  return chosen?.value ?? '';
}

/** Undefined where nothing differs. @param served undefined: all was typed */
function draftOf(form: HTMLFormElement, served: State | undefined, page: string): Draft | undefined {
  const { based, texts, rows } = stateOf(form, false);
  const differing = Object.entries(texts).filter(([name, text]) => text !== served?.texts[name]);
  const isSameRows = JSON.stringify(rows) === JSON.stringify(served?.rows);
  if (differing.length === 0 && isSameRows) return undefined;
  const draft = { page, atMs: Date.now(), based };
  // The form of a new one is served with other texts the next time, which are then not those that were meant.
  if (!based.version) return { ...draft, texts, rows };
  return { ...draft, texts: Object.fromEntries(differing), rows: isSameRows ? undefined : rows };
}

/** On the way back the browser may have put into the form what was typed. */
function isThere(form: HTMLFormElement, draft: Draft): boolean {
  const { texts, rows } = stateOf(form, false);
  const isSame = Object.entries(draft.texts).every(([name, text]) => texts[name] === text);
  return isSame && (draft.rows === undefined || JSON.stringify(draft.rows) === JSON.stringify(rows));
}

/** The drafts that are kept, the latest last. */
function readDrafts(key: string): readonly Draft[] {
  try {
    const drafts: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(drafts)
      ? drafts.filter(isDraft).filter(({ atMs }) => atMs > Date.now() - KEPT_MS)
      : [];
  } catch {
    // None is kept, or one by another version of the site that can't be read.
    return [];
  }
}

function isDraft(value: unknown): value is Draft {
  return (
    typeof value === 'object' && value !== null && 'atMs' in value && 'texts' in value && 'based' in value
  );
}

function writeDrafts(key: string, drafts: readonly Draft[]): void {
  try {
    if (drafts.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(drafts.slice(-MAX_DRAFTS)));
  } catch {
    // The device keeps nothing, or is full: the form is as it would be without this.
  }
}

function offer(form: HTMLFormElement, draft: Draft, key: string, resizeRows: (count: number) => void): void {
  const box = document.createElement('div');
  box.className = 'admin-notice';
  box.setAttribute('role', 'status');
  const text = document.createElement('p');
  text.className = 'admin-notice__text';
  text.textContent = `You have unsaved changes from ${whenText(draft.atMs)}.`;
  const forget = (): void => {
    writeDrafts(
      key,
      readDrafts(key).filter(({ page }) => page !== draft.page),
    );
    box.remove();
  };
  const take = button('Take them', () => {
    fillIn(form, draft, resizeRows);
    forget();
    form.dispatchEvent(new Event('input', { bubbles: true }));
    form.querySelector<HTMLElement>('input:not([type="hidden"])')?.focus();
  });
  box.append(text, take, button('Discard', forget));
  form.before(box);
}

function button(label: string, press: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button';
  element.textContent = label;
  element.addEventListener('click', press);
  return element;
}

function whenText(atMs: number): string {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date().toDateString();
  return (isToday ? timeOf : dayAndTimeOf).format(at);
}

/** With what the form was based on then: what others have saved since is put together with it when it is saved. */
function fillIn(
  form: HTMLFormElement,
  { based, texts, rows }: Draft,
  resizeRows: (count: number) => void,
): void {
  if (rows) resizeRows(rows.length);
  for (const control of form.elements) {
    if (!isField(control)) continue;
    const [, index, part] = ROW.exec(control.name) ?? [];
    const text =
      part === undefined ? (texts[control.name] ?? based[control.name]) : rows?.[Number(index)]?.[part];
    if (text === undefined) continue;
    if (isSwitch(control)) control.checked = text !== '';
    else if (isRadio(control)) control.checked = control.value === text;
    else control.value = text;
  }
}
