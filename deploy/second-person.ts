import type { Manifest } from "./objects.ts";

const LABELS = { "app.kubernetes.io/part-of": "wekeza" } as const;
const GROUP = "openbanking.wekeza.io";
const REQUESTED_BY = `${GROUP}/requested-by`;
const API = "admissionregistration.k8s.io/v1";

/** Identity fields of a Partner: `identityOf` of the operator hashes the same. */
const IDENTITY = ["roles", "redirectURIs", "jwks", "certificates", "webhooks"];

/** One rule of a policy; `message` is CEL that says what to write instead. */
interface Validation {
  readonly expression: string;
  readonly message: string;
}

/** A policy over one of our kinds, in force for everybody, members of system:masters included. */
function policy(
  name: string,
  resource: string,
  variables: Readonly<Record<string, string>>,
  validations: readonly Validation[],
): readonly Manifest[] {
  const resourceRules = [
    {
      apiGroups: [GROUP],
      apiVersions: ["*"],
      operations: ["CREATE", "UPDATE"],
      resources: [resource],
      scope: "*",
    },
  ];
  return [
    {
      apiVersion: API,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name, labels: LABELS },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: { matchPolicy: "Equivalent", resourceRules },
        variables: Object.entries(variables).map(([variable, expression]) => ({
          name: variable,
          expression,
        })),
        validations: validations.map(({ expression, message }) => ({
          expression,
          messageExpression: message,
          reason: "Forbidden",
        })),
      },
    },
    {
      apiVersion: API,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name, labels: LABELS },
      spec: { policyName: name, validationActions: ["Deny"] },
    },
  ];
}

/**
 * Who asked and who agreed, as the API server knows them.
 *
 * A validating policy and no mutating one: Kubernetes 1.35 serves the latter behind a gate only. So the names are
 * written by people, and nobody can write another's.
 */
export function secondPerson(): readonly Manifest[] {
  // Optional, as admission comes before the schema's own check, whose words are better than those of a failed look-up.
  const changed = IDENTITY.map((field) => `object.?spec.?${field} != oldObject.?spec.?${field}`).join(" || ");
  const requester = (object: string) => `${object}.metadata.?annotations[?'${REQUESTED_BY}'].orValue('')`;
  return [
    ...policy(
      "wekeza-requested-by",
      "partners",
      {
        who: requester("object"),
        before: `oldObject == null ? '' : ${requester("oldObject")}`,
        changed: `oldObject == null || ${changed}`,
      },
      [
        {
          expression:
            "variables.who == '' || variables.who == request.userInfo.username || (!variables.changed && variables.who == variables.before)",
          message: `'annotation ${REQUESTED_BY} is ' + variables.who + ', and you are ' + request.userInfo.username + ': whoever changes roles, redirectURIs, jwks, certificates or webhooks writes the own name there, or removes the annotation.'`,
        },
      ],
    ),
    ...policy("wekeza-approver", "approvals", {}, [
      {
        expression: "oldObject != null || object.?spec.?approver.orValue('') == request.userInfo.username",
        message:
          "'spec.approver is ' + object.?spec.?approver.orValue('missing') + ', and you are ' + request.userInfo.username + ': approve under your own name.'",
      },
      {
        expression:
          "oldObject != null || !request.userInfo.groups.exists(group, group == 'system:serviceaccounts')",
        message: "'A ServiceAccount cannot approve; a person has to.'",
      },
    ]),
  ];
}
