/**
 * Name of the key that one ServiceAccount alone signs with, so that one policy can give each its own.
 *
 * No name in Kubernetes has the sign between, so no two accounts share a key: with a hyphen `c` of `a-b` and `b-c` of `a` would.
 */
export function accountKeyName(namespace: string, account: string): string {
  return `${namespace}_${account}`;
}

/** Name of the key that one ServiceAccount alone opens with. */
export function accountOpenerName(namespace: string, account: string): string {
  return `${accountKeyName(namespace, account)}_wrapping`;
}
