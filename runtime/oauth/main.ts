import { randomInt } from "node:crypto";
import { accountKeyName } from "../../key-store/open-bao/account-key.ts";
import { keyStoreInPod, type PodKeyStore } from "../../key-store/open-bao/awaited-keys.ts";
import { afterIsolation } from "../service/after-isolation.ts";
import { listening } from "../service/health.ts";
import { hearHub } from "../service/hub-word.ts";
import { checkPair, trusting } from "../service/identity.ts";
import { watchIsolation } from "../service/isolation.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createUpstream } from "../service/mtls-client.ts";
import { createDatabase } from "../service/postgres.ts";
import { createRedis, redisPassword } from "../service/redis.ts";
import { serviceIdentity } from "../service/certificate.ts";
import { keepServedLease } from "../service/served-lease.ts";
import { createDirectory } from "../service/shards.ts";
import { watchSignedConfig } from "../service/signed-config.ts";
import { ANNOUNCED_MS } from "../service/stack-key.ts";
import { startService } from "../service/start.ts";
import { checkAuthorities } from "../service/authorities.ts";
import { watchFiles } from "../service/watched-files.ts";
import { createOauth } from "./app.ts";
import { bankOf } from "./bank.ts";
import { OauthConfig } from "./config.ts";
import { consentsOf } from "./consents.ts";
import { channelsOf } from "./journey/channels.ts";
import { internalApp } from "./internal.ts";
import { type OauthKeys, readKeys, storedKeys } from "./keys.ts";
import { tlsServer } from "./listeners/tls-server.ts";
import { partnersOf } from "./partners.ts";
import { publishedKeys } from "./published-keys.ts";
import { followRevocations } from "./revocations.ts";

/** How often expired grants and tokens are removed, in ms, and how many rows at a time. */
const SWEEP_MS = 600_000;
const SWEEP_ROWS = 1_000;

await startService({
  name: "oauth",
  config: OauthConfig,
  async run(setting) {
    const { config, log, env, stopping } = setting;
    const { group, namespace, trust, upstreams } = config;
    const startedAt = new Date();
    const clock = (): number => Date.now();
    const { keyStore } = config;
    const store =
      keyStore && keyStoreInPod(keyStore.openBao, { env, log, registry: setting.registry, signal: stopping });
    setting.onStop("key store", () => store?.stop());
    const folder = env["WEKEZA_OAUTH_KEYS"] ?? "/etc/wekeza/oauth-keys";
    const ownIn = async (from: PodKeyStore): Promise<OauthKeys> => {
      const name = accountKeyName(namespace, "oauth");
      const keys = from.keysOf({ name, algorithm: "ES256", announcedMs: ANNOUNCED_MS });
      setting.ready("signing key", () => keys.notKnown());
      await keys.known;
      stopping.throwIfAborted();
      return storedKeys(keys, folder, () => performance.now());
    };
    const published = publishedKeys(
      [
        env["WEKEZA_EVENTS_KEYS"] ?? "/etc/wekeza/events-keys/public.json",
        env["WEKEZA_MESSAGE_KEYS"] ?? "/etc/wekeza/message-keys/public.json",
      ],
      keyStore?.published.flatMap((name) => store?.keysOf({ name, algorithm: "ES256" }) ?? []) ?? [],
      log,
    );
    setting.onStop("published keys", () => published.stop());
    const own = keyStore?.signs === true && store ? await ownIn(store) : readKeys(folder);
    const keys = { ...own, published: () => published.current() };
    const files = {
      hostTls: watchFiles(
        {
          key: env["WEKEZA_HOST_KEY"] ?? "/etc/wekeza/host-tls/tls.key",
          cert: env["WEKEZA_HOST_CERT"] ?? "/etc/wekeza/host-tls/tls.crt",
        },
        { log, check: checkPair },
      ),
      clientCa: watchFiles(
        { ca: env["WEKEZA_PARTNER_CA"] ?? "/etc/wekeza/partner-ca/ca.crt" },
        { log, check: ({ ca }) => checkAuthorities(ca) },
      ),
    };
    const kube = await regionClient("oauth", env);
    const identity = await serviceIdentity({
      env,
      service: "oauth",
      namespace,
      log,
      signal: stopping,
      client: async () => kube,
    });
    setting.onStop("identity", () => identity.stop());

    const directory = createDirectory({
      group,
      trust,
      startedAt,
      onRefused: (document, reason) => log.warn({ document, reason }, "signed document refused"),
    });
    const watch = watchSignedConfig({ client: kube, namespace, directory, log });
    setting.onStop("roster and shards", () => watch.stop());
    const isolation = watchIsolation({
      clock: () => performance.now(),
      rosterVersion: () => directory.roster()?.version ?? 0,
      log,
    });
    setting.onStop("hub", hearHub({ client: kube, namespace, isolation, log }));
    setting.ready("shards", () => watch.notSynced());
    setting.ready("roster", () => directory.notReady(new Date()));
    const pod = env["POD_NAME"] ?? "oauth";
    setting.onStop(
      "lease",
      keepServedLease({ client: kube, namespace, service: "oauth", pod, startedAt, directory, log }),
    );

    const db = createDatabase({ config: config.database, user: "oauth", identity, log });
    setting.onStop("database", () => db.close());
    const password = redisPassword(env, "oauth");
    const redisOptions = { config: config.redis, service: "oauth", password, identity, log };
    const redis = createRedis(redisOptions);
    setting.onStop("redis", () => redis.disconnect());
    setting.ready("redis", () => (redis.status === "ready" ? undefined : `redis is ${redis.status}`));
    const consent = createUpstream({ identity, origin: upstreams.consent });
    const banking = createUpstream({ identity, origin: upstreams.banking });
    setting.onStop("upstreams", () => Promise.all([consent.close(), banking.close()]).then(() => undefined));

    const { channels } = config;
    const toBank =
      channels && createUpstream({ identity: trusting(identity, channels.trust), origin: channels.url });
    setting.onStop("channels", () => toBank?.close());

    const oauth = await createOauth({
      config,
      keys,
      redis,
      db,
      partners: partnersOf(directory),
      consents: consentsOf(consent),
      bank: bankOf(banking),
      channels: toBank && channelsOf(toBank),
      log,
      registry: setting.registry,
      clock,
      random: (below) => randomInt(below),
    });
    setting.onStop("pages", () => oauth.close());
    setting.onStop("revocations", followRevocations(redisOptions, oauth.grants, log));
    const sweeper = setInterval(() => {
      oauth.grants
        .sweep(SWEEP_ROWS)
        .catch((error: unknown) => log.warn({ err: error }, "expired grants not removed"));
    }, SWEEP_MS);
    setting.onStop("sweeper", () => clearInterval(sweeper));

    const internal = internalApp({ keys, grants: oauth.grants, namespace, identity, log });
    await internal.listen({ port: Number(env["WEKEZA_INTERNAL_PORT"] ?? 8445), host: "::" });
    setting.onStop("internal", () => internal.close());
    for (const [name, port, server] of [
      [
        "auth",
        Number(env["WEKEZA_PORT"] ?? 8443),
        tlsServer({ hostTls: files.hostTls, handler: afterIsolation(isolation, oauth.auth) }),
      ],
      [
        "mtls-auth",
        Number(env["WEKEZA_MTLS_PORT"] ?? 8444),
        tlsServer({ ...files, handler: afterIsolation(isolation, oauth.mtls) }),
      ],
    ] as const) {
      await listening(server, port);
      setting.onStop(name, async () => {
        server.closeIdleConnections();
        await new Promise((resolve) => server.close(resolve));
      });
    }
  },
});
