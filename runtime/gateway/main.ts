import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterIsolation } from "../service/after-isolation.ts";
import { hearHub } from "../service/hub-word.ts";
import { watchIsolation } from "../service/isolation.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { serviceIdentity } from "../service/certificate.ts";
import { parseRevocations, REVOKED_CHANNEL } from "../service/consent-snapshot.ts";
import { parseEndedGrants } from "../service/ended-grants.ts";
import { listening } from "../service/health.ts";
import { createUpstream, type Upstream } from "../service/mtls-client.ts";
import { createRedis, hearChannel, redisPassword } from "../service/redis.ts";
import type { MessageSigner } from "../service/jws-signature.ts";
import { keepServedLease } from "../service/served-lease.ts";
import { createDirectory } from "../service/shards.ts";
import { watchSignedConfig } from "../service/signed-config.ts";
import { stackKey } from "../service/stack-key.ts";
import { startService } from "../service/start.ts";
import { createAccessLog } from "./access-log.ts";
import { createBehaviour } from "./behaviour.ts";
import { createAdmission } from "./admission.ts";
import { GatewayConfig } from "./config.ts";
import { trackConnections } from "./connections.ts";
import { createConsents } from "./consents.ts";
import { createEnded } from "./ended.ts";
import { createEnrolmentDesk } from "./enrolment-desk.ts";
import { createGateway } from "./gateway.ts";
import { createKeySet } from "./key-set.ts";
import { redisLeases } from "./lease.ts";
import { createLimiter } from "./limiter.ts";
import { createListener } from "./listener.ts";
import { callMetrics, registerGauge } from "./metrics.ts";
import { createRequestRate } from "./request-rate.ts";
import { followRevocations, parsePushed } from "./revocation-feed.ts";
import { createTokens } from "./tokens.ts";

/** A partner that polls for events may wait for 20 s, on a connection of its own. */
const LONG_POLLS = { connections: 1_000, deadlineMs: 25_000 };

/** A partner waits for the signature of an answer that is there: not longer than for a service, and for two attempts at most. */
const SIGNING = { deadlineMs: 3_000, attemptMs: 1_500 };

