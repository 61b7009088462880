import pg from "pg";

/** Connects once; the caller ends the client. @throws what the server refuses with, or that it does not answer within 5 s. */
export async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ connectionTimeoutMillis: 5_000, ...config });
  // A server that goes away ends the connection with an event of its own; the query in hand fails as well.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Does something over a connection of its own. @throws as {@link connect}. */
export async function connected<T>(
  config: pg.ClientConfig,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(config);
  try {
    return await use(client);
  } finally {
    await leave(client);
  }
}

/** How long a server is given to answer the goodbye, in ms. */
const GOODBYE_MS = 1_000;

/** Ends a connection, also one whose server is cut off and will never answer: `end` alone would wait until TCP gives up. */
async function leave(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
  await client.end();
  clearTimeout(timer);
}
