import { asRole, startStackDatabase, type StackDatabase } from "../../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext, parseContext } from "../../service/context.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { dynamicLink } from "../../service/dynamic-link.ts";
import { IDEMPOTENCY_KEY } from "../../service/idempotency.ts";
import { createLog } from "../../service/logger.ts";
import { databaseOf } from "../../service/partner-database.ts";
import type { Database } from "../../service/postgres.ts";
import type { ListedPartner } from "../../service/shards.ts";
import { admit } from "../admission.ts";
import { consentApp } from "../app.ts";
import { expireOverdue } from "../housekeeping.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { changeConsent, type ChangeConsent } from "../registry.ts";
import { createConsentStore, type ConsentStore } from "../store.ts";
import { daysAfter, NOON, POLICY } from "./consents.ts";
import { FILE, PAYER, REQUESTS, VERSION_3, VERSION_4 } from "./requests.ts";

/** Two partners that are listed; the first calls by gateways of its own. */
export const OURS = "ptn-0000000000000001";
export const OTHERS = "ptn-0000000000000002";

/** Where partners find account-access consents. */
export const CONSENTS_PATH = rulesOf("account-access").path;

/** A customer's yes, as oauth sends it. */
export const YES_BODY = {
  customer: "cus-amina",
  accounts: ["acc-1"],
  grantId: "g-1",
  sca: { method: "otp", at: NOON.toISOString() },
};

