export { countFailingWebhooks } from './repository';
