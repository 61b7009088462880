import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { auditMark, operatorWritesSince } from "./audit-log.ts";

const write = {
  stage: "ResponseComplete",
  verb: "patch",
  requestURI: "/apis/apps/v1/namespaces/stack-a/deployments/gateway?fieldManager=wekeza-operator",
  user: { username: "system:serviceaccount:wekeza-region:wekeza-operator" },
  userAgent: "operator",
  responseStatus: { code: 200 },
  objectRef: { apiGroup: "apps", resource: "deployments", namespace: "stack-a", name: "gateway" },
};

test("only the operator's own writes after the mark are counted, without Leases, Events, dry runs and refusals", async () => {
  const run = await mkdtemp(join(tmpdir(), "audit-"));
  onTestFinished(() => rm(run, { recursive: true }));
  await mkdir(join(run, "ke", "log"), { recursive: true });
  const file = join(run, "ke", "log", "audit.log");
  const line = (event: unknown) => `${JSON.stringify(event)}\n`;
  await writeFile(file, line(write));
  const mark = await auditMark(run, "ke");
  const others = [
    { ...write, verb: "get" },
    { ...write, stage: "RequestReceived" },
    { ...write, responseStatus: { code: 409 } },
    { ...write, requestURI: `${write.requestURI}&dryRun=All` },
    { ...write, user: { username: "system:serviceaccount:stack-a:gateway" } },
    { ...write, objectRef: { ...write.objectRef, resource: "leases" } },
    { ...write, objectRef: { ...write.objectRef, resource: "events" } },
  ];
  await appendFile(file, others.map(line).join(""));
  expect(await operatorWritesSince(mark)).toEqual([]);
  await appendFile(file, line(write));
  expect(await operatorWritesSince(mark)).toEqual([
    {
      cluster: "ke",
      verb: "patch",
      resource: "apps/deployments",
      name: "stack-a/gateway",
      user: write.user.username,
      userAgent: "operator",
    },
  ]);
});
