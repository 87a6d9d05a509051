import { describe } from "vitest"
import { ircContract } from "./irc-contract.js"
import { ngircd, startLinkedNgircds, startNgircd } from "./ngircd.js"

describe.skipIf(ngircd === null)("ngIRCd", () => {
  ircContract({ kind: "ngircd", start: startNgircd, startLinked: startLinkedNgircds })
})
