/** What people write where a secret should be, as documentation of many programs prints it. */
const PLACEHOLDERS = [
  'secret password passphrase passwd change changeme change-me change_me replace insert enter generate generated example placeholder default',
  'insecure unsafe todo fixme your here please must this with random string value long strong secure super very some',
  'characters session cookie key token keyboard cat test testing develop development production local localhost',
  'admin root user nipnime foo bar baz qux hello world lorem ipsum dolor qwertyuiop asdfghjkl zxcvbnm qwerty letmein',
  'abcdefghijklmnopqrstuvwxyz 0123456789 1234567890 12345678 123456',
]
  .flatMap((line) => line.split(' '))
  // The longer first: of `changeme` nothing is to be left.
  .sort((a, b) => b.length - a.length);
/** A pattern of up to 16 characters and its repetitions. */
const REPEATED = /(.{1,16}?)\1+/gs;
const MIN_LEFT = 17;
const MIN_DISTINCT = 6;

/**
 * Whether a secret of 32 characters or more can be guessed: without placeholders and repetitions too little is left of it. Sentences
 * pass. Of 16 random bytes, as hex or base64, fewer than one in a thousand million is refused, of 32 none.
 */
export function isWeakSecret(secret: string): boolean {
  const left = withoutPlaceholders(secret).replace(REPEATED, '$1');
  return left.length < MIN_LEFT || new Set(left).size < MIN_DISTINCT;
}

/** Whether nobody chose this password: it is made of placeholders and up to four digits, or of one repeated character. */
export function isPlaceholderPassword(password: string): boolean {
  const left = withoutPlaceholders(password).replace(/[^\p{L}\p{N}]/gu, '');
  return (
    new Set(password).size === 1 || left === '' || (left.length < password.length && /^\d{1,4}$/.test(left))
  );
}

/** In lower case. */
function withoutPlaceholders(text: string): string {
  return PLACEHOLDERS.reduce((left, placeholder) => left.replaceAll(placeholder, ''), text.toLowerCase());
}
