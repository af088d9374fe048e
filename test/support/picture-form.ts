import sharp from 'sharp';
import type { Agent, Fields } from './html-form';

/** A JPEG that says where it was taken. */
export function photo(width: number, height: number, orientation = 1): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#205080' } })
    .withMetadata({ orientation, exif: { IFD0: { Copyright: 'Ada at home' } } })
    .jpeg()
    .toBuffer();
}

/** Sends a form as a browser does that has a file to send. */
export function sendWithFile(
  agent: Agent,
  address: string,
  fields: Fields,
  file?: { readonly name: string; readonly bytes: Buffer },
) {
  const form = agent.post(address).set('Sec-Fetch-Site', 'same-origin');
  for (const [name, value] of Object.entries(fields)) form.field(name, value);
  // Whatever it is called, and whatever its type is said to be.
  if (file) form.attach(file.name, file.bytes, 'picture.jpg');
  return form;
}

/** What stands at the field of a form that was refused. */
export function imageErrorAt(html: string, field: string): string | undefined {
  return new RegExp(`id="field-${field}-error"[^>]*>([^<]*)<`).exec(html)?.[1];
}