await startService({
  name: "gateway",
  config: GatewayConfig,
  async run({ config, log, registry, env, stopping, ready, onStop }) {
    const startedAt = new Date();
    const now = Date.now;
    const clock = (): number => performance.now();
    const { namespace, group, trust, hosts, upstreams: origins } = config;

    const client = await regionClient("gateway", env);
    onStop("kubernetes client", () => client.close());
    const directory = createDirectory({
      group,
      trust,
      startedAt,
      onRefused: (document, reason) => log.error({ document, reason }, "signed document refused"),
    });
    const watch = watchSignedConfig({ client, namespace, directory, log });
    onStop("signed config", () => watch.stop());
    const rosterVersion = (): number => directory.roster()?.version ?? 0;
    const isolation = watchIsolation({ clock, rosterVersion, log });
    onStop("hub", hearHub({ client, namespace, isolation, log }));
    const pod = env["POD_NAME"] ?? "gateway";
    const behaviour = createBehaviour(clock);
    const requestRate = createRequestRate(clock);
    onStop(
      "lease",
      keepServedLease({
        client,
        namespace,
        service: "gateway",
        pod,
        startedAt,
        directory,
        log,
        behaviour: () => behaviour.scores(),
        requests: () => requestRate.report(),
      }),
    );
    ready("signed config", () => watch.notSynced());
    ready("roster", () => directory.notReady(new Date()));

    const signal = stopping;
    const identity = await serviceIdentity({
      env,
      client: async () => client,
      service: "gateway",
      namespace,
      log,
      signal,
    });
    onStop("identity", () => identity.stop());
    const upstreamAt = (origin: string, { connections = 64, deadlineMs = 10_000 } = {}) =>
      createUpstream({ identity, origin, connections, deadlineMs });
    const upstreams = {
      consent: upstreamAt(origins.consent),
      banking: upstreamAt(origins.banking),
      ...(origins.events === undefined ? {} : { events: upstreamAt(origins.events, LONG_POLLS) }),
    };
    const oauth = createUpstream({ identity, origin: origins.oauth, connections: 2, deadlineMs: 3_000 });
    for (const upstream of [...Object.values(upstreams), oauth]) {
      onStop(upstream.origin, () => upstream.close());
    }

    const keys = createKeySet({
      read: async () => (await oauth.request({ method: "GET", path: "/jwks" })).json(),
      log,
      clock,
    });
    onStop("keys", () => keys.stop());
    ready("token keys", () => keys.notLoaded());

    const consents = createConsents(upstreams.consent);
    const grants = createEnded();
    const redisOptions = {
      config: config.redis,
      service: "gateway",
      password: redisPassword(env, "gateway"),
      identity,
      log,
    };
    const stopHearing = hearChannel(redisOptions, REVOKED_CHANNEL, (message) => {
      const { consent, grant } = parsePushed(message);
      if (consent !== undefined) consents.end(consent, now());
      if (grant !== undefined) grants.end(grant, now());
    });
    onStop("revoked channel", stopHearing);
    const ask = (upstream: Upstream, address: string, cursor: string | undefined) => {
      const query = cursor === undefined ? "" : `?since=${encodeURIComponent(cursor)}`;
      return upstream.request({ method: "GET", path: `${address}${query}`, deadlineMs: 2_000 });
    };
    const feed = followRevocations({
      of: "consents",
      poll: async (cursor) => {
        const answer = await ask(upstreams.consent, "/internal/revocations", cursor);
        const news = answer.status === 200 ? parseRevocations(answer.json()) : undefined;
        if (news === undefined)
          throw new Error(`The consent service answered ${answer.status} about revocations.`);
        return { cursor: news.cursor, ended: news.consents };
      },
      end: (consent) => consents.end(consent, now()),
      clock,
      log,
    });
    onStop("revocations", () => feed.stop());
    ready("revocations", () =>
      feed.ageMs() === Infinity ? "revocations have not been read yet" : undefined,
    );
    // With oauth away no code or refresh token can be misused either: what is known is enough, however old.
    const endedGrants = followRevocations({
      of: "grants",
      poll: async (cursor) => {
        const answer = await ask(oauth, "/internal/ended-grants", cursor);
        const news = answer.status === 200 ? parseEndedGrants(answer.json()) : undefined;
        if (news === undefined)
          throw new Error(`The authorization server answered ${answer.status} about grants.`);
        return { cursor: news.cursor, ended: news.grants };
      },
      end: (grant) => grants.end(grant, now()),
      clock,
      log,
    });
    onStop("ended grants", () => endedGrants.stop());
    ready("ended grants", () =>
      endedGrants.ageMs() === Infinity ? "grants that ended have not been read yet" : undefined,
    );

    const file = env["WEKEZA_MESSAGE_KEYS"] ?? "/etc/wekeza/message-keys/jwks.json";
    const place = { namespace, service: "gateway", keyStore: config.keyStore, file, secret: "message-keys" };
    const messageKey = stackKey(place, { env, log, registry, patience: SIGNING });
    onStop("message key", () => messageKey.stop());
    ready("message key", () => messageKey.notKnown());
    const signer = (): MessageSigner => {
      const key = messageKey.current();
      return { kid: key.id, alg: "ES256", key, issuer: `https://${hosts.auth}`, trustAnchor: hosts.auth };
    };

    const accessLog = createAccessLog(process.stdout);
    onStop("access log", () => accessLog.stop());
    const redis = createRedis(redisOptions);
    onStop("redis", () => redis.disconnect());
    // Limits are shared from the first call on; without Redis it starts all the same, after a while.
    await Promise.race([new Promise((resolve) => redis.once("ready", resolve)), delay(5_000)]);
    const admission = createAdmission(createLimiter({ ask: redisLeases(redis, pod), clock, log }));
    const gateway = createGateway({
      host: hosts.api,
      directory,
      tokens: createTokens({ issuer: `https://${hosts.auth}`, audience: `https://${hosts.api}` }, keys),
      consents,
      grants,
      revocationsAgeMs: () => feed.ageMs(),
      admission,
      est: {
        desk: createEnrolmentDesk({ client, namespace, now, clock }),
        authorities: () => listener.authorities(),
        log,
      },
      upstreams,
      signer,
      accessLog: {
        ...accessLog,
        write(record) {
          behaviour.observe(record);
          requestRate.observe();
          accessLog.write(record);
        },
      },
      metrics: callMetrics(registry),
      log,
      now,
      clock,
    });
    const files = {
      cert: env["WEKEZA_HOST_CERT"] ?? "/etc/wekeza/host-tls/tls.crt",
      key: env["WEKEZA_HOST_KEY"] ?? "/etc/wekeza/host-tls/tls.key",
      partnerCa: env["WEKEZA_PARTNER_CA"] ?? "/etc/wekeza/partner-ca/ca.crt",
    };
    const checked = afterIsolation(isolation, (request, response) => handler(request, response));
    const listener = createListener(hosts.api, files, checked, { log });
    const connections = trackConnections(listener.server, directory, clock);
    const handler = gateway(connections);
    registerGauge(
      registry,
      "wekeza_gateway_connections",
      "Open connections of partners.",
      () => connections.size,
    );
    registerGauge(registry, "wekeza_gateway_calls", "Calls under way.", () => admission.underWay);
    registerGauge(
      registry,
      "wekeza_roster_age_seconds",
      "Time since the operator vouched for the roster.",
      () => {
        const roster = directory.roster();
        return roster === undefined ? Infinity : (now() - Date.parse(roster.issuedAt)) / 1000;
      },
    );
    registerGauge(
      registry,
      "wekeza_revocations_age_seconds",
      "Age of what is known of revocations, of consents or of grants, whichever is older.",
      () => Math.max(feed.ageMs(), endedGrants.ageMs()) / 1000,
    );

    await listening(listener.server, Number(env["WEKEZA_PORT"] ?? 8443));
    onStop("listener", async () => {
      listener.stop();
      const closed = once(listener.server, "close");
      listener.server.close();
      connections.drain();
      await closed;
    });
  },
});
