import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { createAuthority } from "./certificate.ts";
import { kubeconfig } from "./kubeconfig.ts";

test("a kubeconfig leads its user to the server, with a certificate that names the groups", async () => {
  const authority = await createAuthority("authority", new Date());
  const user = await authority.issue({ commonName: "jane", organizations: ["auditors"], use: "client" });
  const text = kubeconfig({
    name: "ke",
    server: "https://10.64.0.12:6443",
    authority: authority.certificate,
    user,
  });
  const credentials = kubeconfigCredentials(text, { trusted: false });
  const { ca, cert } = await credentials.tls();
  expect(credentials.server).toBe("https://10.64.0.12:6443");
  const shown = new X509Certificate(String(cert));
  expect(shown.subject.split("\n")).toEqual(["O=auditors", "CN=jane"]);
  expect(shown.verify(new X509Certificate(String(ca)).publicKey)).toBe(true);
});

test("a server's certificate is good for its names and addresses, and for no client", async () => {
  const authority = await createAuthority("authority", new Date());
  const server = await authority.issue({
    commonName: "api",
    dns: ["api.test"],
    addresses: ["10.1.2.3"],
    use: "server",
  });
  const shown = new X509Certificate(server.certificate);
  expect([shown.checkHost("api.test"), shown.checkIP("10.1.2.3")]).toEqual(["api.test", "10.1.2.3"]);
  expect(shown.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
});
