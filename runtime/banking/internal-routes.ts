import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { onlyFrom } from "../service/mtls-server.ts";
import { Problem } from "../service/problem.ts";
import type { CoreBank } from "./core-bank.ts";

/** What oauth sends to know a customer. */
export const LoginRequest = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 128 }),
  password: Type.String({ minLength: 1, maxLength: 1_024 }),
});
export type LoginRequest = Static<typeof LoginRequest>;

const loginRequest = Compile(LoginRequest);

/** What the authorization server asks of the bank, by service mTLS. Attempts are counted there, not here. */
export function internalRoutes(app: FastifyInstance, { bank }: { readonly bank: CoreBank }): void {
  const oauth = { preHandler: onlyFrom("oauth") };

  app.post("/internal/login", oauth, async ({ body }) => {
    if (!loginRequest.Check(body))
      throw new Problem(400, "RequestInvalid", "A login carries username and password.");
    const customer = await bank.login(body.username, body.password);
    if (customer === undefined)
      throw new Problem(401, "LoginRefused", "Name and password do not belong together.");
    return { customer };
  });

  app.get<{ Params: { id: string } }>(
    "/internal/customers/:id/accounts",
    oauth,
    async ({ params: { id } }) => {
      const accounts = await bank.accountsOf(id);
      return {
        accounts: accounts.map(
          ({ id: accountId, currency, nickname, description, holder, scheme, identification }) => ({
            accountId,
            currency,
            nickname: nickname ?? description,
            identification: maskedNumber(identification),
            scheme,
            number: identification,
            holder,
          }),
        ),
      };
    },
  );
}

/** An account number by its last four characters, as a customer recognises her own. */
export function maskedNumber(identification: string): string {
  return `••••${identification.slice(-4)}`;
}
