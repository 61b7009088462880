import { StepFailed } from "./failure.ts";
import type { Http } from "./http.ts";

/**
 * The newest one-time code in a demo customer's mailbox: the sandbox's stand-in for a text message.
 *
 * @param host the group's mtlsAuth host, which lets any live partner look; a production region has no mailbox.
 */
export async function newestCode(host: string, http: Http, customer: string): Promise<string> {
  const answer = await http.send(`https://${host}/sandbox/mailbox/${encodeURIComponent(customer)}`);
  const code = answer.status === 200 ? codeIn(answer.body) : undefined;
  if (code !== undefined) return code;
  throw new StepFailed(`the mailbox of ${customer} holds no one-time code`, {
    answer,
    next: "check that the Region has environment: sandbox; production has no mailbox",
  });
}

function codeIn(body: string): string | undefined {
  const { code } = JSON.parse(body) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}
