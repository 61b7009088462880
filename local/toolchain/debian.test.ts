import { expect, test } from "vitest";
import { librariesIn } from "./debian.ts";

const listing = `postgresql-15
  Depends: libpq5
  Depends: libllvm14
  Depends: libc6
 |Depends: <debconf-2.0>
  Depends: tzdata
libpq5
  Depends: zlib1g
  Depends: libpq5
  Depends: libperl5.36
  Depends: libssl3:any
`;

test("of everything that packages depend on, each library is taken once; the C library, compilers and virtual names are not", () => {
  expect(librariesIn(listing)).toEqual(["libpq5", "zlib1g"]);
});
