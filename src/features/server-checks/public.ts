export { checkServer } from './check';
export { CheckLimits } from './limits';
export { type FailingServer, HAS_FAILING_SERVER, listFailingServers } from './repository';
