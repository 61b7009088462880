import { expect, test } from "vitest";
import type { KubeObject } from "../../kube/object.ts";
import { ACCOUNT_ANNOTATION, followAccounts } from "./account-change.ts";
import type { Workload } from "./component.ts";

const made = "2026-11-22T10:00:00Z";
const before = "2026-11-22T09:59:00Z";
const later = "2026-11-22T11:00:00Z";

const workload = (kind: string, creationTimestamp?: string, annotations: Record<string, string> = {}) =>
  ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "gateway", creationTimestamp },
    spec: { template: { metadata: { annotations }, spec: { serviceAccountName: "gateway" } } },
  }) as unknown as KubeObject & Workload;
const account = (uid: string, creationTimestamp: string): Workload => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "gateway", uid, creationTimestamp },
});

function annotationsOf(kind: string, ...observed: readonly Workload[]): unknown {
  const live = new Map(observed.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  const [planned] = followAccounts([workload(kind, undefined, { other: "kept" })], live);
  return (planned as unknown as { spec: { template: { metadata: { annotations: unknown } } } }).spec.template
    .metadata.annotations;
}

test.each(["Deployment", "StatefulSet"])("the pods of a %s start again with a new account", (kind) => {
  expect(annotationsOf(kind, workload(kind, made), account("new", later))).toEqual({
    other: "kept",
    [ACCOUNT_ANNOTATION]: "new",
  });
});

test.each([
  ["nothing is there yet", []],
  ["the workload is not there yet", [account("first", before)]],
  ["the account is the one it was made with", [workload("Deployment", made), account("first", before)]],
  ["both were made in the same second", [workload("Deployment", made), account("first", made)]],
  ["the account is away", [workload("Deployment", made)]],
])("no pod starts again when %s", (_, observed) => {
  expect(annotationsOf("Deployment", ...observed)).toEqual({ other: "kept" });
});

test("an account that is away a second time starts nothing before its successor is there", () => {
  const live = workload("Deployment", made, { [ACCOUNT_ANNOTATION]: "second" });
  expect(annotationsOf("Deployment", live)).toMatchObject({ [ACCOUNT_ANNOTATION]: "second" });
  expect(annotationsOf("Deployment", live, account("third", later))).toMatchObject({
    [ACCOUNT_ANNOTATION]: "third",
  });
});

test("a Job is left alone: its template cannot change", () => {
  expect(annotationsOf("Job", workload("Job", made), account("new", later))).toEqual({ other: "kept" });
});

test("a workload made anew in the moment its account was new keeps what it started with", () => {
  const live = workload("Deployment", later, { [ACCOUNT_ANNOTATION]: "new" });
  expect(annotationsOf("Deployment", live, account("new", before))).toMatchObject({
    [ACCOUNT_ANNOTATION]: "new",
  });
});

test("what a hand writes there is put right, also when the account is older than the workload", () => {
  const live = workload("Deployment", later, { [ACCOUNT_ANNOTATION]: "somebody's" });
  expect(annotationsOf("Deployment", live, account("new", before))).toMatchObject({
    [ACCOUNT_ANNOTATION]: "new",
  });
});
