import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The `exec` part of a kubeconfig user: a program that prints a credential (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** What the program printed. */
export interface ExecCredentialStatus {
  readonly expirationTimestamp?: string;
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
}

/** Renewed this long before it ends, so that a request on its way still counts, in ms. */
const MARGIN = 30_000;

/**
 * The credential of an exec plugin, kept until shortly before it expires.
 *
 * @throws Error when the program fails or prints no ExecCredential; its standard error is the cause.
 */
export function execCredential(plugin: ExecPlugin): {
  current(): Promise<ExecCredentialStatus>;
  forget(): void;
} {
  let kept: Promise<ExecCredentialStatus> | undefined;
  let goodUntil = Number.POSITIVE_INFINITY;
  return {
    async current() {
      if (Date.now() > goodUntil) kept = undefined;
      if (kept) return kept;
      const fresh = run(plugin);
      kept = fresh;
      goodUntil = Number.POSITIVE_INFINITY;
      try {
        const status = await fresh;
        const end = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Number.NaN;
        // Another may have taken its place meanwhile, after a rejection.
        if (kept === fresh && !Number.isNaN(end)) goodUntil = end - MARGIN;
        return status;
      } catch (error) {
        if (kept === fresh) kept = undefined;
        throw error;
      }
    },
    forget() {
      kept = undefined;
    },
  };
}

async function run({ apiVersion, command, args, env }: ExecPlugin): Promise<ExecCredentialStatus> {
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false } });
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const { stdout } = await promisify(execFile)(command, [...(args ?? [])], {
    env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: info },
    timeout: 60_000,
  }).catch((cause: unknown) => {
    throw new Error(`The credential program ${command} failed.`, { cause });
  });
  const status = statusIn(stdout);
  if (!status) throw new Error(`The credential program ${command} printed no ExecCredential status.`);
  return status;
}

/** What JSON.parse says of a text quotes it, and a credential may be in it. */
function statusIn(printed: string): ExecCredentialStatus | undefined {
  try {
    return (JSON.parse(printed) as { readonly status?: ExecCredentialStatus } | null)?.status;
  } catch {
    return undefined;
  }
}
