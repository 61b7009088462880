import { Type, type Static } from "typebox";
import { commonStatus } from "./condition.ts";
import { defineKind } from "./kind.ts";

/**
 * Annotation that says who made the last change of a resource's identity fields; an admission policy lets nobody but
 * that user write it.
 */
export const REQUESTED_BY = "openbanking.wekeza.io/requested-by";

const user = (description: string) => Type.String({ minLength: 1, maxLength: 253, description });

/** A second person's yes to one exact change. */
export const ApprovalSpec = Type.Object(
  {
    subject: Type.Object(
      {
        kind: Type.Enum(["Partner"], { type: "string", description: "Kind of the changed resource." }),
        namespace: Type.String({
          minLength: 1,
          maxLength: 63,
          pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
          description: "Its namespace.",
        }),
        name: Type.String({ minLength: 1, maxLength: 63, description: "Its name." }),
        uid: Type.String({
          minLength: 1,
          maxLength: 64,
          description: "Its metadata.uid: one that is deleted and made again needs another approval.",
        }),
      },
      { description: "The resource whose change is approved." },
    ),
    hash: Type.String({
      pattern: "^[0-9a-f]{64}$",
      description: "The change itself: status.approval.pending.hash of the subject.",
    }),
    requestedBy: user("Who made the change: status.approval.pending.requestedBy of the subject."),
    approver: user("You: the API server takes nothing but the user name of whoever creates the Approval."),
    reason: Type.String({
      minLength: 10,
      maxLength: 512,
      description: "Why it is right, for whoever reads it in a year.",
    }),
    validForHours: Type.Integer({
      minimum: 1,
      maximum: 168,
      default: 24,
      description: "Hours after its creation within which the change has to take effect.",
    }),
    breakGlass: Type.Boolean({
      default: false,
      description:
        "One person alone, in an emergency: raises an alarm until a second person approves as well.",
    }),
  },
  {
    description: "What is approved, by whom and why.",
    "x-kubernetes-validations": [
      {
        rule: "self == oldSelf",
        message:
          "An Approval is for one exact change and is never changed itself; delete it and create another.",
      },
      {
        rule: "!self.approver.startsWith('system:')",
        message:
          "approver must be a person, not a ServiceAccount or another system user; approve under your own name.",
      },
      {
        rule: "self.breakGlass || self.approver != self.requestedBy",
        message:
          "Whoever requested the change cannot approve it; ask a second person, or in an emergency set breakGlass: true.",
      },
      {
        rule: "!self.breakGlass || self.reason.size() >= 30",
        message:
          "breakGlass needs a reason of 30 characters or more that says what cannot wait for a second person.",
      },
    ],
  },
);
export type ApprovalSpec = Static<typeof ApprovalSpec>;

/** What the operator observed of an Approval. */
export const ApprovalStatus = Type.Object({
  ...commonStatus,
  state: Type.Optional(
    Type.String({ maxLength: 32, description: "Valid, Used, Expired or why it counts for nothing." }),
  ),
  expires: Type.Optional(
    Type.String({
      maxLength: 40,
      description: "Until when it can be used; what it approved stays approved.",
    }),
  ),
});
export type ApprovalStatus = Static<typeof ApprovalStatus>;

export type ApprovalReason =
  | "Used"
  | "Valid"
  | "Expired"
  | "SubjectMissing"
  | "SubjectReplaced"
  | "RequesterDiffers"
  | "NotASecondPerson"
  | "NothingPending"
  | "Error";

export const Approval = defineKind({
  kind: "Approval",
  plural: "approvals",
  shortNames: ["apv"],
  scope: "Cluster",
  description:
    "A second person's yes to one exact change, bound to the resource's UID and the change's hash, with an expiry.",
  spec: ApprovalSpec,
  status: ApprovalStatus,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: "Whether it counts, or has counted.",
    },
    { name: "State", type: "string", jsonPath: ".status.state", description: "Valid, Used or why not." },
    { name: "Subject", type: "string", jsonPath: ".spec.subject.name", description: "What was changed." },
    { name: "Approver", type: "string", jsonPath: ".spec.approver", description: "Who said yes." },
    { name: "Requested-By", type: "string", jsonPath: ".spec.requestedBy", description: "Who asked." },
    {
      name: "Break-Glass",
      type: "boolean",
      jsonPath: ".spec.breakGlass",
      description: "One person alone.",
    },
    {
      name: "Expires",
      type: "string",
      jsonPath: ".status.expires",
      description: "Until when it can be used.",
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  rules: [],
});
