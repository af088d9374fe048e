import { retryByItself } from '../web/browser/retry';

retryByItself(document);
