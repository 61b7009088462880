import type { TObject } from "typebox";

/** API group of every kind. */
export const GROUP = "openbanking.wekeza.io";

/** The one served and stored version. */
export const VERSION = "v1alpha1";

/** A column of `kubectl get`. Future dates are shown as strings: kubectl prints a future `date` as `<invalid>`. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 0 (default): always shown; above: only with `-o wide`. */
  readonly priority?: number;
}

/** A rule the API server checks, in CEL; the message says what to write instead. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueRequired" | "FieldValueForbidden";
}

/** One custom resource kind: the single source of its CRD, its types, its defaults and its reference page. */
export interface Kind<Spec extends TObject = TObject, Status extends TObject = TObject> {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  /** First line of `kubectl explain` and of the reference page. */
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  readonly columns: readonly Column[];
  /** Rules over the whole object (`self.metadata.name`, `self.spec`, `oldSelf`). */
  readonly rules: readonly CelRule[];
}

/** Declares a kind; only fixes the types. */
export function defineKind<Spec extends TObject, Status extends TObject>(
  kind: Kind<Spec, Status>,
): Kind<Spec, Status> {
  return kind;
}
