import { startSearchField } from '../features/search/browser/search-field';
import { localizeTimes } from '../web/browser/local-time';
import { keepOfflinePage } from '../web/browser/offline-page';
import { offerKeysSwitch } from '../web/browser/page-keys';

localizeTimes(document);
startSearchField();
offerKeysSwitch();
keepOfflinePage();
