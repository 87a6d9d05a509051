import { ChannelError, concat, decodeAll, u16, u8, UsageError } from "../bytes/index.js"
import {
  answerOpaqueLogin,
  answerOpaqueRegistration,
  createOpaqueSetup,
  opaqueBytes,
  type OpaqueIdentities,
} from "./opaque.js"
import { drawBytes, type RandomBytes } from "./random-bytes.js"

const maxSetups = 255
const envelopeBytes = 96
const maskingKeyBytes = 64
const publicKeyAt = 96

/**
 * The OPAQUE setups of a server, by number: new records use the newest, and each record says its own.
 * Whoever has one and the records can guess passwords. [LOGIN-10-2]
 */
export class ServerSetups {
  readonly #setups: ReadonlyMap<number, Uint8Array>

  private constructor(setups: ReadonlyMap<number, Uint8Array>) {
    this.#setups = setups
  }

  /** One setup, numbered 1. Wait for `opaqueReady()` first. */
  static create(): ServerSetups {
    return new ServerSetups(new Map([[1, createOpaqueSetup()]]))
  }

  /** @throws {ChannelError} `setup-corrupt` */
  static restore(bytes: Uint8Array): ServerSetups {
    return new ServerSetups(decodeSetups(bytes))
  }

  /** With one more, for all records to come. @throws {UsageError} `too-many-setups` */
  withNewer(): ServerSetups {
    if (this.#setups.size >= maxSetups || this.newest >= 0xffff) {
      throw new UsageError("too-many-setups", "A server keeps up to 255 setups. Remove old ones.")
    }
    return new ServerSetups(new Map([...this.#setups, [this.newest + 1, createOpaqueSetup()]]))
  }

  /** Without one that no record uses any more. @throws {UsageError} `no-setup` */
  without(number: number): ServerSetups {
    this.#setup(number)
    if (number === this.newest) throw new UsageError("no-setup", "The newest setup is in use.")
    return new ServerSetups(new Map([...this.#setups].filter(([other]) => other !== number)))
  }

  get numbers(): readonly number[] {
    return [...this.#setups.keys()]
  }

  get newest(): number {
    return Math.max(...this.#setups.keys())
  }

  /** Secret: for the server's own store. */
  save(): Uint8Array {
    return encodeSetups(this.#setups)
  }

  /** 64 bytes. @throws {PeerError} `malformed` @throws {UsageError} `no-setup` */
  answerRegistration(number: number, login: string, request: Uint8Array): Uint8Array {
    return answerOpaqueRegistration(this.#setup(number), login, request)
  }

  /** @throws {PeerError} `malformed` @throws {UsageError} `no-setup` */
  answerLogin(
    number: number,
    record: Uint8Array,
    ke1: Uint8Array,
    identities: OpaqueIdentities,
  ): ReturnType<typeof answerOpaqueLogin> {
    return answerOpaqueLogin(this.#setup(number), record, ke1, identities)
  }

  /**
   * RFC 9807 §6.3.2.2: a public key of nobody, a random masking key, an empty envelope. The library
   * makes one by itself where there is none, but with other work than for a record. [LOGIN-3-1]
   */
  fakeRecord(number: number, random: RandomBytes): Uint8Array {
    const publicKey = this.#setup(number).subarray(publicKeyAt)
    return concat(publicKey, drawBytes(random, maskingKeyBytes), new Uint8Array(envelopeBytes))
  }

  #setup(number: number): Uint8Array {
    const setup = this.#setups.get(number)
    if (setup) return setup
    throw new UsageError(
      "no-setup",
      `There is no OPAQUE setup ${number}. Restore it from a backup.`,
    )
  }
}

/**
 * Setups at rest, in ascending order. Secret.
 *
 *   0         1       +- count times -------+
 *   | version | count | number | setup      |
 *   | u8 = 1  | u8    | u16    | 128        |
 *   +---------+-------+--------+------------+
 */
function encodeSetups(setups: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const each = [...setups].flatMap(([number, setup]) => [u16(number), setup])
  return concat(u8(1), u8(setups.size), ...each)
}

function decodeSetups(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  return decodeAll(
    bytes,
    "OPAQUE setups",
    (r) => {
      r.expect(1, "version")
      const setups = new Map<number, Uint8Array>()
      let last = 0
      for (let left = r.u8("count"); left > 0; left--) {
        const number = r.u16("number")
        if (number <= last) throw r.fail("numbers do not ascend")
        last = number
        setups.set(number, r.take(opaqueBytes.setup, "setup").slice())
      }
      if (setups.size === 0) throw r.fail("there are none")
      return setups
    },
    (problem) => new ChannelError("setup-corrupt", `${problem} Restore them from a backup.`),
  )
}
