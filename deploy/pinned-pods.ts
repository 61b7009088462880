import { admission } from "./admission.ts";
import type { Manifest } from "./objects.ts";

/** Where the API server mounts a pod's token. */
const TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount";

const PODS = {
  apiGroups: [""],
  resources: ["pods", "pods/ephemeralcontainers"],
  operations: ["CREATE", "UPDATE"],
} as const;

/** What runs already by an older rule may still be counted, scaled and finished. */
const CHANGED =
  "request.operation == 'CREATE' || " +
  "(object.kind == 'Pod' ? object.spec != oldObject.spec : object.spec.template != oldObject.spec.template)";

/** A Deployment as `process.ts` makes it, as far as it can be pinned. */
interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly [
    {
      readonly image: string;
      readonly command: readonly string[];
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts: readonly { readonly mountPath: string }[];
    },
  ];
}

/**
 * Nobody makes a pod in the namespace of this Deployment but one that runs as installed: this account, image and command,
 * no variable of another value, no file beside the known, no second container, nothing else started by a probe or a hook.
 *
 * Whoever can make pods there could otherwise read the key that the namespace guards. Only pods are checked, not the
 * Deployment: that of the next version may come before the policy of the next version, and its pods wait for it.
 */
export function pinnedPods(deployment: Manifest): readonly Manifest[] {
  const { namespace = "", name } = deployment.metadata;
  const { template } = deployment["spec"] as { readonly template: { readonly spec: PodSpec } };
  const { serviceAccountName: account, containers } = template.spec;
  const [{ image, command, env, volumeMounts }] = containers;
  const paths = [...volumeMounts.map(({ mountPath }) => mountPath), TOKEN];
  const every = (condition: string) => `object.spec.containers.all(c, ${condition})`;
  const none = (field: string) => `object.spec.?${field}.orValue([]).size() == 0`;
  const holds = (what: string) =>
    `Pods in ${namespace} ${what}: they hold what only ${name} may hold. ` +
    "Install another version with its manifests, which change this rule too.";
  return admission({
    name: `wekeza-pinned-${name}`,
    namespaces: [namespace],
    resources: [PODS],
    conditions: { changed: CHANGED },
    validations: [
      {
        expression: `object.spec.?serviceAccountName.orValue('default') == '${account}'`,
        message: holds(`run as ServiceAccount ${account} only`),
      },
      { expression: every(`c.image == '${image}'`), message: holds(`run ${image} only`) },
      {
        expression: every(
          `c.?command.orValue([]) == ${listed(command)} && c.?args.orValue([]).size() == 0 && !has(c.lifecycle) && ` +
            ["liveness", "readiness", "startup"]
              .map((each) => `!c.?${each}Probe.?exec.hasValue()`)
              .join(" && "),
        ),
        message: holds(`start \`${command.join(" ")}\` only, without hooks`),
      },
      {
        expression:
          every(
            `c.?env.orValue([]).all(e, e.name in ${listed(env.map((each) => each.name))}${valued(env)}) && !has(c.envFrom)`,
          ) + ` && ${every(`c.?volumeMounts.orValue([]).all(m, m.mountPath in ${listed(paths)})`)}`,
        message: holds("have the variables and mounts of the installation only"),
      },
      {
        expression: `object.spec.containers.size() == 1 && ${none("initContainers")} && ${none("ephemeralContainers")}`,
        message: holds("have one container only"),
      },
    ],
  });
}

/** Kinds that make pods from a template in the same place of their spec. */
const TEMPLATES = [
  { apiGroups: [""], resources: ["replicationcontrollers"], operations: ["CREATE", "UPDATE"] },
  {
    apiGroups: ["apps"],
    resources: ["deployments", "statefulsets", "daemonsets", "replicasets"],
    operations: ["CREATE", "UPDATE"],
  },
  { apiGroups: ["batch"], resources: ["jobs"], operations: ["CREATE", "UPDATE"] },
] as const;

/** The account that makes the keys of a stack, and all that it ever starts. */
const KEYS = { account: "keys", command: ["node", "runtime/keys/main.ts"] } as const;

/**
 * What runs in a stack comes from where the installation's images come from, and who makes its keys does nothing else.
 *
 * The tag is left open: a runtime that fails its probes goes back to the one before.
 *
 * @param image the platform's own image, as `registry.example/bank/wekeza:0123456789ab`.
 */
export function stackPods(image: string): readonly Manifest[] {
  const source = image.slice(0, image.lastIndexOf("/") + 1);
  return admission({
    name: "wekeza-stack-pods",
    resources: [PODS, ...TEMPLATES],
    conditions: { stack: "request.namespace.startsWith('stack-')", changed: CHANGED },
    variables: {
      pod: "object.kind == 'Pod' ? object.spec : object.spec.template.spec",
      containers: ["containers", "initContainers", "ephemeralContainers"]
        .map((field) => `variables.pod.?${field}.orValue([])`)
        .join(" + "),
    },
    validations: [
      {
        expression: `variables.containers.all(c, c.image.startsWith('${source}'))`,
        message: `Pods of stacks run images of ${source} only, where the installation has its own from.`,
      },
      {
        expression:
          `variables.pod.?serviceAccountName.orValue('') != '${KEYS.account}' || ` +
          `variables.containers.all(c, c.?command.orValue([]) == ${listed(KEYS.command)} && c.?args.orValue([]).size() == 0 && !has(c.lifecycle))`,
        message: `ServiceAccount ${KEYS.account} makes the keys of a stack: its pods start \`${KEYS.command.join(" ")}\` only.`,
      },
    ],
  });
}

/** That a variable has its value, in CEL: values say whose requests are signed, and what store is shown the pod's token. */
function valued(env: PodSpec["containers"][0]["env"]): string {
  const conditions = env.map(({ name, value }) =>
    // CEL reads the escapes of JSON.
    value === undefined
      ? ""
      : ` && (e.name != '${name}' || e.?value.orValue('') == ${JSON.stringify(value)})`,
  );
  return conditions.join("");
}

/** A list of words in CEL. */
function listed(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(", ")}]`;
}
