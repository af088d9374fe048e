import type { Knex } from 'knex';
import { migrationSource } from './migrations';
import { loadConfig } from './src/process/config';

// For the Knex command line (npm run knex -- migrate:status).
const config: Knex.Config = {
  client: 'pg',
  connection: loadConfig(process.env).databaseUrl ?? '',
  migrations: { migrationSource },
};

export default config;
