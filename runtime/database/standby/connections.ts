import { runProgram, type Programs } from "../program.ts";

/**
 * Connections that a copy's primary let in when it wrote the log up to where the copy is, from its control file.
 *
 * A hot standby must let in as many: with fewer it stops replaying, and does not start. So a copy has to begin with what is said
 * here, and not with what its own version says, whichever of the two servers is replaced first, and in either direction. Of the
 * settings of which that holds, this is the only one that we change.
 *
 * @see https://www.postgresql.org/docs/15/hot-standby.html#HOT-STANDBY-ADMIN
 * @throws Error when the control file cannot be read.
 */
export async function connectionsOfPrimary(programs: Programs, data: string): Promise<number> {
  const untranslated = { ...programs, env: { ...programs.env, LC_ALL: "C" } };
  const text = await runProgram(untranslated, "pg_controldata", [`--pgdata=${data}`]);
  const said = /^max_connections setting: +(\d+)$/m.exec(text)?.[1];
  if (said === undefined) throw new Error(`The control file of ${data} does not say max_connections.`);
  return Number(said);
}
