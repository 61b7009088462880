import type { IdentityMaterial, ServiceIdentity } from "../../service/identity.ts";
import type { TestAuthority } from "../../service/testing/authority.ts";

/** An identity whose material a test replaces, as a renewal does. */
export interface RenewableIdentity extends ServiceIdentity {
  renew(material: IdentityMaterial): void;
}

/** Wraps material that is there already. */
export function identityOf(first: IdentityMaterial): RenewableIdentity {
  let material = first;
  const listeners = new Set<() => void>();
  return {
    current: () => material,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    renew(next) {
      material = next;
      for (const listener of listeners) listener();
    },
    stop: () => undefined,
  };
}

/** New material of an authority, for a name on loopback. */
export async function issue(authority: TestAuthority, commonName: string): Promise<IdentityMaterial> {
  const dns = [commonName.split(".", 1)[0] ?? commonName, "localhost"];
  const { key, cert } = await authority.issue({ commonName, dns });
  return { key, cert, ca: authority.ca };
}
