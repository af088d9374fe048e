import type { Knex } from 'knex';
import { migrationSource } from './migrations';

// For the Knex command line (npm run knex -- migrate:status). The site itself is configured by src/process/config.ts.
const config: Knex.Config = {
  client: 'pg',
  connection: process.env.DATABASE_URL ?? '',
  migrations: { migrationSource },
};

export default config;
