import { partners, type PartnerObject } from "../../crds/resources.ts";
import { Cache } from "../../kube/cache.ts";
import { NOTHING_THERE } from "../../kube/apply.ts";
import { priority, WorkQueue } from "../../kube/queue.ts";
import { Reflector } from "../../kube/reflector.ts";
import { type ConfigMap, configMaps } from "../../kube/resources.ts";
import type { CsrTools } from "../csr/process.ts";
import type { AuthoritySource } from "./authority.ts";
import { CRL_LIFE_MS, crlPem, type RevokedCertificate, revocations, signedCrl } from "./crl.ts";

/** Name of the ConfigMap that exports the list: `crl.pem`, `crl.der` and, for the next list, `ledger.json`. */
export const CRL_NAME = "partner-crl";

/** Revocations that come together make one list: they are gathered for so long, in ms. */
const GATHER = 500;

const KEY = "crl";

/** What the last list says of itself. */
interface Ledger {
  readonly number: number;
  readonly at: string;
  readonly entries: readonly RevokedCertificate[];
}

/** Where the list goes, and with which tools. */
export interface CrlKeeperOptions extends Pick<CsrTools, "client" | "logger" | "count"> {
  readonly namespace: string;
  readonly authority: AuthoritySource;
}

/**
 * Keeps the export of revoked partner certificates: a new list whenever one is revoked, and twice a day.
 *
 * For others that rely on the CA. Our own gateways need no list: they accept only thumbprints they have been told.
 */
export class CrlKeeper {
  readonly #options: CrlKeeperOptions;
  readonly #cache = new Cache<PartnerObject>({ resource: partners });
  readonly #queue = new WorkQueue();
  readonly #reflector: Reflector<PartnerObject>;
  #running: Promise<void> | undefined;

  constructor(options: CrlKeeperOptions) {
    this.#options = options;
    const { client, logger } = options;
    this.#reflector = new Reflector({ client, cache: this.#cache, logger });
    this.#cache.subscribe(({ object, previous }) => {
      if (revoked(object) !== revoked(previous)) this.#queue.add(KEY, { afterMs: GATHER });
    });
  }

  start(): void {
    this.#reflector.start();
    // There is a list from the beginning, though nothing be revoked.
    void this.#cache.whenSynced.then(() => this.#queue.add(KEY, { priority: priority.resync }));
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#queue.stop();
    await Promise.all([this.#reflector.stop(), this.#running]);
  }

  async #run(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      try {
        await this.#keep();
        this.#queue.forget(key);
        this.#queue.add(key, { afterMs: CRL_LIFE_MS / 2, priority: priority.resync });
      } catch (error) {
        const waitMs = this.#queue.retry(key);
        this.#options.logger.warn({ err: error, waitMs }, "revocation list not written");
      }
      this.#queue.done(key);
    }
  }

  async #keep(): Promise<void> {
    const { client, namespace, authority, logger, count } = this.#options;
    if (!this.#cache.synced) return;
    const now = new Date();
    const found = await client.get(configMaps, { namespace, name: CRL_NAME });
    const last = ledgerOf(found);
    const entries = revocations(last?.entries ?? [], this.#cache.list(), now);
    const fresh = last !== undefined && now.getTime() - Date.parse(last.at) < CRL_LIFE_MS / 2;
    if (fresh && JSON.stringify(last.entries) === JSON.stringify(entries)) return;
    const number = Math.max(now.getTime(), (last?.number ?? 0) + 1);
    const der = await signedCrl(await authority(), { entries, number, now });
    const ledger: Ledger = { number, at: now.toISOString(), entries };
    const list: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        namespace,
        name: CRL_NAME,
        labels: { "app.kubernetes.io/part-of": "wekeza" },
        // Over what was read, and nothing else: a list of another signer may name what no Partner does any more.
        resourceVersion: found?.metadata.resourceVersion ?? NOTHING_THERE,
      },
      data: { "crl.pem": crlPem(der), "ledger.json": JSON.stringify(ledger) },
      binaryData: { "crl.der": der.toString("base64") },
    };
    await client.apply(configMaps, list, { fieldManager: "wekeza-partner-signer", force: true });
    count("crl");
    logger.info({ number, revoked: entries.length }, "revocation list written");
  }
}

function revoked(partner: PartnerObject | undefined): string {
  return JSON.stringify(partner?.status?.revoked ?? []);
}

/** What the last list named; none when a hand has spoilt it, as Partners say the most of it again. */
function ledgerOf(found: ConfigMap | undefined): Ledger | undefined {
  try {
    return JSON.parse(found?.data?.["ledger.json"] ?? "") as Ledger;
  } catch {
    return undefined;
  }
}
