import { spawn } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeCertificates } from "./certificates.js"
import { freePort } from "./free-port.js"
import { type IrcServerProcess, type LinkedServers, linkPassword, supervise } from "./ngircd.js"
import { startRelay } from "./relay.js"
import { requireProgram } from "./require-program.js"

export const inspircd: string | null = requireProgram("inspircd", "inspircd")

export interface InspircdOptions {
  readonly name?: string
  readonly password?: string
  /** No penalties for those who send fast. Default false: as the packaged example has it. */
  readonly isFast?: boolean
  /** Hosts are shown as something else. Default false. */
  readonly isCloaking?: boolean
  /** Another one; with `calls` this one calls it when it starts. */
  readonly peer?: { readonly name: string; readonly port: number; readonly calls: boolean }
  /** For servers. */
  readonly linkPort?: number
}

/** Each server of a network has an ID of its own. */
let servers = 0

const modules = [
  "cap",
  "ircv3",
  "ircv3_accounttag",
  "ircv3_batch",
  "ircv3_capnotify",
  "ircv3_chghost",
  "ircv3_ctctags",
  "ircv3_echomessage",
  "ircv3_servertime",
  "chghost",
  "namesx",
  "sha1",
  "ssl_gnutls",
  "websocket",
]

/** Starts an InspIRCd with plain and TLS listeners on free loopback ports. */
export async function startInspircd(
  options: InspircdOptions = {},
): Promise<IrcServerProcess & { readonly webPort: number }> {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-inspircd-"))
  const file = (name: string): string => join(folder, name)
  const [port, tlsPort, webPort] = [await freePort(), await freePort(), await freePort()]
  const name = `${options.name ?? "one"}.test.example`
  const id = `0A${String.fromCharCode(65 + (servers++ % 26))}`
  const { peer } = options
  makeCertificates(folder)
  const speed =
    options.isFast === true
      ? `recvq="10M" softsendq="10M" threshold="1000000" commandrate="1000000000" fakelag="no"`
      : `recvq="8K" softsendq="8192" threshold="10" commandrate="1000" fakelag="yes"`
  const password = options.password === undefined ? "" : ` password="${options.password}"`
  writeFileSync(
    file("inspircd.conf"),
    [
      `<config format="xml">`,
      `<server name="${name}" description="For tests" network="Test" id="${id}">`,
      `<admin name="Test" nick="test" email="test@example.org">`,
      `<path configdir="${folder}" datadir="${folder}" logdir="${folder}" runtimedir="${folder}">`,
      `<bind address="127.0.0.1" port="${port}" type="clients">`,
      `<bind address="127.0.0.1" port="${tlsPort}" type="clients" sslprofile="Clients">`,
      `<bind address="127.0.0.1" port="${webPort}" type="clients" hook="websocket">`,
      `<wsorigin allow="*">`,
      `<sslprofile name="Clients" provider="gnutls" certfile="${file("server.crt")}" keyfile="${file("server.key")}" hash="sha256">`,
      `<connect allow="*" timeout="20" pingfreq="60s" hardsendq="10M" ${speed} localmax="1000" globalmax="1000" resolvehostnames="no" useident="no" modes="${options.isCloaking === true ? "+x" : ""}"${password}>`,
      `<options defaultbind="ipv4" splitwhois="no" cyclehostsfromuser="no" nouserdns="yes">`,
      `<performance softlimit="1000" somaxconn="128" nouserdns="yes">`,
      `<security announceinvites="dynamic" hidesplits="no" hideulines="no">`,
      `<limits maxnick="30" maxchan="64" maxident="10" maxhost="64">`,
      `<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="${file("log")}">`,
      ...modules.map((module) => `<module name="${module}">`),
      ...(options.isCloaking === true
        ? [
            `<module name="md5">`,
            `<module name="cloaking">`,
            `<module name="conn_umodes">`,
            `<cloak mode="full" key="a key of more than thirty characters for the tests" prefix="net-">`,
          ]
        : []),
      ...(options.linkPort === undefined
        ? []
        : [
            `<module name="spanningtree">`,
            `<bind address="127.0.0.1" port="${options.linkPort}" type="servers">`,
          ]),
      ...(peer
        ? [
            `<link name="${peer.name}" ipaddr="127.0.0.1" port="${peer.port}" allowmask="127.0.0.1" timeout="10" sendpass="${linkPassword}" recvpass="${linkPassword}">`,
            ...(peer.calls ? [`<autoconnect period="1" server="${peer.name}">`] : []),
          ]
        : []),
      "",
    ].join("\n"),
  )
  const runAsRoot = process.getuid?.() === 0 ? ["--runasroot"] : []
  const running = await supervise({
    name,
    port,
    tlsPort,
    folder,
    start: () =>
      spawn(inspircd as string, [
        "--config",
        file("inspircd.conf"),
        "--nofork",
        "--nopid",
        ...runAsRoot,
      ]),
  })
  return Object.assign(running, { webPort })
}

/** Starts two InspIRCds, the second of which calls the first through a relay. */
export async function startLinkedInspircds(): Promise<LinkedServers> {
  const names = { one: "one.test.example", two: "two.test.example" }
  const [linkPort, otherPort] = [await freePort(), await freePort()]
  const relay = await startRelay(() => linkPort)
  const one = await startInspircd({
    name: "one",
    linkPort,
    peer: { name: names.two, port: otherPort, calls: false },
  })
  const two = await startInspircd({
    name: "two",
    linkPort: otherPort,
    peer: { name: names.one, port: relay.port, calls: true },
  })
  return {
    one,
    two,
    split: () => relay.cut(),
    heal: () => relay.mend(),
    async stop() {
      await Promise.all([one.stop(), two.stop()])
      await relay.stop()
    },
  }
}