/** The same for a consent of any kind. */
export function yesTo(
  kind: ConsentKind,
  data: Readonly<Record<string, unknown>>,
): typeof YES_BODY & { readonly debtor?: typeof PAYER } {
  if (kind === "account-access") return YES_BODY;
  const linked = dynamicLink(kind, data);
  return {
    ...YES_BODY,
    debtor: PAYER,
    sca: { ...YES_BODY.sca, ...(linked === undefined ? {} : { linked }) },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A body that a partner got. */
export interface PartnerAnswer {
  readonly resource: string;
  readonly status: number;
  readonly body: unknown;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What a partner sends. */
export interface PartnerCall {
  readonly client?: string;
  readonly payload?: object | string | Buffer;
  /** `x-idempotency-key`; a new one for each call unless given. */
  readonly key?: string;
  readonly type?: string;
  /** Beside those of every call. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The consent service over a real database, with a clock that stands. */
export interface TestConsents {
  readonly stack: StackDatabase;
  readonly database: Database;
  readonly store: ConsentStore;
  readonly change: ChangeConsent;
  /** Everything partners were answered, with the resource, such as `domestic-payment-consents`. */
  readonly answers: readonly PartnerAnswer[];
  /** What gateways were told since `begin`, each with the state the database had at that moment. */
  told(): readonly { readonly consent: string; readonly state: string | undefined }[];
  /** Ends what still lives, and sets the clock to noon. */
  begin(): Promise<void>;
  /** Sets the clock. */
  at(time: Date): Date;
  /** Calls as the gateway does for a partner. */
  asPartner(
    method: "POST" | "GET" | "DELETE" | "PUT" | "PATCH",
    path: string,
    options?: PartnerCall,
  ): Promise<Answer>;
  /** Calls as another service; `oauth` unless told otherwise. */
  asService(method: "POST" | "GET", path: string, payload?: object, from?: string): Promise<Answer>;
  /** A new consent that waits for its customer; to account access unless told otherwise. */
  asked(client?: string, kind?: ConsentKind, payload?: object): Promise<string>;
  /** A consent to recurring payments that a customer gave in the words of version 3, and the bank took over. */
  takenOver(): Promise<string>;
  /** A new consent that the customer authorised. */
  authorised(kind?: ConsentKind, payload?: object): Promise<string>;
  /** Its row. */
  states(id: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** @param given a stack that is there already and outlives the service, its database, and how the ids of this run begin. */
export async function startConsents(
  given?: Pick<TestConsents, "stack" | "database"> & { readonly prefix: string },
): Promise<TestConsents> {
  const log = createLog("consent", { level: "silent" });
  const stack = given?.stack ?? (await startStackDatabase());
  const identity = await stack.identity("consent");
  const own = databaseOf("consent", { config: stack.database, identity, log });
  const database = given?.database ?? own;
  const store = createConsentStore(database);
  let now = NOON;
  let peer = "gateway";
  let serial = 0;
  let told: { readonly consent: string; readonly state: string | undefined }[] = [];
  const answers: PartnerAnswer[] = [];
  const change = changeConsent({
    store,
    log,
    clock: () => now,
    tellRevoked: async (consent) => {
      told.push({ consent, state: (await store.find(consent))?.state });
    },
  });
  const partner = (clientId: string): ListedPartner | undefined =>
    [OURS, OTHERS].includes(clientId)
      ? ({
          clientId,
          suspended: false,
          shard: { policy: POLICY, roles: ["AISP", "PISP", "CBPII"] },
        } as unknown as ListedPartner)
      : undefined;
  const app = consentApp({
    server: { log, namespace: "stack-test", peerOf: () => peer },
    database,
    store,
    change,
    partners: { partner },
    clock: () => now,
    newId: (prefix) => `${prefix}-${given?.prefix ?? ""}${(serial += 1)}`,
    country: "KE",
    apiHost: "api.test",
    authHost: "auth.test",
  });
  if (given === undefined)
    app.addHook("preValidation", ({ headers }, _reply, done) => {
      const clientId = peer === "gateway" ? parseContext(headers[CONTEXT_HEADER])?.clientId : undefined;
      own.during(clientId === OURS ? OURS : undefined, done);
    });
  const asPartner: TestConsents["asPartner"] = async (method, path, options = {}) => {
    const {
      client = OURS,
      payload,
      key = `${given?.prefix ?? ""}key-${(serial += 1)}`,
      type = "application/json",
    } = options;
    peer = "gateway";
    const context = encodeContext({
      clientId: client,
      partnerName: "Acme",
      scope: "accounts",
      interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
    });
    const response = await app.inject({
      method,
      url: path,
      headers: {
        [CONTEXT_HEADER]: context,
        [IDEMPOTENCY_KEY]: key,
        ...(payload === undefined ? {} : { "content-type": type }),
        ...options.headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const body = response.body === "" ? {} : response.json<Record<string, unknown>>();
    const resource = path.split("/")[4] ?? "";
    const { statusCode: status, headers } = response;
    if (response.body !== "" && !path.endsWith("/file"))
      answers.push({ resource, status, body, method, path, headers });
    return { status, body };
  };
  const asService: TestConsents["asService"] = async (method, path, payload, from = "oauth") => {
    peer = from;
    const response = await app.inject({ method, url: path, ...(payload === undefined ? {} : { payload }) });
    return { status: response.statusCode, body: response.json() };
  };
  const asked: TestConsents["asked"] = async (
    client = OURS,
    kind = "account-access",
    payload = REQUESTS[kind],
  ) => {
    const { status, body } = await asPartner("POST", rulesOf(kind).path, { client, payload });
    if (status !== 201) throw new Error(`A consent was refused: ${JSON.stringify(body)}`);
    return (body["Data"] as { readonly ConsentId: string }).ConsentId;
  };
  return {
    stack,
    database,
    store,
    change,
    answers,
    told: () => told,
    async begin() {
      now = daysAfter(10_000);
      while ((await expireOverdue(store, change, now)) > 0);
      now = NOON;
      told = [];
    },
    at: (time) => (now = time),
    asPartner,
    asService,
    asked,
    async takenOver() {
      const id = `vrp-${given?.prefix ?? ""}old-${(serial += 1)}`;
      const { request, risk } = VERSION_3;
      const admitted = admit(
        rulesOf("domestic-vrp"),
        { Data: VERSION_4.request, Risk: VERSION_4.risk },
        { id, clientId: OURS, policy: POLICY, now },
      );
      if ("faults" in admitted) throw new Error(JSON.stringify(admitted.faults));
      await store.add({ ...admitted.consent, request, risk }, { kind: "bank" });
      await asService("POST", `/internal/consents/${id}/authorise`, yesTo("domestic-vrp", request));
      return id;
    },
    async authorised(kind = "account-access", payload = REQUESTS[kind]) {
      const id = await asked(OURS, kind, payload);
      if (kind === "file-payment")
        await asPartner("POST", `${rulesOf(kind).path}/${id}/file`, { payload: FILE });
      const yes = yesTo(kind, (payload as { readonly Data: Record<string, unknown> }).Data);
      const { status, body } = await asService("POST", `/internal/consents/${id}/authorise`, yes);
      if (status !== 200) throw new Error(`A consent was not authorised: ${JSON.stringify(body)}`);
      return id;
    },
    states: (id) =>
      asRole(stack, "consent", (query) => query("select state, ended_by from consents where id = $1", [id])),
    async stop() {
      await app.close();
      await own.close();
      if (given === undefined) await stack.stop();
    },
  };
}
