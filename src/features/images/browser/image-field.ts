/** What the site answers to a picture that was sent ahead of its form. */
type Answer = { readonly name?: unknown; readonly message?: unknown };

/**
 * Sends a picture as soon as it is chosen, dropped or pasted, and shows it and how far it has come. The form then only names it. A
 * picture that can't be sent stays chosen, so that it goes with the form.
 */
export function sendPicturesAhead(form: HTMLFormElement): void {
  const fields = [...form.querySelectorAll<HTMLElement>('[data-image-field]')].flatMap((field) => {
    const parts = partsOf(field);
    return parts ? [enhance(form, field, parts)] : [];
  });
  const [first] = fields;
  if (!first) return;
  document.addEventListener('paste', (event) => {
    const file = imageOf(event.clipboardData);
    // Programs that copy a table or a text give a picture of it as well.
    if (!file || event.clipboardData?.types.includes('text/plain')) return;
    event.preventDefault();
    first(file);
  });
}

type Parts = {
  readonly name: HTMLInputElement;
  readonly file: HTMLInputElement;
  readonly picture: HTMLElement;
  readonly progress: HTMLProgressElement;
  readonly status: HTMLElement;
  readonly error: HTMLElement;
  readonly undo: HTMLButtonElement;
  readonly remove: HTMLInputElement | null;
};

function partsOf(field: HTMLElement): Parts | undefined {
  const part = <E extends HTMLElement>(name: string): E | null => field.querySelector(`[data-image-${name}]`);
  const name = part<HTMLInputElement>('name');
  const file = part<HTMLInputElement>('file');
  const picture = part('picture');
  const progress = part<HTMLProgressElement>('progress');
  const status = part('status');
  const error = part('error');
  const undo = part<HTMLButtonElement>('undo');
  const remove = field.querySelector<HTMLInputElement>('[data-image-remove] input');
  if (!name || !file || !picture || !progress || !status || !error || !undo) return undefined;
  return { name, file, picture, progress, status, error, undo, remove };
}

/** @returns takes a file as if it had been chosen */
function enhance(form: HTMLFormElement, field: HTMLElement, parts: Parts): (file: File) => void {
  const { name, file, picture, progress, status, error, undo, remove } = parts;
  const served = { name: name.value, picture: [...picture.childNodes] };
  let sending: XMLHttpRequest | undefined;
  const ways = field.querySelector<HTMLElement>('[data-image-ways]');
  if (ways) ways.hidden = false;

  const say = (text: string, problem = ''): void => {
    status.textContent = text;
    error.textContent = problem;
    error.hidden = problem === '';
    if (problem === '') file.removeAttribute('aria-invalid');
    else file.setAttribute('aria-invalid', 'true');
  };
  const changed = (): void => {
    undo.hidden = name.value === served.name && file.value === '';
    form.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const showServed = (): void => {
    name.value = served.name;
    picture.replaceChildren(...served.picture);
  };
  const stop = (): void => {
    sending?.abort();
    sending = undefined;
    progress.hidden = true;
  };

  const send = (chosen: File): void => {
    stop();
    if (remove) remove.checked = false;
    say('Is sent …');
    void showPicture(picture, chosen);
    const request = new XMLHttpRequest();
    sending = request;
    progress.hidden = false;
    progress.removeAttribute('value');
    request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
      // All of it is there, and is being looked at.
      if (lengthComputable && loaded < total) progress.value = loaded / total;
      else progress.removeAttribute('value');
    });
    request.addEventListener('loadend', () => {
      if (sending !== request) return;
      sending = undefined;
      progress.hidden = true;
      const { name: taken, message } = answerOf(request);
      if (request.status === 201 && typeof taken === 'string') {
        name.value = taken;
        file.value = '';
        say('The picture is here. Save the form to use it.');
      } else if (request.status === 422 && typeof message === 'string') {
        file.value = '';
        showServed();
        say('', message);
      } else say('The picture could not be sent ahead. It goes with the form when you save.');
      changed();
    });
    const body = new FormData();
    body.append(file.name, chosen);
    request.open('POST', '/admin/images');
    request.send(body);
    changed();
  };
  const take = (given: File): void => {
    const files = new DataTransfer();
    files.items.add(given);
    file.files = files.files;
    send(given);
  };

  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) send(chosen);
  });
  // What is still under way goes with the form: the file is in it.
  form.addEventListener('submit', stop);
  undo.addEventListener('click', () => {
    stop();
    file.value = '';
    showServed();
    say('The picture is as it was.');
    changed();
    file.focus();
  });
  field.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    field.dataset.dropping = '';
  });
  for (const end of ['dragleave', 'drop'] as const)
    field.addEventListener(end, () => delete field.dataset.dropping);
  field.addEventListener('drop', (event) => {
    const [dropped] = event.dataTransfer?.files ?? [];
    if (!dropped) return;
    event.preventDefault();
    take(dropped);
  });
  return take;
}

function imageOf(data: DataTransfer | null): File | undefined {
  return [...(data?.files ?? [])].find(({ type }) => type.startsWith('image/'));
}

function answerOf({ responseText }: XMLHttpRequest): Answer {
  try {
    const answer: unknown = JSON.parse(responseText);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    // A page, for whoever is not logged in any more, or nothing.
    return {};
  }
}

/** On a canvas, since pages of the site show no picture by an address of the browser's own. */
async function showPicture(place: HTMLElement, file: File): Promise<void> {
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = document.createElement('canvas');
    canvas.width = Math.min(bitmap.width, 640);
    canvas.height = Math.round((canvas.width / bitmap.width) * bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', 'The picture that was chosen');
    place.replaceChildren(canvas);
  } catch {
    // The browser can't show it; the site says whether it can.
    place.replaceChildren();
  }
}
