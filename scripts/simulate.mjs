// `npm run simulate`: how mail spreads among people who meet. Node's own modules only: nothing has to be
// installed or built for it.
import { main } from "../packages/stringphone/simulate/main.mjs"

process.exitCode = main(process.argv.slice(2))
