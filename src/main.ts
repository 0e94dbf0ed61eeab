/** `npm start`: the process of the service, from its sources. */
import { startProcess } from './composition/process.ts';

await startProcess();
