import { hash } from "node:crypto";

/** How the pages look. One text for all, so that its hash can stand in the policy. */
export const STYLE = `
:root { color-scheme: light dark; --line: #6b7280; --strong: #0b5d4e; --wrong: #b42318; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 34rem; padding: 1.5rem 1rem 3rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2, legend { font-size: 1.125rem; font-weight: 600; padding: 0; }
fieldset { border: 0; margin: 1.5rem 0; padding: 0; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input[type="text"], input[type="password"] { width: 100%; min-height: 2.75rem; padding: 0.5rem; font: inherit; border: 2px solid var(--line); border-radius: 0.25rem; }
.choice { display: flex; gap: 0.75rem; align-items: start; margin: 0.5rem 0; font-weight: 400; min-height: 2.75rem; }
.choice input { width: 1.5rem; height: 1.5rem; flex: none; }
button { min-height: 2.75rem; margin: 1.5rem 0.75rem 0 0; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; border: 2px solid var(--strong); border-radius: 0.25rem; background: var(--strong); color: #fff; cursor: pointer; }
button.quiet { background: transparent; color: inherit; border-color: var(--line); }
:focus-visible { outline: 3px solid #f59e0b; outline-offset: 2px; }
.problem { border-left: 0.375rem solid var(--wrong); padding: 0.5rem 1rem; }
.note { border-left: 0.375rem solid var(--strong); padding: 0.5rem 1rem; }
dt { font-weight: 600; margin-top: 0.75rem; }
dd { margin: 0; }
`;

const STYLE_HASH = `'sha256-${hash("sha256", STYLE, "base64")}'`;

/**
 * The content policy of a page: no script at all, our style only, never in a frame.
 *
 * @param formTargets origins besides our own that a form may lead to. A browser applies the policy to the redirects
 *   after a form as well, so the way back to the partner must be named.
 */
export function contentPolicy(formTargets: readonly string[]): string {
  const forms = ["'self'", ...formTargets].join(" ");
  return `default-src 'none'; style-src ${STYLE_HASH}; form-action ${forms}; frame-ancestors 'none'; base-uri 'none'`;
}
