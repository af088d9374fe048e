import { localizeTimes } from './time/local-time';

localizeTimes(document);
