export function installRuntime(name: "bun" | "deno"): string | null
