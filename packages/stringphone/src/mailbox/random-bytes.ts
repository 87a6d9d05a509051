export type { RandomBytes } from "../bytes/index.js"
