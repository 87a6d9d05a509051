import { SwitchMemory } from "./switch-memory.js"
import type { CommandMessage, DeviceState, Readings } from "./messages.js"
import type { DeviceKind } from "./event.js"
import { Meter } from "./readings.js"
import type { Store } from "stringphone/store"

/** What one kind of device is and does, without any network. */
export interface Body {
  readonly kind: DeviceKind
  readonly name: string
  /** How often it tells its state though nothing changed. */
  readonly announceEveryMs: number
  state(): DeviceState
  /** `id` of the last command it carried out. */
  done(): string | null
  /** Called before each announcement. */
  renew(): Promise<void>
  /**
   * Carries out a command that is for this device, and saves it.
   * @throws {ChannelError} when it could not be saved; nothing was changed
   */
  obey(command: Pick<CommandMessage, "id" | "set">): Promise<"done" | "not-mine">
  close(): Promise<void>
}

/** Real readings of the computer on which the home runs. It takes no commands. */
export async function computerBody(name: string, diskPath: string): Promise<Body> {
  const meter = new Meter(diskPath)
  let readings: Readings = await meter.read()
  return {
    kind: "computer",
    name,
    announceEveryMs: 1_000,
    state: () => ({ device: "computer", readings }),
    done: () => null,
    async renew() {
      readings = await meter.read()
    },
    async obey() {
      return "not-mine"
    },
    async close() {},
  }
}

export async function lampBody(store: Store): Promise<Body> {
  return switchBody("lamp", "Lamp", await SwitchMemory.load(store, false), {
    state: (on) => ({ device: "lamp", on }),
    read: (set) => ("on" in set ? set.on : null),
  })
}

export async function lockBody(store: Store): Promise<Body> {
  return switchBody("lock", "Door lock", await SwitchMemory.load(store, true), {
    state: (locked) => ({ device: "lock", locked }),
    read: (set) => ("locked" in set ? set.locked : null),
  })
}

function switchBody(
  kind: DeviceKind,
  name: string,
  memory: SwitchMemory,
  {
    state,
    read,
  }: {
    state: (value: boolean) => DeviceState
    /** What a command sets, or `null`: it is one for another kind of device. */
    read: (set: CommandMessage["set"]) => boolean | null
  },
): Body {
  return {
    kind,
    name,
    announceEveryMs: 5_000,
    state: () => state(memory.state.value),
    done: () => memory.state.done,
    async renew() {},
    async obey({ id, set }) {
      const value = read(set)
      if (value === null) return "not-mine"
      await memory.obey(id, value)
      return "done"
    },
    close: () => memory.close(),
  }
}
