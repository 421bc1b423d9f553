// A Temporal server that goes away and comes back on its port, with its workflows in a file.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js';

const DOWN_MS = 4_000;

export interface Temporal {
  address: string;
  /** Connected to the server that is there now. */
  client(): Client;
  restarts(): number;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A server whose workflows are in a file. */
export async function openTemporal(executable: string, folder: string): Promise<Temporal> {
  const durable = { executable, dbFilename: join(folder, 'temporal.db'), logFile: join(folder, 'temporal.log') };
  let server: DevServer = await startDevServer(durable);
  const { address } = server;
  // One that saw the server go may take long to believe that it is back; one that is closed under a call ends the process.
  const connections = [await Connection.connect({ address })];
  const connected = (): Client => new Client({ connection: connections.at(-1) as Connection });
  let client = connected();
  let restarts = 0;
  return {
    address,
    client: () => client,
    restarts: () => restarts,
    async restart() {
      await server.stop();
      await pause(DOWN_MS);
      server = await startDevServer({ ...durable, port: Number(address.split(':')[1]) });
      restarts += 1;
      connections.push(await Connection.connect({ address }));
      client = connected();
    },
    async close() {
      for (const connection of connections) await connection.close();
      await server.stop();
    },
  };
}
