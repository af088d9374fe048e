import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';

/** Makes a function of a partial: the one that the pages include, for what is sent without a page. */
export type Partials = (name: string) => (locals: object) => string;

/** Partials of the folder. A partial is compiled when it is first used: a command may never use any. */
export function partialsOf(viewsFolder: string): Partials {
  return (name) => {
    let render: ejs.TemplateFunction | undefined;
    return (locals) => {
      const filename = join(viewsFolder, `${name}.ejs`);
      // What it includes is kept compiled, too.
      render ??= ejs.compile(readFileSync(filename, 'utf8'), { filename, cache: true });
      return render(locals);
    };
  };
}
