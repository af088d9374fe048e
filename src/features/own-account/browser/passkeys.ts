/** A form with `data-passkey`: what is asked of the browser's passkeys is in `data-options`, and the form sends the answer. */
export function usePasskeys(form: HTMLFormElement): void {
  const { passkey: what, options } = form.dataset;
  const answer = form.querySelector<HTMLInputElement>('[name=credential]');
  const button = form.querySelector('button');
  if (!what || !options || !answer || !button || !('PublicKeyCredential' in window)) return;
  for (const missing of form.querySelectorAll<HTMLElement>('[data-passkey-missing]')) missing.hidden = true;
  button.hidden = false;

  form.addEventListener('submit', (event) => {
    if (answer.value !== '') return;
    event.preventDefault();
    showProblem(form, '');
    const asked = JSON.parse(options);
    const asking = what === 'create' ? create(asked) : show(asked);
    asking
      .then((credential) => {
        answer.value = JSON.stringify(credential);
        form.requestSubmit();
      })
      // The browser itself has told why, or somebody has closed its window.
      .catch(() => showProblem(form, 'The browser gave no passkey. Try again.'));
  });
  // Back from the page behind: an answer is good for one time.
  window.addEventListener('pageshow', () => {
    answer.value = '';
  });
}

function showProblem(form: HTMLFormElement, text: string): void {
  const problem = form.querySelector<HTMLElement>('[data-passkey-problem]');
  if (problem) problem.textContent = text;
}

type Asked = {
  readonly challenge: string;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly excludeCredentials?: readonly { readonly id: string }[];
  readonly allowCredentials?: readonly { readonly id: string }[];
};

async function create(asked: Asked & PublicKeyCredentialCreationOptions): Promise<unknown> {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: toBytes(asked.challenge),
      user: { ...asked.user, id: toBytes(asked.user.id) },
      excludeCredentials: toDescriptors(asked.excludeCredentials),
    },
  });
  const response = responseOf(credential, AuthenticatorAttestationResponse);
  return answerOf(credential, {
    clientDataJSON: toText(response.clientDataJSON),
    attestationObject: toText(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

async function show(asked: Asked & PublicKeyCredentialRequestOptions): Promise<unknown> {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: toBytes(asked.challenge),
      allowCredentials: toDescriptors(asked.allowCredentials),
    },
  });
  const response = responseOf(credential, AuthenticatorAssertionResponse);
  return answerOf(credential, {
    clientDataJSON: toText(response.clientDataJSON),
    authenticatorData: toText(response.authenticatorData),
    signature: toText(response.signature),
  });
}

function responseOf<T>(credential: Credential | null, kind: new () => T): T {
  if (credential instanceof PublicKeyCredential && credential.response instanceof kind)
    return credential.response;
  throw new Error('The browser gave no passkey.');
}

function answerOf(credential: Credential | null, response: Readonly<Record<string, unknown>>): unknown {
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The browser gave no passkey.');
  const { id, rawId, type } = credential;
  return {
    id,
    rawId: toText(rawId),
    type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function toDescriptors(
  credentials: readonly { readonly id: string }[] = [],
): PublicKeyCredentialDescriptor[] {
  return credentials.map((each) => ({ ...each, type: 'public-key', id: toBytes(each.id) }));
}

/** From base64url. */
function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );
}

function toText(bytes: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
