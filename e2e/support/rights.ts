/** Something that an identity may do: one verb on one resource, in short. */
export interface Right {
  /** ServiceAccount: `wekeza-system/wekeza-operator`; those of all stacks are one: `stack/gateway`. */
  readonly subject: string;
  /** What grants it: `ClusterRole wekeza:operator`. */
  readonly role: string;
  readonly verb: string;
  /** `apps/deployments`, `/secrets`, `certificates.k8s.io/certificatesigningrequests/status`. */
  readonly resource: string;
  /** The namespace it ends at; absent: everywhere. */
  readonly namespace?: string;
  /** The one object it is about; absent: every one. */
  readonly name?: string;
}

/** Something that an identity did, or was refused. */
export interface Use {
  readonly subject: string;
  readonly verb: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  /** What the API server's authorizer says allowed it; absent: it was forbidden. */
  readonly allowedBy?: string;
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A Role or ClusterRole. */
export interface Role extends Named {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

/** A RoleBinding or ClusterRoleBinding. */
export interface Binding extends Named {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
  }[];
}

/** Name of an identity of the platform; undefined for anybody else's. */
export function subjectOf(namespace: string, name: string): string | undefined {
  if (namespace.startsWith("stack-")) return `stack/${name}`;
  return namespace.startsWith("wekeza-") ? `${namespace}/${name}` : undefined;
}

/** Every right that the bindings of a cluster give to the platform's identities. */
export function grantedRights(roles: readonly Role[], bindings: readonly Binding[]): readonly Right[] {
  return bindings.flatMap(({ metadata, roleRef, subjects = [] }) => {
    const role = roles.find(
      ({ kind, metadata: { name, namespace } }) =>
        kind === roleRef.kind &&
        name === roleRef.name &&
        (kind !== "Role" || namespace === metadata.namespace),
    );
    const { namespace } = metadata;
    const owners = subjects.flatMap((each) => subjectOf(each.namespace ?? "", each.name) ?? []);
    return owners.flatMap((subject) =>
      (role?.rules ?? []).flatMap(({ apiGroups = [], resources = [], verbs, resourceNames }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) =>
              (resourceNames ?? [undefined]).map((name) => ({
                subject,
                role: `${roleRef.kind} ${roleRef.name}`,
                verb,
                resource: `${group}/${resource}`,
                ...(namespace === undefined ? {} : { namespace }),
                ...(name === undefined ? {} : { name }),
              })),
            ),
          ),
        ),
      ),
    );
  });
}

/** Whether a use is one of a right. */
export function isUseOf(use: Use, right: Right): boolean {
  return (
    use.subject === right.subject &&
    use.verb === right.verb &&
    use.resource === right.resource &&
    (right.namespace === undefined || right.namespace === use.namespace) &&
    (right.name === undefined || right.name === use.name)
  );
}

/** A right in one line, without the place: what one stack uses is used in all of them. */
export function rightText({ subject, role, verb, resource, name }: Right): string {
  return `${subject} may ${verb} ${resource}${name === undefined ? "" : ` ${name}`} (${role})`;
}

/** A use in one line. */
export function useText({ subject, verb, resource, namespace, name, allowedBy }: Use): string {
  const place = [namespace, name].filter((part) => part !== undefined).join("/");
  return `${subject} did ${verb} ${resource} ${place} (${allowedBy ?? "forbidden"})`;
}
