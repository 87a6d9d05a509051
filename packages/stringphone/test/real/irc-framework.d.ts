/** As much of irc-framework, which has no types, as the tests use. */
declare module "irc-framework" {
  export class Client {
    readonly user: { readonly nick: string }
    connect(options: {
      readonly host: string
      readonly port: number
      readonly nick: string
      readonly auto_reconnect: boolean
    }): void
    on(event: string, listener: (event: never) => void): this
    on(event: "raw", listener: (event: { line: string; from_server: boolean }) => void): this
    on(event: "socket close", listener: () => void): this
    once(event: string, listener: () => void): this
    off(event: "raw", listener: (event: { line: string; from_server: boolean }) => void): this
    join(channel: string): void
    raw(line: string): void
    say(target: string, text: string): void
    quit(text?: string): void
  }
}
