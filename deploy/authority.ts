import { access, clusterAccess, rule, type Rule } from "./access.ts";
import { askingOf, type AuthorityKeyStore } from "./key-store.ts";
import { conversation, defaultDeny, ownApiServer } from "./network.ts";
import { type Manifest, namespace, serviceAccount } from "./objects.ts";
import { pinnedPods } from "./pinned-pods.ts";
import { deployment, type Mount, temporary } from "./process.ts";
import {
  type ApiServerAddress,
  type HubSettings,
  NAMESPACE,
  OPERATOR,
  type RegionSettings,
} from "./settings.ts";

const CSR = "certificates.k8s.io/certificatesigningrequests";
const PARTNER = "openbanking.wekeza.io/partner-mtls";
const SERVICE = "openbanking.wekeza.io/service";

const signer = (verbs: string, name: string): Rule => rule("certificates.k8s.io/signers", verbs, [name]);

/** A process that decides about certificate requests, in a namespace the operator cannot write to. */
interface Decider {
  readonly namespace: string;
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly mounts?: readonly Mount[];
  readonly rules: readonly Rule[];
  readonly image: string;
  readonly apiServer: readonly ApiServerAddress[] | undefined;
  /** Where its key is, if not in a file. */
  readonly keyStore?: AuthorityKeyStore | undefined;
}

function decider({ rules, apiServer, keyStore, ...process }: Decider): readonly Manifest[] {
  const { name } = process;
  const asking = askingOf(keyStore);
  const workload = deployment({
    ...process,
    account: name,
    replicas: 1,
    ports: { health: { port: 9090 } },
    probe: { live: "/healthz", ready: "/readyz" },
    environment: { ...process.environment, ...asking.environment },
    mounts: [...(process.mounts ?? []), ...asking.mounts, temporary],
    memory: 192,
  });
  return [
    ...workload.filter(({ kind }) => kind === "Deployment").flatMap(pinnedPods),
    ...defaultDeny(process.namespace),
    conversation({
      namespace: process.namespace,
      name,
      calls: [...ownApiServer(apiServer), ...asking.calls],
    }),
    serviceAccount(process.namespace, name),
    ...clusterAccess(`wekeza:${name}`, { namespace: process.namespace, name }, [
      rule(CSR, "get list watch"),
      ...rules,
    ]),
    ...workload,
  ];
}

/** The CA's Secret, for its signer's eyes only; of one whose key is in a store, the certificate alone. */
const authority = (secretName: string, keyStore: AuthorityKeyStore | undefined): Mount => ({
  volume: {
    name: "ca",
    secret: {
      secretName,
      defaultMode: 0o440,
      ...(keyStore === undefined ? {} : { items: [{ key: "tls.crt", path: "tls.crt" }] }),
    },
  },
  mountPath: "/etc/wekeza/ca",
});

/** Approves partners' requests, where their namespace says that no person need to, and denies bad ones everywhere. */
export function approver({ images, zone, apiServer }: HubSettings): readonly Manifest[] {
  return [
    namespace(NAMESPACE.approver),
    ...decider({
      namespace: NAMESPACE.approver,
      name: "approver",
      command: ["node", "operator/approver/main.ts"],
      environment: partnerEnvironment(zone),
      rules: [
        rule(`${CSR}/approval`, "update"),
        signer("approve", PARTNER),
        rule("openbanking.wekeza.io/partners", "get"),
        rule("/namespaces", "get"),
      ],
      image: images.wekeza,
      apiServer,
    }),
  ];
}

/** Signs partners' approved requests and the list of revoked ones with the intermediate CA, and can do nothing else. */
export function partnerSigner({ images, zone, apiServer, keyStore }: HubSettings): readonly Manifest[] {
  return [
    namespace(NAMESPACE.signer),
    ...decider({
      namespace: NAMESPACE.signer,
      name: "partner-signer",
      command: ["node", "operator/signer/main.ts", "partner"],
      environment: partnerEnvironment(zone),
      mounts: [authority("partner-ca", keyStore)],
      keyStore,
      rules: [
        rule(`${CSR}/status`, "update"),
        signer("sign", PARTNER),
        // For the list of revoked certificates, which it exports.
        rule("openbanking.wekeza.io/partners", "list watch"),
      ],
      image: images.wekeza,
      apiServer,
    }),
    ...access(NAMESPACE.signer, "partner-crl", { namespace: NAMESPACE.signer, name: "partner-signer" }, [
      rule("/configmaps", "create"),
      rule("/configmaps", "get patch", ["partner-crl"]),
    ]),
  ];
}

/** Names a region's services: approves and signs what a stack's own ServiceAccount asks for itself. */
export function serviceSigner({ images, apiServer, keyStore }: RegionSettings): readonly Manifest[] {
  return decider({
    namespace: NAMESPACE.region,
    name: "service-signer",
    command: ["node", "operator/signer/main.ts", "service"],
    mounts: [authority("service-ca", keyStore)],
    keyStore,
    rules: [
      rule(`${CSR}/approval,certificatesigningrequests/status`, "update"),
      signer("approve sign", SERVICE),
      rule("/namespaces", "get"),
    ],
    image: images.wekeza,
    apiServer,
  });
}

function partnerEnvironment(zone: string): Readonly<Record<string, string>> {
  return {
    PARTNER_ZONE: `partners.${zone}`,
    OPERATOR_USER: `system:serviceaccount:${NAMESPACE.system}:${OPERATOR}`,
  };
}
