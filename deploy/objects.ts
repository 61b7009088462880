/** A Kubernetes object as it is sent to `kubectl apply`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Label that every installed object carries. */
const PART_OF = { "app.kubernetes.io/part-of": "wekeza" } as const;

/** Labels of what belongs to one process; the name alone selects its pods. */
export function labelsOf(name: string) {
  return { "app.kubernetes.io/name": name, ...PART_OF };
}

/** A namespace in which nothing runs that is not `restricted`. */
export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Manifest {
  const security = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { ...PART_OF, ...security, ...labels } },
  };
}

/** A ConfigMap. */
export function configMap(
  namespaceName: string,
  name: string,
  data: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: namespaceName, labels: PART_OF },
    data,
  };
}

/** A ServiceAccount whose token is mounted only where a pod asks for it. */
export function serviceAccount(namespaceName: string, name: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: namespaceName, labels: labelsOf(name) },
    automountServiceAccountToken: false,
  };
}
