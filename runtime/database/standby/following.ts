import { open } from "node:fs/promises";
import { join } from "node:path";
import { rememberPositions } from "../../service/replica/positions.ts";
import type { ServiceIdentity } from "../../service/identity.ts";
import { asSuperuser, type LocalSocket } from "../bootstrap.ts";
import type { Programs } from "../program.ts";
import type { StandbyOf } from "./connection.ts";
import { connectionsOfPrimary } from "./connections.ts";
import { askPrimary } from "./primary.ts";
import { reasonToCopy } from "./reason.ts";

/** A replica further behind than this gets no reads from its Service, in ms. Whoever reads decides by a closer bound. */
const READY_MS = 10_000;

/** Why a replica has to end. */
export interface Ending {
  readonly why: string;
  /** Whether only a new copy helps; else it goes on with the one it has. */
  readonly copyAnew: boolean;
}

/** Whether a read replica follows its primary. */
export interface Following {
  /** Looks. @returns why it does not follow again as it runs, if so. */
  look(): Promise<Ending | undefined>;
  /** Undefined while it streams and is near, else what is wrong. */
  problem(): string | undefined;
}

/** Watches the replica that runs over a data folder. */
export function watchFollowing({
  socket,
  data,
  programs,
  standby,
  identity,
  clock,
}: {
  readonly socket: LocalSocket;
  readonly data: string;
  readonly programs: Programs;
  readonly standby: StandbyOf;
  readonly identity: ServiceIdentity;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}): Following {
  const positions = rememberPositions(2 * READY_MS);
  let problem: string | undefined = "does not follow its primary yet";
  let replayed: bigint | undefined;
  let stillSince: number | undefined;
  return {
    problem: () => problem,
    async look() {
      const now = clock();
      // Before it is whole it answers nobody.
      const state = await stateOf(socket).catch(() => undefined);
      const cameOn = state !== undefined && state.replayed !== replayed;
      replayed = state?.replayed;
      // A person may pause it as well, who has a reason to.
      if (state?.paused && (await connectionsOfPrimary(programs, data)) > state.connections)
        return {
          why: "Replaying is paused: the primary lets in more connections than this server was started for.",
          copyAnew: false,
        };
      if (state?.end !== undefined) {
        stillSince = undefined;
        positions.told({ cluster: "", end: state.end }, now);
        const asOf = positions.asOf({ cluster: "", end: state.replayed });
        const near = asOf !== undefined && now - asOf <= READY_MS;
        problem = near ? undefined : `is more than ${READY_MS / 1_000} s behind its primary`;
        return undefined;
      }
      problem = "does not stream from its primary";
      try {
        const primary = await askPrimary(standby, identity);
        stillSince = cameOn ? now : (stillSince ?? now);
        const why = reasonToCopy(await systemOf(data), primary, now - stillSince);
        return why === undefined ? undefined : { why, copyAnew: true };
      } catch {
        stillSince = undefined;
        return undefined;
      }
    },
  };
}

interface State {
  readonly replayed: bigint;
  /** Where the primary's log ended when it last said so; undefined while it does not stream. */
  readonly end: bigint | undefined;
  /** Whether it stands still: somebody told it to, or the primary has a setting that it cannot follow with its own. */
  readonly paused: boolean;
  /** How many connections it was started for. */
  readonly connections: number;
}

async function stateOf(socket: LocalSocket): Promise<State> {
  const { rows } = await asSuperuser(socket, "postgres", (client) =>
    client.query<{ replayed: string; primary: string | null; paused: boolean; connections: number }>(
      `select pg_is_wal_replay_paused() as paused, current_setting('max_connections')::int as connections, (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::text as replayed, (
         select latest_end_lsn - '0/0'::pg_lsn from pg_stat_wal_receiver where status = 'streaming')::text as primary`,
    ),
  );
  const [row] = rows;
  if (row === undefined) throw new Error("The replica does not say where it is.");
  const { replayed, primary, paused, connections } = row;
  return {
    replayed: BigInt(replayed),
    end: primary === null ? undefined : BigInt(primary),
    paused,
    connections,
  };
}

/** The system identifier, which a control file begins with (ControlFileData in pg_control.h). */
async function systemOf(data: string): Promise<string> {
  const file = await open(join(data, "global/pg_control"));
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.readBigUInt64LE().toString();
  } finally {
    await file.close();
  }
}
