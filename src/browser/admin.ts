import { checkServersInPlace } from '../features/episodes/browser/check-server';
import { spreadPastedLines } from '../features/episodes/browser/pasted-lines';
import { editServerRowsInPlace } from '../features/episodes/browser/server-rows';
import { tickAllAtOnce } from '../features/episodes/browser/tick-list';
import { sayTypedTimes } from '../features/episodes/browser/typed-time';
import { sendPicturesAhead } from '../features/images/browser/image-field';
import { usePasskeys } from '../features/own-account/browser/passkeys';
import { editLinkRowsInPlace } from '../features/series/browser/link-rows';
import { forgetDrafts, keepDraft } from '../web/browser/draft';
import { focusFirst } from '../web/browser/focus-first';
import { saveByKeys } from '../web/browser/form-keys';
import { noteOwnZone } from '../web/browser/own-zone';
import { offerKeysSwitch } from '../web/browser/page-keys';
import { sayWhileTyping } from '../web/browser/say-while-typing';
import { searchByKey } from '../web/browser/search-key';
import { submitOnce } from '../web/browser/submit-once';
import { warnOfUnsavedChanges } from '../web/browser/unsaved-changes';

// The pages of the back office work without any of this.
focusFirst();
noteOwnZone('/admin');
forgetDrafts();
offerKeysSwitch();
searchByKey();
for (const list of document.querySelectorAll('[data-tick-list]')) tickAllAtOnce(list);
for (const form of document.querySelectorAll<HTMLFormElement>('[data-form]')) {
  const servers = editServerRowsInPlace(form);
  const resizeLinks = editLinkRowsInPlace(form);
  checkServersInPlace(form);
  sayTypedTimes(form);
  sayWhileTyping(form);
  spreadPastedLines(form, servers);
  sendPicturesAhead(form);
  saveByKeys(form);
  submitOnce(form);
  keepDraft(form, servers?.resize ?? resizeLinks);
  warnOfUnsavedChanges(form);
}
for (const form of document.querySelectorAll<HTMLFormElement>('[data-passkey]')) usePasskeys(form);
