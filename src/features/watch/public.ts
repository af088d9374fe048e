export { frameOrigins, sandboxOf } from './embed';
export { listReports, type Report } from './report-repository';
export { selectServer } from './servers';
