import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { loadPasswordCheck } from './password-strength';

// The thread that password-check.ts starts: looks at one password, says what is wrong with it, and ends.
const { password, email } = z.object({ password: z.string(), email: z.string() }).parse(workerData);
void loadPasswordCheck().then((check) => parentPort?.postMessage(check(password, email) ?? ''));
