import { focusFirst } from './admin/focus-first';
import { showLocalTime } from './admin/local-time';
import { keepPastedLinesApart } from './admin/pasted-lines';
import { editServerRowsInPlace } from './admin/server-rows';
import { submitOnce } from './admin/submit-once';
import { warnOfUnsavedChanges } from './admin/unsaved-changes';

// The pages of the back office work without any of this.
focusFirst();
for (const form of document.querySelectorAll<HTMLFormElement>('[data-form]')) {
  editServerRowsInPlace(form);
  showLocalTime(form);
  keepPastedLinesApart(form);
  submitOnce(form);
  warnOfUnsavedChanges(form);
}
