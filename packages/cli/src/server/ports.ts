import type { AddressInfo, Server } from "node:net"
import { ChannelError } from "stringphone/bytes"

/**
 * Listens at this port, or when it is taken at one of the 20 above it, or else at any free one.
 * @returns the port
 * @throws {ChannelError} `not-permitted`, `cannot-listen`
 */
export async function listenNear(server: Server, host: string, port: number): Promise<number> {
  const near = port === 0 ? [] : Array.from({ length: 21 }, (_, i) => port + i)
  for (const candidate of [...near.filter((one) => one < 65_536), 0]) {
    const failure = await tryToListen(server, host, candidate)
    if (!failure) return (server.address() as AddressInfo).port
    if (failure.code !== "EADDRINUSE") throw cannotListen(host, candidate, failure)
  }
  throw cannotListen(host, port, new Error("No port is free."))
}

function tryToListen(
  server: Server,
  host: string,
  port: number,
): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(error)
    server.once("error", fail)
    server.listen({ host, port }, () => {
      server.off("error", fail)
      resolve(null)
    })
  })
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): ChannelError {
  if (cause.code === "EACCES") {
    return new ChannelError(
      "not-permitted",
      `This user may not listen at port ${port}. Choose one above 1023.`,
      { cause },
    )
  }
  return new ChannelError(
    "cannot-listen",
    `Listening at ${host} failed (${cause.code ?? cause.message}). Is that an address of this computer?`,
    { cause },
  )
}
